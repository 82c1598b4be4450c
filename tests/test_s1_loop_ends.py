"""Loops from the ends of stems: targets, losses and decoding."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from boxfold.features.box import BoxKind
from boxfold.features.loops import structure_boxes
from boxfold.features.structure import as_base_pairs, base_pairs_from_dot_bracket
from boxfold.s1.loop_ends import (
    HAIRPIN,
    INTERIOR,
    MAX_GAPS,
    MULTI,
    N_FACES,
    N_GAP,
    N_LOOP_CHANNELS,
    N_SIDE,
    LoopEnds,
    _facing,
    decode_loops,
    loop_losses,
    loop_targets,
)

EXTERIOR = HAIRPIN  # of an outer end
NONE = [-1, -1]
BULGE = "((.((...))))"
SURE = 30.0


def targets_of(dot_bracket):
    return loop_targets(structure_boxes(base_pairs_from_dot_bracket(dot_bracket)))


def certain_ends(boxes):
    """Ends that are certain, and sure of what they face."""
    targets = loop_targets(boxes)
    classes = np.minimum(targets.gaps, N_GAP - 1).T
    parts = [np.eye(N_FACES)[targets.face], *np.eye(N_GAP)[classes]]
    logits = SURE * np.concatenate(parts, axis=1).astype(np.float32)
    inner, outer = (targets.side == side for side in (0, 1))
    sure = np.zeros(inner.sum(), dtype=np.float32)
    pairs = targets.pairs
    return LoopEnds(pairs[inner], pairs[outer], sure, sure, logits[inner], logits[outer])


def random_pairs(rng, length, n_tries, nested=True):
    """Base pairs drawn one by one; those that don't fit are left out."""
    pairs = []
    for _ in range(n_tries):
        i, j = sorted(rng.choice(length, 2, replace=False).tolist())
        taken = {x for pair in pairs for x in pair}
        crosses = any((i < a < j) != (i < b < j) for a, b in pairs)
        if j - i > 3 and not {i, j} & taken and not (nested and crosses):
            pairs.append((i, j))
    return as_base_pairs(pairs)


# Pairs, faces and gaps of the inner ends by stem, then of the outer ends.
HAND_WORKED = {
    BULGE: (
        [[1, 10], [4, 8], [0, 11], [3, 9]],
        [INTERIOR, HAIRPIN, EXTERIOR, INTERIOR],
        [[1, 0], NONE, NONE, [1, 0]],
    ),
    "((.(...)(...).))": (
        [[1, 14], [3, 7], [8, 12], [0, 15], [3, 7], [8, 12]],
        [MULTI, HAIRPIN, HAIRPIN, EXTERIOR, MULTI, MULTI],
        [NONE] * 6,
    ),
    ".(...).((....))": (
        [[1, 5], [8, 13], [1, 5], [7, 14]],
        [HAIRPIN, HAIRPIN, EXTERIOR, EXTERIOR],
        [NONE] * 4,
    ),
    # The single pair (2, 9) is both ends of its stem and lies in two interior loops.
    "(.(.(...)).)": (
        [[0, 11], [2, 9], [4, 8], [0, 11], [2, 9], [4, 8]],
        [INTERIOR, INTERIOR, HAIRPIN, EXTERIOR, INTERIOR, INTERIOR],
        [[1, 1], [1, 0], NONE, NONE, [1, 1], [1, 0]],
    ),
    # More gaps than there are classes: the targets know their number.
    "(" + "." * 20 + "(...)..)": (
        [[0, 28], [21, 25], [0, 28], [21, 25]],
        [INTERIOR, HAIRPIN, EXTERIOR, INTERIOR],
        [[20, 2], NONE, NONE, [20, 2]],
    ),
    # A knot: what crossing pairs reach into is neither hairpin nor interior loop.
    "((..[[..))...]]": (
        [[1, 8], [5, 13], [0, 9], [4, 14]],
        [MULTI, MULTI, EXTERIOR, EXTERIOR],
        [NONE] * 4,
    ),
    ".....": ([], [], []),
}


@pytest.mark.parametrize("dot_bracket", HAND_WORKED)
def test_targets_by_hand(dot_bracket):
    targets = targets_of(dot_bracket)
    pairs, face, gaps = HAND_WORKED[dot_bracket]
    assert targets.pairs.tolist() == pairs
    assert targets.face.tolist() == face
    assert targets.gaps.tolist() == gaps
    assert targets.side.tolist() == [0] * (len(pairs) // 2) + [1] * (len(pairs) // 2)
    assert all(array.dtype == np.int64 for array in targets)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(10, 50), st.booleans())
def test_targets_hold_every_loop_once_even_of_knots(seed, length, nested):
    base_pairs = random_pairs(np.random.default_rng(seed), length, 12, nested)
    boxes = structure_boxes(base_pairs)
    targets = loop_targets(boxes)
    n = len(targets.side) // 2
    kinds = np.bincount(boxes[:, 0], minlength=3)
    assert n == kinds[BoxKind.STEM] and targets.pairs.shape == targets.gaps.shape == (2 * n, 2)
    is_interior = targets.face == INTERIOR
    assert is_interior[:n].sum() == is_interior[n:].sum() == kinds[BoxKind.INTERIOR_LOOP]
    assert (targets.face[:n] == HAIRPIN).sum() == kinds[BoxKind.HAIRPIN]
    np.testing.assert_array_equal((targets.gaps >= 0).all(axis=1), is_interior)
    assert (targets.gaps[~is_interior] == -1).all()
    for (i, j), face in zip(targets.pairs[n:].tolist(), targets.face[n:].tolist(), strict=True):
        enclosed = any(a < i and j < b for a, b in base_pairs.tolist())
        assert (face == EXTERIOR) != enclosed


def test_losses_by_hand():
    # Two examples, the second one without ends; the features are the logits.
    logits = torch.zeros(2, 12, 12, N_LOOP_CHANNELS)
    logits[0, 1, 10, INTERIOR] = 2.0  # face of inner end (1, 10), right
    logits[0, 1, 10, N_FACES + 1] = 3.0  # one gap 5', right; 3' they guess
    logits[0, 0, 11, N_SIDE + MULTI] = 1.0  # face of outer end (0, 11), wrong
    logits[0, 3, 9, N_SIDE + N_FACES + N_GAP] = 4.0  # no gap 3', right
    logits[0, 3, 9, :N_SIDE] = torch.arange(N_SIDE)  # (3, 9) is no inner end
    logits[0, 5, 7] = 9 * torch.arange(N_LOOP_CHANNELS)  # no end at all
    logits[1] = torch.arange(N_LOOP_CHANNELS)
    losses = loop_losses(nn.Identity(), logits, [targets_of(BULGE), targets_of("." * 12)])
    expected = {
        "loops/inner/face": (np.log1p(2 * np.exp(-2.0)) + np.log(3)) / 2,
        "loops/inner/gaps": np.log1p(15 * np.exp(-3.0)) + np.log(16),
        "loops/outer/face": (np.log(2 + np.e) + np.log(3)) / 2,
        "loops/outer/gaps": np.log(16) + np.log1p(15 * np.exp(-4.0)),
    }
    assert list(losses) == list(expected)
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value / 2, rel=1e-5), name


def test_many_gaps_are_one_class_and_only_ends_get_gradients():
    length = 29
    logits = torch.zeros(1, length, length, N_LOOP_CHANNELS, requires_grad=True)
    losses = loop_losses(nn.Identity(), logits, [targets_of("(" + "." * 20 + "(...)..)")])
    torch.stack(list(losses.values())).sum().backward()
    gradient = logits.grad[0]
    assert gradient[0, 28, N_FACES + N_GAP - 1] == pytest.approx(1 / 16 - 1)  # 20 gaps
    assert gradient[0, 28, N_FACES + N_GAP + 2] == pytest.approx(1 / 16 - 1)  # 2 gaps
    assert gradient[0, 28, N_FACES:N_SIDE].sum() == pytest.approx(0, abs=1e-6)
    assert (gradient[0, 28, N_SIDE + N_FACES :] == 0).all()  # it lies in no interior loop
    assert gradient.any(dim=2).nonzero().tolist() == [[0, 28], [21, 25]]


def test_losses_without_any_end_are_zero():
    logits = torch.randn(1, 5, 5, N_LOOP_CHANNELS, requires_grad=True)
    losses = loop_losses(nn.Identity(), logits, [targets_of(".....")])
    assert [loss.item() for loss in losses.values()] == [0, 0, 0, 0]
    torch.stack(list(losses.values())).sum().backward()
    assert (logits.grad == 0).all()


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(10, 60))
def test_certain_ends_give_exactly_the_loops(seed, length):
    boxes = structure_boxes(random_pairs(np.random.default_rng(seed), length, 10))
    found, score = decode_loops(certain_ends(boxes), max_boxes=1000)
    loops = boxes[boxes[:, 0] != BoxKind.STEM]
    is_known = (loops[:, 0] == BoxKind.HAIRPIN) | (loops[:, 3:].max(axis=1) < N_GAP + 1)
    assert sorted(found[score > 0.5].tolist()) == loops[is_known].tolist()
    assert ((score > 0.999) | (score < 0.2)).all()
    # Loops in the class of many gaps come with a share of its probability.
    total = loops[:, 3:].sum(axis=1) - 4
    offered = loops[is_known | (total <= MAX_GAPS)].tolist()
    assert {tuple(box) for box in offered} <= {tuple(box) for box in found[score > 1e-3].tolist()}


@st.composite
def facing_pairs(draw):
    """Inner and outer ends (n, 2), (m, 2) in no order, many of them close to a limit."""
    inner = draw(st.lists(st.tuples(st.integers(0, 30), st.integers(60, 99)), max_size=8))
    n_gaps = st.sampled_from([-2, -1, 0, 1, 2, 14, 15, 16, 28, 29, 30, 31])
    outer = [(i + 1 + draw(n_gaps), j - 1 - draw(n_gaps)) for i, j in inner for _ in range(3)]
    outer = [pair for pair in draw(st.permutations(outer)) if 0 <= pair[0] < pair[1]]
    return tuple(np.array(pairs, dtype=np.int64).reshape(-1, 2) for pairs in (inner, outer))


@settings(max_examples=200)
@given(facing_pairs())
def test_facing_ends_equal_brute_force(ends):
    inner, outer = ends
    expected = []
    for a, (i, j) in enumerate(inner.tolist()):
        for b, (k, m) in enumerate(outer.tolist()):
            gaps = k - i - 1, j - m - 1
            if min(gaps) >= 0 and 0 < sum(gaps) <= MAX_GAPS:
                expected.append((a, b))
    a, b = _facing(inner, outer)
    assert sorted(zip(a.tolist(), b.tolist(), strict=True)) == expected


def test_limits_of_facing():
    inner = np.array([[5, 60]])
    outer = np.array([[6, 59], [6, 58], [6, 60], [5, 50], [36, 59], [37, 59], [21, 44], [21, 43]])
    # Stacked; bulge; not inside; not inside; 30 gaps; 31; 15 and 15; 15 and 16.
    assert _facing(inner, outer)[1].tolist() == [1, 6, 4]


def test_scores_by_hand():
    # One inner end (1, 20) and one outer end (4, 18): two gaps 5', one 3'.
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, N_SIDE)).astype(np.float32)
    log_end = np.log(np.array([0.8, 0.3], dtype=np.float32))
    ends = LoopEnds(
        np.array([[1, 20]]), np.array([[4, 18]]), log_end[:1], log_end[1:], logits[:1], logits[1:]
    )
    faces, gaps_5, gaps_3 = np.split(np.exp(logits), [N_FACES, N_FACES + N_GAP], axis=1)
    faces, gaps_5, gaps_3 = (p / p.sum(axis=1, keepdims=True) for p in (faces, gaps_5, gaps_3))
    side = np.array([0.8, 0.3]) * faces[:, INTERIOR] * gaps_5[:, 2] * gaps_3[:, 1]
    boxes, score = decode_loops(ends, max_boxes=5)
    by_box = {(2, 1, 1, 20, 20): 0.8 * faces[0, HAIRPIN], (1, 1, 18, 4, 3): np.sqrt(side.prod())}
    assert dict(zip(map(tuple, boxes.tolist()), score.tolist(), strict=True)) == pytest.approx(
        by_box, rel=1e-5
    )


def test_lengths_within_the_last_class_share_its_probability():
    inner = np.array([[0, 100]])
    outer = np.stack([np.arange(12, 32), np.full(20, 99)], axis=1)  # 11 to 30 gaps 5'
    logits = np.zeros((1, N_SIDE), dtype=np.float32)
    logits[0, [INTERIOR, N_FACES + N_GAP - 1, N_FACES + N_GAP]] = SURE
    sides = np.zeros(1, dtype=np.float32), np.zeros(20, dtype=np.float32)
    boxes, score = decode_loops(LoopEnds(inner, outer, *sides, logits, logits.repeat(20, 0)), 99)
    gaps = boxes[boxes[:, 0] == BoxKind.INTERIOR_LOOP, 3] - 2
    score = score[boxes[:, 0] == BoxKind.INTERIOR_LOOP]
    assert sorted(gaps.tolist()) == list(range(11, 31))
    assert (score[gaps < N_GAP - 1] < 1e-6).all()
    shares = score[gaps >= N_GAP - 1]
    np.testing.assert_allclose(shares, shares[0])
    assert 1 / 20 < shares[0] < 1 / 12  # there are 16 of them


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(0, 12))
def test_best_boxes_first_and_no_more_than_wanted(seed, max_boxes):
    rng = np.random.default_rng(seed)
    inner, outer = (np.sort(rng.choice(40, (n, 2)), axis=1) + np.array([0, 9]) for n in (8, 9))
    log_ends = [np.log(rng.uniform(0.01, 1, n)).astype(np.float32) for n in (8, 9)]
    logits = [rng.normal(size=(n, N_SIDE)).astype(np.float32) for n in (8, 9)]
    everything, all_scores = decode_loops(LoopEnds(inner, outer, *log_ends, *logits), 1000)
    boxes, score = decode_loops(LoopEnds(inner, outer, *log_ends, *logits), max_boxes)
    assert len(boxes) == len(score) == min(max_boxes, len(everything))
    assert boxes.dtype == np.int64 and score.dtype == np.float32
    np.testing.assert_array_equal(boxes, everything[: len(boxes)])
    np.testing.assert_array_equal(score, all_scores[: len(score)])
    assert (np.diff(all_scores) <= 0).all()
    assert (all_scores >= 0).all() and (all_scores <= 1).all()


def test_no_ends_no_loops():
    none, pairs = np.zeros(0, dtype=np.float32), np.zeros((0, 2), dtype=np.int64)
    logits = np.zeros((0, N_SIDE), dtype=np.float32)
    boxes, score = decode_loops(LoopEnds(pairs, pairs, none, none, logits, logits), 5)
    assert boxes.shape == (0, 5) and score.shape == (0,)
