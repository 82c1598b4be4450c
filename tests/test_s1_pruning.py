import numpy as np
import pytest

from boxfold.s1.pruning import PRUNE_RULES, PruneConfig, prune_boxes

SEQ = "GGGAAAACCCAAAA"
BOXES = np.array(
    [
        [0, 0, 7, 3, 3],  # the stem
        [0, 0, 8, 2, 2],  # shorter: fine
        [0, 0, 6, 4, 4],  # one pair too many: A-A inside, but only two bases enclosed
        [0, 0, 10, 2, 2],  # G-A
        [0, -1, 8, 2, 2],  # row out of range
        [0, 0, 12, 3, 3],  # column out of range, one past the end
        [1, 0, 8, 3, 2],  # bulge closed by (0, 9) and (2, 8): both G-C
        [1, 0, 8, 2, 2],  # no unpaired base
        [1, 0, 8, 1, 4],  # rows can't hold two pairs
        [1, 0, 6, 2, 3],  # inner pair (1, 6): G-A
        [2, 2, 2, 6, 6],  # hairpin of (2, 7)
        [2, 2, 3, 6, 5],  # off the diagonal
        [2, 5, 5, 4, 4],  # encloses two bases
        [2, 3, 3, 6, 6],  # A-C
    ]
)
KEPT = [0, 1, 6, 10]


def counts_of(counts):
    return {rule: line.tolist() for rule, line in zip(PRUNE_RULES, counts, strict=True)}


def test_each_rule_by_hand():
    keep, counts = prune_boxes(BOXES, SEQ, PruneConfig())
    assert np.flatnonzero(keep).tolist() == KEPT
    assert counts_of(counts) == {
        "votes": [0, 0, 0],
        "probability": [0, 0, 0],
        "out_of_range": [2, 0, 0],
        "shape": [0, 2, 1],
        "hairpin": [1, 0, 1],
        "noncanonical": [1, 1, 1],
    }
    assert keep.sum() + counts.sum() == len(BOXES)


def test_noncanonical_pairs_can_stay():
    keep, counts = prune_boxes(BOXES, SEQ, PruneConfig(keep_noncanonical=True))
    assert np.flatnonzero(keep).tolist() == sorted([*KEPT, 3, 9, 13])
    assert counts_of(counts)["noncanonical"] == [0, 0, 0]


def test_larger_hairpins_only():
    keep, counts = prune_boxes(BOXES, SEQ, PruneConfig(min_hairpin=5))
    assert np.flatnonzero(keep).tolist() == [1, 6]  # the stem and its hairpin enclose four
    assert counts_of(counts)["hairpin"] == [2, 1, 3]


def test_votes_and_probability_count_first():
    boxes = np.repeat(BOXES[:1], 4, axis=0)
    n_votes, score = np.array([1, 2, 3, 3]), np.array([0.9, 0.9, 0.1, 0.2])
    config = PruneConfig(min_votes=2, min_probability=0.2)
    keep, counts = prune_boxes(boxes, SEQ, config, n_votes, score)
    assert keep.tolist() == [False, True, False, True]
    assert counts_of(counts)["votes"] == [1, 0, 0]
    assert counts_of(counts)["probability"] == [1, 0, 0]
    assert prune_boxes(boxes, SEQ, config)[0].all()  # nothing to compare with


def test_hairpins_below_three_are_refused():
    with pytest.raises(ValueError, match="at least 3"):
        PruneConfig(min_hairpin=2)


def test_no_boxes():
    keep, counts = prune_boxes(np.zeros((0, 5), dtype=int), SEQ, PruneConfig())
    assert len(keep) == 0 and counts.sum() == 0
