"""Confidence of pairs and structures by hand."""

import numpy as np
import pytest

from boxfold.features.calibration import Calibration
from boxfold.features.pair_confidence import confidence, pair_values, structure_confidence
from boxfold.features.stem_weights import pair_probabilities

BOXES = np.array([[0, 0, 8, 2, 2], [0, 1, 7, 2, 2], [0, 12, 20, 1, 1]])
HELD = pair_probabilities(BOXES, [0.5, 0.25, 0.8])  # 0-9 .5, 1-8 .75, 2-7 .25, 12-20 .8
NOTHING = np.zeros((0, 2), dtype=int)


def test_pairs_and_structure():
    found = confidence(*HELD, np.array([[0, 9], [1, 8], [3, 30]]))
    assert found.pairs.tolist() == [0.5, 0.75, 0]
    assert found.structure == pytest.approx(2 * 1.25 / (3 + 2.3))


def test_a_calibration_changes_both_and_not_what_no_box_holds():
    twice = Calibration(2.0, 0.0)
    found = confidence(*HELD, np.array([[1, 8], [3, 30]]), twice)
    assert found.pairs.tolist() == pytest.approx([0.9, 0])
    expected = twice.apply([0.5, 0.75, 0.25, 0.8]).sum()
    assert found.structure == pytest.approx(2 * 0.9 / (2 + expected))


def test_certain_boxes_make_a_certain_structure():
    found = confidence(*pair_probabilities(BOXES[2:], [1.0]), np.array([[12, 20]]))
    assert (found.pairs.tolist(), found.structure) == ([1.0], 1.0)


def test_an_empty_structure_is_right_if_there_is_no_pair():
    assert confidence(*HELD, NOTHING).structure == pytest.approx(np.exp(-2.3))
    no_pairs = pair_probabilities(BOXES[:0], [])
    assert confidence(*no_pairs, NOTHING).structure == 1
    assert confidence(*no_pairs, np.array([[0, 9]])).structure == 0
    assert structure_confidence(np.ones(2), 1.0) == 1  # never more


def test_values_of_pairs_that_are_not_held_are_zero():
    held, values = np.array([[0, 9], [2, 7]]), np.array([0.5, 0.25])
    assert pair_values(held, values, np.array([[2, 7], [0, 8], [50, 60]])).tolist() == [0.25, 0, 0]
    assert pair_values(held, values, NOTHING).tolist() == []
