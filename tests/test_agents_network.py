import dataclasses

import numpy as np
import pytest
import torch

from boxfold.agents.learned import load_learned, save_learned
from boxfold.agents.network import MASKED, AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.pair_codes import (
    CODE_FEATURES,
    CROSSING,
    FROM_STOP,
    N_CODES,
    N_GAPS,
    PADDING,
    SELF,
    TO_STOP,
    pair_codes,
)
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.envs.observation import GLOBAL_NAMES
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.errors import InputError
from boxfold.features.relations import beside, crosses, encloses, share_base
from boxfold.features.synthetic import synthetic_sequence
from boxfold.features.token_names import TOKEN_NAMES
from boxfold.s1.run_folder import RunFolder

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)
NAMES = ("tokens", "boxes", "loop_energy", "picked", "action_mask", "globals")


def small_network(seed=0, **changes):
    torch.manual_seed(seed)
    network = AssemblyNetwork(dataclasses.replace(SMALL, **changes))
    for head in (network.box_score, network.stop_score, network.value):
        torch.nn.init.normal_(head.weight)  # larger than at the start: differences show
    return network.eval()


def observation(n_slots, n_sequences=2, picks=1):
    rng = np.random.default_rng(3)
    batch = BatchAssembly(AssemblyConfig(max_boxes=n_slots), n_sequences)
    for index in range(n_sequences):
        batch.load(index, instance_from_sequence(synthetic_sequence(80, rng), 12))
    for _ in range(picks):
        batch.step(batch.action_masks().argmax(axis=1))  # the first that is allowed
    return [torch.from_numpy(batch.observation[name].copy()) for name in NAMES]


def outputs(network, parts):
    with torch.no_grad():
        logits, value = network(*parts)
    return logits.numpy(), value.numpy()


def test_codes_agree_with_the_relations_of_the_boxes():
    rng = np.random.default_rng(1)
    instance = instance_from_sequence(synthetic_sequence(60, rng), 40)
    boxes, n = instance.boxes, instance.n_boxes
    codes = pair_codes(torch.from_numpy(boxes)[None])[0].numpy()
    names = CODE_FEATURES[codes[:n, :n]][..., :12].argmax(axis=-1)
    off_diagonal = ~np.eye(n, dtype=bool)
    assert np.array_equal(names == CROSSING, crosses(boxes))
    assert np.array_equal((names >= 5) & (names < 9), share_base(boxes) & off_diagonal)
    assert np.array_equal(names == 9, beside(boxes))
    assert np.array_equal(names == 10, encloses(boxes))
    assert np.array_equal(names == 11, encloses(boxes).T)
    assert (codes[:n, n] == TO_STOP).all() and (codes[n, :n] == FROM_STOP).all()
    assert (np.diag(codes) == SELF).all()


def test_codes_tell_the_gaps_of_nested_stems():
    outer, inner = stem_box(0, 30, 4), stem_box(5, 26, 3)  # one base on the 5' side: a bulge
    stacked = stem_box(4, 26, 2)  # 5' neighbour of the outer stem, none between 26 and 27
    lines = torch.from_numpy(boxes_to_array([outer, inner, stacked]))[None]
    codes = pair_codes(lines)[0]
    assert codes[0, 1] - codes[0, 2] == N_GAPS  # left gap 1 instead of 0, right gap 0
    features = CODE_FEATURES[codes[0, :3].numpy()]
    assert features[2, -6] == 1 and features[1, -5] == 1  # stacked, bulge of one
    assert codes.max() < N_CODES


def test_padding_keys_have_one_code():
    boxes = torch.tensor([[[0, 0, 8, 3, 3], [-1, -1, -1, -1, -1]]])
    assert pair_codes(boxes)[0, :, 1].tolist() == [PADDING] * 3


def test_permuting_boxes_permutes_logits():
    rng = np.random.default_rng(1)
    network, parts = small_network(), observation(12)
    logits, value = outputs(network, parts)
    tokens, boxes, loop_energy, picked, mask, globals_ = parts
    order = torch.from_numpy(rng.permutation(12))
    with_stop = torch.cat([order, torch.tensor([12])])
    layout = tokens[:, order], boxes[:, order], loop_energy[:, order][:, :, order]
    shuffled = [*layout, picked[:, order], mask[:, with_stop], globals_]
    again, value_again = outputs(network, shuffled)
    assert np.abs(again - logits[:, with_stop]).max() < 1e-4
    assert np.abs(value_again - value).max() < 1e-4
    assert np.ptp(logits[logits > MASKED]) > 0.1


def test_number_of_slots_and_content_of_padding_change_nothing():
    network = small_network()
    few, many = observation(12), observation(20)
    many[0][:, 12:] = 7.0  # tokens of padding
    many[2][:, :, 12:] = 1.5  # energies of loops with it
    logits, value = outputs(network, few)
    padded, value_padded = outputs(network, many)
    assert np.abs(padded[:, :12] - logits[:, :12]).max() < 1e-4
    assert np.abs(padded[:, -1] - logits[:, -1]).max() < 1e-4
    assert (padded[:, 12:-1] == MASKED).all()
    assert np.abs(value_padded - value).max() < 1e-4


def test_evaluation_mode_equals_training_mode():
    network, parts = small_network(), observation(12)
    evaluated = outputs(network, parts)
    trained = outputs(network.train(), parts)
    assert np.allclose(evaluated[0], trained[0], atol=1e-5)


def test_all_padding_leaves_finite_gradients():
    network = small_network().train()
    tokens = torch.zeros(1, 4, SMALL.n_token_features)
    boxes = torch.full((1, 4, 5), -1)
    mask = torch.tensor([[0, 0, 0, 0, 1]])
    state = torch.zeros(1, 4), mask, torch.zeros(1, len(GLOBAL_NAMES))
    logits, value = network(tokens, boxes, torch.zeros(1, 4, 4), *state)
    (torch.log_softmax(logits, 1)[:, -1].sum() + value.sum()).backward()
    assert logits[0].argmax() == 4
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_decoding_in_two_stages_equals_one_pass():
    network, parts = small_network(), observation(12)
    rows = torch.tensor([1, 1, 0])
    with torch.no_grad():
        encoded = network.encode(*parts[:3]).take(rows)
        logits, value = network.decode(encoded, *(part[rows] for part in parts[3:]))
        whole, whole_value = network(*parts)
    assert torch.allclose(logits, whole[rows], atol=1e-5)
    assert torch.allclose(value, whole_value[rows], atol=1e-5)


def test_energies_of_loops_are_heard_only_if_the_config_says_so():
    for loop_energies in (True, False):
        network = small_network(loop_energies=loop_energies)
        parts = observation(12)
        assert parts[2].abs().sum() > 1
        logits, value = outputs(network, parts)
        parts[2] = torch.zeros_like(parts[2])
        without, value_without = outputs(network, parts)
        assert (np.abs(logits - without).max() > 1e-3) == loop_energies
        assert (np.abs(value - value_without).max() > 1e-4) == loop_energies


def in_full(network, parts):
    """Logits and values of a decoder that hides what is ruled out instead of leaving it out."""
    encoded, (picked, mask, globals_) = network.encode(*parts[:3]), parts[3:]
    seen = torch.nn.functional.pad(picked.bool() | mask[:, :-1].bool(), (0, 1), value=True)
    hidden = torch.where(seen, 0.0, MASKED)[:, None, None]
    state = network.state(torch.stack([picked, mask[:, :-1]], dim=2).float())
    x = encoded.tokens + torch.cat([state, network.globals(globals_)[:, None]], dim=1)
    for index, layer in enumerate(network.decoder):
        of_layer = encoded.biases[..., index * SMALL.n_heads : (index + 1) * SMALL.n_heads]
        x = layer(x, of_layer.permute(0, 3, 1, 2) + hidden)
    x = network.norm(x)
    logits = torch.cat([network.box_score(x[:, :-1]), network.stop_score(x[:, -1:])], dim=1)
    return logits[..., 0].masked_fill(mask == 0, MASKED), network.value(x[:, -1])[:, 0]


@pytest.mark.parametrize("n_decoder_layers", [1, 2])
def test_leaving_out_what_is_ruled_out_equals_hiding_it(n_decoder_layers):
    network = small_network(n_decoder_layers=n_decoder_layers)
    fresh, later = observation(12, picks=0), observation(12, picks=1)
    parts = [torch.cat(each) for each in zip(fresh, later, strict=True)]
    n_left = (parts[3] | parts[4][:, :-1]).sum(dim=1)
    assert n_left.min() < 6 <= n_left.max()  # sparse and crowded states, decoded apart
    with torch.no_grad():
        expected, expected_value = in_full(network, parts)
    logits, value = outputs(network, parts)
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    np.testing.assert_allclose(value, expected_value, atol=1e-4)


def test_what_is_ruled_out_is_not_heard():
    network, parts = small_network(), observation(12, picks=1)
    picked, mask, globals_ = parts[3:]
    ruled_out = ~(picked.bool() | mask[:, :-1].bool())
    assert ruled_out.any(dim=1).all()
    changed = torch.nn.functional.pad(ruled_out, (0, 1))
    with torch.no_grad():
        encoded = network.encode(*parts[:3])
        other = encoded._replace(tokens=encoded.tokens.masked_fill(changed[..., None], 50.0))
        one, two = (network.decode(each, picked, mask, globals_) for each in (encoded, other))
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])


def test_states_of_one_batch_do_not_depend_on_each_other():
    network = small_network()
    fresh, later = observation(12, picks=0), observation(12, picks=1)
    parts = [torch.cat(each) for each in zip(fresh, later, strict=True)]
    logits, value = outputs(network, parts)
    for row in range(4):
        alone, value_alone = outputs(network, [part[[row]] for part in parts])
        np.testing.assert_allclose(logits[[row]], alone, atol=1e-5)
        np.testing.assert_allclose(value[[row]], value_alone, atol=1e-5)


def test_weights_round_trip_and_refuse_other_content(tmp_path):
    network, parts = small_network(loop_energies=False), observation(12)
    run = RunFolder.open(tmp_path / "run", {}, "x", False, False)
    save_learned(run, network, AssemblyConfig(), "supervised", 0.35)
    learned = load_learned(run.path / "weights.safetensors")
    assert (learned.role, learned.threshold, learned.geometry_only) == ("supervised", 0.35, False)
    assert learned.network.config == network.config
    assert np.array_equal(outputs(learned.network, parts)[0], outputs(network, parts)[0])
    meta = {"kind": "assembly", "token_names": ["other"]}
    run.save("weights", network.state_dict(), meta)
    with pytest.raises(InputError, match="other box features"):
        load_learned(run.path / "weights.safetensors")


@pytest.mark.parametrize("change", [{"threshold": None}, {"role": "poet"}, {"action_types": "x"}])
def test_weights_that_do_not_say_how_to_use_them_are_refused(change, tmp_path):
    network = small_network()
    run = RunFolder.open(tmp_path / "run", {}, "x", False, False)
    facts = {"role": "policy", "threshold": 0.5, "geometry_only": False, "action_types": "stem"}
    facts |= {"network": dataclasses.asdict(network.config), "token_names": list(TOKEN_NAMES)}
    run.save("weights", network.state_dict(), {"kind": "assembly", **facts, **change})
    with pytest.raises(InputError, match="do not fit their own description"):
        load_learned(run.path / "weights.safetensors")
