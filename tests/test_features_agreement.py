import numpy as np
import pytest

from boxfold.features.agreement import agreement
from boxfold.features.structure import as_base_pairs, base_pairs_from_dot_bracket

EMPTY = as_base_pairs([])
REFERENCE = base_pairs_from_dot_bracket("(((....)))")


def test_hand_worked_values():
    # predicted 0-9 (exact), 1-7 (one off 1-8), 3-8 (three off anything); 2-7 is within one of 1-7
    predicted = np.array([[0, 9], [1, 7], [3, 8]])
    result = agreement(predicted, REFERENCE)
    assert result.sensitivity == pytest.approx(1 / 3)
    assert result.ppv == pytest.approx(1 / 3)
    assert result.f1 == pytest.approx(1 / 3)
    assert result.f1_shift == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))


def test_shift_moves_one_end_by_one():
    for shifted in ([[1, 9]], [[0, 8]]):
        assert agreement(np.array(shifted), np.array([[0, 9]])).f1_shift == 1
    for too_far in ([[1, 8]], [[2, 9]], [[1, 10]]):
        assert agreement(np.array(too_far), np.array([[0, 9]])).f1_shift == 0


def test_unequal_sizes():
    result = agreement(REFERENCE[:1], REFERENCE)
    assert (result.sensitivity, result.ppv) == (pytest.approx(1 / 3), 1)
    assert result.f1 == pytest.approx(0.5)


def test_empty_structures():
    assert agreement(EMPTY, EMPTY) == (1, 1, 1, 1)
    assert agreement(EMPTY, REFERENCE) == (0, 0, 0, 0)
    assert agreement(REFERENCE, EMPTY) == (0, 0, 0, 0)


def test_nothing_in_common():
    assert agreement(np.array([[20, 30]]), REFERENCE) == (0, 0, 0, 0)
