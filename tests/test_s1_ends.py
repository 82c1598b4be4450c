import numpy as np
import torch
from torch import nn

from boxfold.features.box import boxes_to_array, stem_base_pairs, stem_box
from boxfold.features.channels import canonical_mask
from boxfold.features.loops import stems
from boxfold.rewards.energy import EnergyModel, mfe, sample_structures
from boxfold.rewards.ensemble import end_probabilities
from boxfold.s1.ends import (
    INNER,
    OUTER,
    PAIRED,
    chain_scores,
    decode_ends,
    end_loss,
    end_targets,
    sub_runs,
)

SEQ = "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAUAAGGGUGAGGUCGCUGAUUCGAAUUCAGCAUAGCCCA"


def brute_force_score(maps, box):
    """The two chains of the module text, term by term."""
    p, outer, inner = np.maximum(maps.astype(float), 1e-6)
    pairs = [tuple(pair) for pair in stem_base_pairs(box[None])]
    ratio_o = [np.clip(outer[x] / p[x], 1e-4, 1 - 1e-4) for x in pairs]
    ratio_i = [np.clip(inner[x] / p[x], 1e-4, 1 - 1e-4) for x in pairs]
    forward = np.log(outer[pairs[0]]) + sum(np.log1p(-r) for r in ratio_i[:-1])
    backward = np.log(inner[pairs[-1]]) + sum(np.log1p(-r) for r in ratio_o[1:])
    return (forward + np.log(ratio_i[-1]) + backward + np.log(ratio_o[0])) / 2


def test_sub_runs_are_all_contiguous_canonical_stems():
    seq = SEQ[:24]
    mask = canonical_mask(seq)
    found = {tuple(box) for box in sub_runs(seq).tolist()}
    expected = set()
    for i, j in np.argwhere(mask).tolist():
        n = 1
        while i + n < j - n and mask[i + n - 1, j - n + 1]:
            expected.add(tuple(map(int, stem_box(i, j, n))))
            n += 1
    assert found == expected
    assert len(found) == len(sub_runs(seq))


def test_chain_equals_the_formula():
    rng = np.random.default_rng(3)
    seq = SEQ[:30]
    p = rng.uniform(0.05, 1, size=(30, 30))
    maps = np.stack([p, p * rng.uniform(size=p.shape), p * rng.uniform(size=p.shape)])
    maps = maps.astype(np.float32)
    boxes = sub_runs(seq)
    expected = [brute_force_score(maps, box) for box in boxes]
    np.testing.assert_allclose(
        chain_scores(maps, boxes, canonical_mask(seq)), expected, rtol=1e-6, atol=1e-8
    )


def test_exact_maps_give_the_ensemble_probability_of_boxes():
    seq = "GGCAGGAAACCAGCCAAGGC"
    boxes, score = decode_ends(end_probabilities(seq), seq, max_boxes=6)
    structures = sample_structures(seq, 300, seed=1)  # without repeats: nearly the whole ensemble
    model = EnergyModel(seq)
    weight = np.exp([-model.free_energy(pairs) / 0.61632 for pairs in structures])
    drawn = [{tuple(line) for line in stems(pairs).tolist()} for pairs in structures]
    has_box = np.array([[tuple(box) in lines for lines in drawn] for box in boxes.tolist()])
    np.testing.assert_allclose(score, has_box @ weight / weight.sum(), atol=0.01)


def test_perfect_maps_return_the_stems_first():
    wanted = stems(mfe(SEQ).base_pairs)
    boxes, score = decode_ends(end_targets(wanted, len(SEQ)), SEQ, max_boxes=20)
    n = len(wanted)
    assert {tuple(b) for b in boxes[:n].tolist()} == {tuple(b) for b in wanted.tolist()}
    assert score[n - 1] > 0.99 > 0.1 > score[n]
    assert (np.diff(score) <= 0).all()


def test_targets_mark_ends_and_pairs():
    maps = end_targets(boxes_to_array([stem_box(2, 14, 3), stem_box(6, 10, 1)]), 20)
    assert np.argwhere(maps[OUTER]).tolist() == [[2, 14], [6, 10]]
    assert np.argwhere(maps[INNER]).tolist() == [[4, 12], [6, 10]]
    assert np.argwhere(maps[PAIRED]).tolist() == [[2, 14], [3, 13], [4, 12], [6, 10]]


def loss_of_logits(logits, targets, canonical):
    """Loss of logits (B, 3, L, L): the features are the logits."""
    return end_loss(nn.Identity(), logits.permute(0, 2, 3, 1), targets, canonical)


def test_loss_is_taken_on_canonical_pixels_only():
    canonical = torch.zeros(1, 4, 4, dtype=torch.bool)
    canonical[0, 0, 3] = canonical[0, 1, 2] = True
    logits = torch.zeros(1, 3, 4, 4)
    targets = torch.zeros(1, 3, 4, 4)
    logits[0, :, 2, 2] = 50.0  # not canonical: must not count
    logits[0, 0, 0, 3], targets[0, 0, 0, 3] = 2.0, 1.0
    loss = loss_of_logits(logits, targets, canonical)
    by_hand = (np.log1p(np.exp(-2.0)) + np.log(2)) / 2
    np.testing.assert_allclose(loss["ends/paired"].item(), by_hand, rtol=1e-6)
    np.testing.assert_allclose(loss["ends/outer"].item(), np.log(2), rtol=1e-6)
    np.testing.assert_allclose(loss["ends/inner"].item(), np.log(2), rtol=1e-6)


def test_loss_averages_pixels_then_examples_and_takes_soft_targets():
    canonical = torch.zeros(3, 5, 5, dtype=torch.bool)  # the last example has no canonical pixel
    canonical[0, 0, 4] = canonical[0, 0, 3] = canonical[1, 1, 4] = True
    logits, targets = torch.zeros(3, 3, 5, 5), torch.zeros(3, 3, 5, 5)
    logits[0, 1, 0, 4], targets[0, 1, 0, 4] = 1.0, 0.25
    logits[1, 1, 1, 4] = -3.0
    loss = loss_of_logits(logits, targets, canonical)
    first = (np.log1p(np.e) - 0.25 + np.log(2)) / 2
    second = np.log1p(np.exp(-3.0))
    np.testing.assert_allclose(loss["ends/outer"].item(), (first + second + 0) / 3, rtol=1e-6)
    np.testing.assert_allclose(loss["ends/paired"].item(), 2 * np.log(2) / 3, rtol=1e-6)


def test_loss_is_that_of_the_head_on_every_pixel():
    torch.manual_seed(0)
    head = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    features, targets = torch.randn(2, 9, 9, 5), torch.rand(2, 3, 9, 9)
    canonical = torch.rand(2, 9, 9) < 0.3
    found = end_loss(head, features, targets, canonical)
    expected = loss_of_logits(head(features).permute(0, 3, 1, 2), targets, canonical)
    for name in ("ends/paired", "ends/outer", "ends/inner"):
        np.testing.assert_allclose(found[name].item(), expected[name].item(), rtol=1e-6)


def test_sequence_without_pairs():
    boxes, score = decode_ends(np.zeros((3, 6, 6), np.float32), "AAAAAA", max_boxes=5)
    assert boxes.shape == (0, 5)
    assert score.shape == (0,)
