import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import (
    BoxKind,
    boxes_from_array,
    boxes_to_array,
    hairpin_box,
    interior_loop_box,
    stem_box,
)
from boxfold.features.sequence import encode_bases
from boxfold.s1.batches import input_tensors
from boxfold.s1.box_graph import BoxGraph, end_pairs, stack_graphs
from boxfold.s1.ends import sub_runs
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.rescorer import Rescorer
from boxfold.s1.rescoring import LOOP_FEATURES, STEM_FEATURES

C, N_PIXEL = 6, 5
TINY = NetworkConfig(channels=8, n_blocks=2, pixel_channels=4, hidden=8)


def rescorer_of(n_layers=3, seed=0, fresh=False):
    """With noise on all weights, unless it shall be as before any training."""
    torch.manual_seed(seed)
    rescorer = Rescorer(C, n_layers, N_PIXEL)
    with torch.no_grad():
        for value in rescorer.parameters() if not fresh else ():
            value += 0.2 * torch.randn_like(value)
    return rescorer.eval()


def graph_of(seq, boxes, n_stems, seed=0):
    """Boxes with random numbers of which the first is a fifth of a log-probability."""
    rng = np.random.default_rng(seed)
    sizes = (n_stems, len(STEM_FEATURES)), (len(boxes) - n_stems, len(LOOP_FEATURES))
    numbers = [rng.normal(size=size).astype(np.float32) for size in (*sizes, (len(boxes), 10))]
    for part in numbers[:2]:
        part[:, 0] = -rng.uniform(0.01, 1.6, len(part))
    return BoxGraph(encode_bases(seq), boxes, n_stems, *numbers)


def random_graph(seed, length):
    rng = np.random.default_rng(seed)
    seq = "".join(rng.choice(list("GCGCAU"), length))
    stems = rng.permutation(sub_runs(seq))[:15]
    ends = np.concatenate(end_pairs(stems)).tolist()
    inside = [(a, b) for a in ends for b in ends if a[0] < b[0] and b[1] < a[1]]
    loops = [hairpin_box(i, j) for i, j in ends[:8]]
    loops += [interior_loop_box(*a, *b) for a, b in inside[:8]]
    return graph_of(seq, np.concatenate([stems, boxes_to_array(loops)]), len(stems), seed)


def logits(rescorer, graphs):
    """Of each graph, as their batch gives them."""
    batch = stack_graphs(graphs)
    with torch.inference_mode():
        found = rescorer(batch)
    return [found[batch.of_sequence == index].numpy() for index in range(len(graphs))]


def permuted(graph, order):
    """Stems first, as before."""
    n = graph.n_stems
    stems, loops = order[order < n], order[order >= n]
    order = np.concatenate([stems, loops])
    numbers = graph.stem_numbers[stems], graph.loop_numbers[loops - n]
    return order, BoxGraph(graph.codes, graph.boxes[order], n, *numbers, graph.pixels[order])


@pytest.mark.parametrize("lengths", [(24, 40, 31), (40, 12), (25, 1, 4, 25)])
def test_batch_mates_change_nothing(lengths):
    graphs = [random_graph(seed, length) for seed, length in enumerate(lengths)]
    together = logits(rescorer_of(), graphs)
    for graph, found in zip(graphs, together, strict=True):
        (alone,) = logits(rescorer_of(), [graph])
        np.testing.assert_allclose(found, alone, atol=1e-5)
        assert found.shape == (len(graph.boxes),)
    assert np.std(np.concatenate(together)) > 0.1


@pytest.mark.parametrize("seed", range(3))
def test_permuted_candidates_have_permuted_logits(seed):
    graph = random_graph(seed, 36)
    shuffled = np.random.default_rng(seed).permutation(len(graph.boxes))
    order, other = permuted(graph, shuffled)
    (expected,), (found,) = (logits(rescorer_of(), [one]) for one in (graph, other))
    np.testing.assert_allclose(found, expected[order], atol=1e-5)
    assert not np.allclose(found, expected, atol=0.01)


def test_before_training_the_logits_are_those_of_the_heads():
    graph = random_graph(0, 36)
    log = np.array([-8.0, -3.0, -0.5, -1e-3, 0.0, -20.0])
    graph.stem_numbers[:6, 0] = graph.loop_numbers[:6, 0] = log / 5
    rescorer = rescorer_of(fresh=True)
    (found,) = logits(rescorer, [graph])
    log = 5 * np.concatenate([graph.stem_numbers[:, 0], graph.loop_numbers[:, 0]]).astype(float)
    prior = np.clip(np.exp(log), 1e-6, 1 - 1e-4)
    bias = rescorer.out[-1].bias.item()
    np.testing.assert_allclose(found, np.log(prior / (1 - prior)) + bias, rtol=1e-4, atol=1e-4)


def test_log_probabilities_are_those_of_the_logits():
    graph, rescorer = random_graph(1, 30), rescorer_of()
    found = rescorer.log_probability(graph)
    (expected,) = logits(rescorer, [graph])
    np.testing.assert_allclose(found, -np.log1p(np.exp(-expected.astype(float))), rtol=1e-5)
    assert found.dtype == np.float32 and (found < 0).all() and found.std() > 0.1


@pytest.mark.parametrize("seq", ["A", "ACGU"])
def test_nothing_to_score(seq):
    graph = graph_of(seq, boxes_to_array([]), 0)
    assert rescorer_of().log_probability(graph).shape == (0,)
    full = random_graph(0, 20)
    first, second = logits(rescorer_of(), [graph, full])
    assert first.shape == (0,) and second.shape == (len(full.boxes),)
    assert logits(rescorer_of(), [graph, graph])[1].shape == (0,)


@pytest.mark.parametrize("only", ["stems", "loops"])
def test_one_sort_of_boxes_alone(only):
    graph = random_graph(0, 30)
    n = graph.n_stems if only == "stems" else 0
    keep = slice(graph.n_stems) if only == "stems" else slice(graph.n_stems, None)
    part = graph_of("".join("ACGU"[code] for code in graph.codes), graph.boxes[keep], n)
    (found,) = logits(rescorer_of(), [part])
    assert len(found) > 5 and np.isfinite(found).all()


def reference_pairs(batch, of_stems, of_loops):
    """Box by box; a message is never below 0."""
    found = np.zeros((batch.n_pairs, 2 * C))
    messages = np.concatenate([of_stems, of_loops])
    for box, message in enumerate(messages):
        half = slice(C) if box < batch.n_stems else slice(C, None)
        for node in (batch.inside[box], batch.outside[box]):
            found[node, half] = np.maximum(found[node, half], message)
    return found


def reference_bases(layer, dilation, graphs, to_5, to_3):
    """Sequence by sequence and base by base; as many lines for each as the longest has."""
    length, first = max(len(graph.codes) for graph in graphs), 0
    found = []
    wide, narrow = (
        (conv.weight.detach().numpy(), conv.bias.detach().numpy())
        for conv in (layer.neighbours, layer.base)
    )
    for graph in graphs:
        inputs = np.zeros((length, 2 * C + 4))
        inputs[np.arange(len(graph.codes)), 2 * C + graph.codes] = 1
        for index, box in enumerate(boxes_from_array(graph.boxes[: graph.n_stems]), first):
            for k in range(box.n_rows):
                five, three = inputs[box.row + k, :C], inputs[box.col + k, C : 2 * C]
                np.maximum(five, to_5[index], out=five)
                np.maximum(three, to_3[index], out=three)
        first += graph.n_stems
        for base in range(length):
            hidden = wide[1].astype(float)
            for tap in range(5):
                at = base + (tap - 2) * dilation
                if 0 <= at < length:
                    hidden = hidden + wide[0][:, :, tap] @ inputs[at]
            found.append(narrow[0][:, :, 0] @ np.maximum(hidden, 0) + narrow[1])
    return np.array(found)


@given(st.integers(0, 10_000), st.integers(5, 30), st.integers(0, 2))
@settings(max_examples=15)
def test_messages_are_those_of_loops_over_the_boxes(seed, length, index):
    graphs = [random_graph(seed, length), random_graph(seed + 1, 20)]
    batch, rescorer = stack_graphs(graphs), rescorer_of(seed=seed)
    layer, n_loops = rescorer.layers[index], len(batch.loop_numbers)
    messages = [torch.rand(n, C) for n in (batch.n_stems, n_loops, batch.n_stems, batch.n_stems)]
    as_numpy = [message.numpy() for message in messages]
    with torch.inference_mode():
        pairs = layer._pairs(*messages[:2], batch)
        bases = layer._bases(*messages[2:], batch)
    np.testing.assert_allclose(pairs, reference_pairs(batch, *as_numpy[:2]), atol=1e-6)
    expected = reference_bases(layer, (1, 2, 4)[index], graphs, *as_numpy[2:])
    np.testing.assert_allclose(bases, expected, atol=1e-5)


def test_a_layer_hears_its_pairs_and_what_its_bases_are_wanted_for():
    """In one layer of dilation 1 a stem reaches its own pairs, and two bases beyond its strands."""
    seq = "GGGAAACCC" + "A" * 12 + "GGGAAACCC" + "A" * 12 + "GGAAACC"
    stems = [stem_box(0, 8, 3), stem_box(21, 29, 3), stem_box(10, 20, 1), stem_box(11, 19, 1)]
    loops = [hairpin_box(2, 6), hairpin_box(23, 27), interior_loop_box(9, 48, 21, 29)]
    graph = graph_of(seq, boxes_to_array(stems + loops), len(stems))
    rescorer = rescorer_of(n_layers=1)
    (before,) = logits(rescorer, [graph])
    graph.stem_numbers[0, 1:] += 3
    (after,) = logits(rescorer, [graph])
    # The stem, the stem at base 10 and the hairpin in the stem; base 11 is too far away.
    assert (before != after).tolist() == [True, False, True, False, True, False, True]
    # The stem around this hairpin, and the other hairpin by the node that they share outside.
    graph.loop_numbers[1, 1:] += 3
    (later,) = logits(rescorer, [graph])
    assert (after != later).tolist() == [False, True, False, False, True, True, False]


def test_all_logits_are_finite():
    graph, rescorer = random_graph(3, 40), rescorer_of()
    for part in (graph.stem_numbers, graph.loop_numbers):
        part[::2] *= 100
        part[:, 0] = np.resize([0, -1e4, 1e-7, -0.2], len(part))
    (found,) = logits(rescorer, [graph])
    assert np.isfinite(found).all() and np.isfinite(rescorer.log_probability(graph)).all()


def test_kinds_and_sizes_are_told_apart():
    """Without layers only what a box is counts, not whom it meets."""
    boxes = boxes_to_array([hairpin_box(0, 5), interior_loop_box(0, 5, 2, 4), hairpin_box(0, 6)])
    graph = graph_of("AAAAAAAAA", boxes, 0)
    graph.loop_numbers[:], graph.pixels[:] = -1, 0
    (found,) = logits(rescorer_of(n_layers=0), [graph])
    assert len(set(found.tolist())) == 3
    assert BoxKind(graph.boxes[1, 0]) == BoxKind.INTERIOR_LOOP


@pytest.mark.parametrize("name", ["half", "run7"])
@pytest.mark.parametrize("length", [1, 2, 20, 21])
def test_features_of_single_pixels_are_those_of_the_grid(name, length):
    torch.manual_seed(0)
    network = BoxNet(dataclasses.replace(TINY, name=name)).eval()
    rng = np.random.default_rng(0)
    seq = "".join(rng.choice(list("ACGU"), length))
    with torch.inference_mode():
        grid, valid, _ = input_tensors([seq, "GGGAAAACCC" * 3])
        state = network.encode(grid, valid)
        whole = network.features(state, grid, 0, grid.shape[-1])[0]
        pairs = torch.from_numpy(np.argwhere(np.triu(np.ones((length, length)))))
        pairs = pairs[rng.permutation(len(pairs))]
        for some in (pairs, pairs[:1], pairs[:0]):
            found = network.features_at(state[:1], grid[:1], some)
            assert found.shape == (len(some), network.trunk.n_out)
            torch.testing.assert_close(found, whole[some[:, 0], some[:, 1]], atol=1e-5, rtol=1e-5)
