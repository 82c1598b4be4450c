import numpy as np
import pytest
import torch

from boxfold.agents.attention import PairAttentionLayer

D, H, F, P, T = 4, 2, 5, 3, 3
HIDDEN = -1e8


def layer_of(hears_pairs, seed=0):
    torch.manual_seed(seed)
    layer = PairAttentionLayer(D, H, F, P, hears_pairs)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)  # also gains and shifts of the norms
    return layer.eval()


def inputs(n_sets=1):
    rng = torch.Generator().manual_seed(1)
    return (torch.randn(n_sets, T, *shape, generator=rng) for shape in ((D,), (H, T), (T, P)))


def of_layer(layer, tokens, biases, pairs):
    with torch.no_grad():
        return layer(tokens, biases.transpose(1, 2), pairs).numpy()


def linear(part, x):
    return part.weight.detach().double().numpy() @ x + part.bias.detach().double().numpy()


def normed(part, x):
    x = (x - x.mean()) / np.sqrt(x.var() + part.eps)
    return part.weight.detach().double().numpy() * x + part.bias.detach().double().numpy()


def by_loops(layer, tokens, biases, pairs):
    """One set of tokens, head by head and pair by pair; biases (T, H, T)."""
    n, width = len(tokens), D // H
    parts = [linear(layer.query_key_value, normed(layer.attention_norm, x)) for x in tokens]
    query, key, value = (
        [[part[k * D + h * width : k * D + (h + 1) * width] for h in range(H)] for part in parts]
        for k in range(3)
    )
    result = []
    for q in range(n):
        said, of_pairs = np.zeros(D), np.zeros(H * P)
        for h in range(H):
            scores = [query[q][h] @ key[k][h] / np.sqrt(width) + biases[q, h, k] for k in range(n)]
            weights = np.exp(np.array(scores) - max(scores))
            weights /= weights.sum()
            for k in range(n):
                said[h * width : (h + 1) * width] += weights[k] * value[k][h]
                of_pairs[h * P : (h + 1) * P] += weights[k] * pairs[q, k]
        x = tokens[q] + linear(layer.output, said)
        if layer.pair_value is not None:
            x = x + linear(layer.pair_value, of_pairs)
        hidden = np.maximum(linear(layer.feedforward[0], normed(layer.feedforward_norm, x)), 0)
        result.append(x + linear(layer.feedforward[2], hidden))
    return np.array(result)


@pytest.mark.parametrize("hears_pairs", [True, False])
def test_a_layer_equals_loops_over_heads_and_pairs(hears_pairs):
    layer, (tokens, biases, pairs) = layer_of(hears_pairs), inputs()
    biases[0, 0, :, 2] = HIDDEN
    expected = by_loops(layer, *(each[0].double().numpy() for each in (tokens, biases, pairs)))
    np.testing.assert_allclose(of_layer(layer, tokens, biases, pairs)[0], expected, atol=1e-4)


@pytest.mark.parametrize("hears_pairs", [True, False])
def test_hidden_keys_get_no_weight(hears_pairs):
    layer, (tokens, biases, pairs) = layer_of(hears_pairs), inputs()
    biases[:, :, :, 1] = HIDDEN
    before = of_layer(layer, tokens, biases, pairs)
    tokens[:, 1] += 100.0
    pairs[:, :, 1] += 100.0
    after = of_layer(layer, tokens, biases, pairs)
    np.testing.assert_array_equal(after[:, [0, 2]], before[:, [0, 2]])
    assert np.abs(after[:, 1] - before[:, 1]).min() > 1  # its own line is its own


def test_pairs_are_heard_by_a_layer_that_hears_them_only():
    tokens, biases, pairs = inputs()
    for hears_pairs in (True, False):
        layer = layer_of(hears_pairs)
        one, other = (of_layer(layer, tokens, biases, each) for each in (pairs, 2 * pairs))
        assert np.array_equal(one, other) != hears_pairs
    deaf = layer_of(False)
    with torch.no_grad():
        without = deaf(tokens, biases.transpose(1, 2)).numpy()
    np.testing.assert_array_equal(without, of_layer(deaf, tokens, biases, pairs))


def test_sets_do_not_hear_each_other():
    layer, (tokens, biases, pairs) = layer_of(True), inputs(2)
    both = of_layer(layer, tokens, biases, pairs)
    for b in range(2):
        alone = of_layer(layer, tokens[[b]], biases[[b]], pairs[[b]])
        np.testing.assert_allclose(alone[0], both[b], atol=1e-5)
