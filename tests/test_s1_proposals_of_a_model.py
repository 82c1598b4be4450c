import numpy as np
import pytest
import torch

from boxfold.features.box import BoxKind
from boxfold.features.channels import canonical_mask, maximal_runs
from boxfold.features.errors import InputError
from boxfold.features.proposals import EVIDENCE
from boxfold.s1.batches import input_tensors
from boxfold.s1.box_losses import ON_CHANNELS
from boxfold.s1.ends import INNER, OUTER
from boxfold.s1.evidence import stem_evidence
from boxfold.s1.loop_ends import N_FACES, N_GAP
from boxfold.s1.model import MIN_END, S1Model
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.propose import ProposeConfig, propose_batch
from boxfold.s1.run_folder import save_tensors
from boxfold.s1.votes import METHODS, choose_boxes, count_votes

SEQ = "GGGGAAGGGGAAAACCCCAAACCCC"
TINY = NetworkConfig(channels=8, n_blocks=1, pixel_channels=4, hidden=8)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    return S1Model(BoxNet(TINY))


def test_every_voted_stem_finds_its_own_votes(model):
    ((_, maps),) = model.maps([SEQ])
    stems = maps.voted.take(maps.voted.boxes[:, 0] == BoxKind.STEM)
    inside = (stems.boxes[:, 1:3] >= 0).all(axis=1)
    inside &= (stems.boxes[:, 1:3] + stems.boxes[:, 3:] <= len(SEQ)).all(axis=1)
    stems = stems.take(inside)
    on = maps.on[BoxKind.STEM]
    evidence = stem_evidence(stems.boxes, maps.ends, on, stems, canonical_mask(SEQ))
    np.testing.assert_allclose(evidence[:, EVIDENCE.index("votes_softmax")], stems.share_softmax)
    assert stems.share_softmax.max() > 0


def test_dense_maps_are_what_was_voted_with(model):
    ((_, maps),) = model.maps([SEQ], dense=True)
    ((_, sparse),) = model.maps([SEQ])
    assert maps.boxes.shape == (123, len(SEQ), len(SEQ)) and sparse.boxes is None
    upper = np.triu(np.ones(maps.boxes.shape[1:], dtype=bool), 1)
    assert (maps.boxes[:, ~upper] == 0).all() and (maps.on[:, ~upper] == 0).all()
    on = 1 / (1 + np.exp(-maps.boxes[ON_CHANNELS]))
    np.testing.assert_allclose(maps.on[:, upper], on[:, upper], rtol=1e-5)
    for name, expected in count_votes(maps.boxes)._asdict().items():
        np.testing.assert_array_equal(getattr(maps.voted, name), expected, err_msg=name)
        np.testing.assert_array_equal(getattr(sparse.voted, name), expected, err_msg=name)


def test_ends_are_of_canonical_pairs_and_loops_of_likely_ends(model):
    ((_, maps),) = model.maps([SEQ])
    canonical = canonical_mask(SEQ)
    assert (maps.ends[:, ~canonical] == 0).all() and (maps.ends[:, canonical] > 0).all()
    sides = [
        (INNER, maps.loops.inner, maps.loops.inner_log_end, maps.loops.inner_logits),
        (OUTER, maps.loops.outer, maps.loops.outer_log_end, maps.loops.outer_logits),
    ]
    for channel, pairs, log_end, logits in sides:
        assert pairs.tolist() == np.argwhere(maps.ends[channel] >= MIN_END).tolist()
        expected = np.log(maps.ends[channel][pairs[:, 0], pairs[:, 1]])
        np.testing.assert_allclose(log_end, expected, rtol=1e-6)
        assert logits.shape == (len(pairs), N_FACES + 2 * N_GAP) and len(pairs) > 10
    grid, valid, _ = input_tensors([SEQ])
    with torch.inference_mode():
        logits = model.network.loops(model.network(grid, valid)[0]).numpy()
    i, j = maps.loops.inner.T
    np.testing.assert_allclose(maps.loops.inner_logits, logits[i, j, :35], atol=1e-5)
    i, j = maps.loops.outer.T
    np.testing.assert_allclose(maps.loops.outer_logits, logits[i, j, 35:], atol=1e-5)


def test_batches_do_not_change_proposals(model):
    seqs = [SEQ, "GGGAAAACCC", SEQ + "ACGUUGCAAU", "ACGU", "A"]
    for method in ("ends", "rank", "runs"):
        config = ProposeConfig(method, max_boxes=4)
        together = propose_batch(model, seqs, config)
        assert len(together) == len(seqs)
        for seq, found in zip(seqs, together, strict=True):
            alone = propose_batch(model, [seq], config)[0]
            np.testing.assert_array_equal(alone.boxes, found.boxes)
            np.testing.assert_allclose(alone.evidence, found.evidence, atol=1e-4)
            np.testing.assert_array_equal(alone.loops, found.loops)
            np.testing.assert_allclose(alone.loop_score, found.loop_score, atol=1e-4)
        assert [len(found.boxes) for found in together[3:]] == [0, 0]


def test_runs_need_no_model():
    found = propose_batch(None, ["GGGAAAACCC"], ProposeConfig("runs", min_pairs=3))[0]
    assert found.boxes.tolist() == maximal_runs("GGGAAAACCC", 3).tolist()
    assert len(found.loops) == 0
    with pytest.raises(ValueError, match="needs a model"):
        propose_batch(None, ["GGGAAAACCC"], ProposeConfig("ends"))
    with pytest.raises(ValueError, match="known are ends, on"):
        ProposeConfig("vote")


def test_limits_hold_and_nothing_noncanonical_is_proposed(model):
    seq = "GGCAUCGAUUGCAAGCUAGCAUUCGGAUAGC"
    for method in METHODS:
        found = propose_batch(model, [seq], ProposeConfig(method, max_boxes=7))[0]
        assert len(found.boxes) <= 7 and len(found.loops) <= 7
        assert found.evidence.shape == (len(found.boxes), len(EVIDENCE))
        for _, row, col, n, _ in found.boxes:
            assert canonical_mask(seq)[row + np.arange(n), col + n - 1 - np.arange(n)].all()


def test_weights_make_the_same_model(tmp_path, model):
    meta = {"kind": "s1", "network": vars(TINY)}
    path = tmp_path / "run" / "weights.safetensors"
    save_tensors(path, model.network.state_dict(), meta)
    expected = propose_batch(model, [SEQ], ProposeConfig())[0]
    for place in (path, path.parent):
        found = propose_batch(S1Model.load(place), [SEQ], ProposeConfig())[0]
        np.testing.assert_array_equal(found.evidence, expected.evidence)


def test_weights_of_another_network_are_refused(tmp_path, model):
    path = tmp_path / "w.safetensors"
    save_tensors(path, model.network.state_dict(), {"kind": "s1", "network": {"channels": 16}})
    with pytest.raises(InputError, match="do not fit the network"):
        S1Model.load(path)
    with pytest.raises(InputError, match="no such weights"):
        S1Model.load(tmp_path)


def test_votes_of_an_untrained_network_are_deterministic(model):
    ((_, maps),) = model.maps([SEQ])
    ((_, again),) = model.maps([SEQ])
    first, second = (choose_boxes(m.voted, "union") for m in (maps, again))
    assert len(first.boxes) > 0
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_votes_boxes_and_scores_are_the_same(untrained_s1):
    model = S1Model.load(untrained_s1)
    (full,) = propose_batch(model, [SEQ], ProposeConfig(max_boxes=8))
    (quick,) = propose_batch(model, [SEQ], ProposeConfig(max_boxes=8, votes=False))
    np.testing.assert_array_equal(quick.boxes, full.boxes)
    np.testing.assert_array_equal(quick.score, full.score)
    np.testing.assert_array_equal(quick.loops, full.loops)
    by_heads = [EVIDENCE.index(name) for name in ("on_probability", "votes_softmax")]
    assert full.evidence[:, by_heads[0]].any() and not quick.evidence[:, by_heads].any()
