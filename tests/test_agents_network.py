import numpy as np
import pytest
import torch

from boxfold.agents.learned import load_learned, save_learned
from boxfold.agents.network import MASKED, AssemblyNetwork, NetworkConfig
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
from boxfold.envs.batch import GLOBAL_NAMES, BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.errors import InputError
from boxfold.features.relations import beside, crosses, encloses, share_base
from boxfold.features.synthetic import synthetic_sequence
from boxfold.s1.run_folder import RunFolder

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8)


def small_network(seed=0):
    torch.manual_seed(seed)
    network = AssemblyNetwork(SMALL)
    for head in (network.box_score, network.stop_score, network.value):
        torch.nn.init.normal_(head.weight)  # larger than at the start: differences show
    return network.eval()


def observation(n_slots, n_sequences=2, picks=1):
    rng = np.random.default_rng(3)
    batch = BatchAssembly(AssemblyConfig(max_boxes=n_slots), n_sequences)
    for index in range(n_sequences):
        batch.load(index, instance_from_sequence(synthetic_sequence(40, rng), 12))
    for _ in range(picks):
        batch.step(np.zeros(n_sequences, dtype=int))
    names = ("tokens", "boxes", "picked", "action_mask", "globals")
    return [torch.from_numpy(batch.observation[name].copy()) for name in names]


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
    network, (tokens, boxes, picked, mask, globals_) = small_network(), observation(12)
    logits, value = outputs(network, [tokens, boxes, picked, mask, globals_])
    order = torch.from_numpy(rng.permutation(12))
    with_stop = torch.cat([order, torch.tensor([12])])
    shuffled = [tokens[:, order], boxes[:, order], picked[:, order], mask[:, with_stop], globals_]
    again, value_again = outputs(network, shuffled)
    assert np.abs(again - logits[:, with_stop]).max() < 1e-4
    assert np.abs(value_again - value).max() < 1e-4
    assert np.ptp(logits[logits > MASKED]) > 0.1


def test_number_of_slots_and_content_of_padding_change_nothing():
    network = small_network()
    few, many = observation(12), observation(20)
    many[0][:, 12:] = 7.0  # tokens of padding
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
    logits, value = network(
        tokens, boxes, torch.zeros(1, 4), mask, torch.zeros(1, len(GLOBAL_NAMES))
    )
    (torch.log_softmax(logits, 1)[:, -1].sum() + value.sum()).backward()
    assert logits[0].argmax() == 4
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_decoding_in_two_stages_equals_one_pass():
    network, (tokens, boxes, picked, mask, globals_) = small_network(), observation(12)
    rows = torch.tensor([1, 1, 0])
    with torch.no_grad():
        encoded = network.encode(tokens, boxes).take(rows)
        logits, _ = network.decode(encoded, picked[rows], mask[rows], globals_[rows])
        whole, _ = network(tokens, boxes, picked, mask, globals_)
    assert torch.allclose(logits, whole[rows], atol=1e-5)


def test_weights_round_trip_and_refuse_other_content(tmp_path):
    network, parts = small_network(), observation(12)
    run = RunFolder.open(tmp_path / "run", {}, "x", False, False)
    save_learned(run, network, AssemblyConfig(), "supervised", 0.35)
    learned = load_learned(run.path / "weights.safetensors")
    assert (learned.role, learned.threshold, learned.geometry_only) == ("supervised", 0.35, False)
    assert np.array_equal(outputs(learned.network, parts)[0], outputs(network, parts)[0])
    meta = {"kind": "assembly", "token_names": ["other"]}
    run.save("weights", network.state_dict(), meta)
    with pytest.raises(InputError, match="other box features"):
        load_learned(run.path / "weights.safetensors")
