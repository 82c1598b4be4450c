"""Loop energies by hand, and by stem equal to by structure."""

import itertools
import math

import numpy as np
import pytest

from boxfold.features.box import (
    boxes_to_array,
    hairpin_box,
    interior_loop_box,
    stem_base_pairs,
    stem_box,
)
from boxfold.features.structure import as_base_pairs
from boxfold.rewards.loop_bonus import LOG_FLOOR, LoopBonus

STEMS = boxes_to_array(
    [stem_box(0, 22, 4), stem_box(6, 17, 2), stem_box(8, 15, 2), stem_box(8, 15, 1)]
)
LOOPS = boxes_to_array([hairpin_box(9, 14), hairpin_box(9, 14), interior_loop_box(3, 19, 6, 17)])
BONUS = LoopBonus(LOOPS, np.array([0.5, 0.2, 0.1]), weight=2.0)


def structure(picks: list[int]) -> np.ndarray:
    return as_base_pairs(stem_base_pairs(STEMS[picks]))


@pytest.mark.parametrize(
    ("picks", "expected"),
    [
        ([], 0.0),
        ([0, 1, 2], -2 * (math.log(0.5) + math.log(0.1))),  # the best score of a repeated loop
        ([1, 2], -2 * math.log(0.5)),  # stacked: no loop between them
        ([1], -2 * LOG_FLOOR),
        ([0, 2], -2 * (LOG_FLOOR + math.log(0.5))),
    ],
)
def test_energy_by_hand_and_by_stem(picks: list[int], expected: float) -> None:
    assert BONUS.energy(structure(picks)) == pytest.approx(expected)
    hairpin, interior = BONUS.by_stem(STEMS)
    chain = list(itertools.pairwise(picks))
    by_stem = sum(interior[a, b] for a, b in chain) + (hairpin[picks[-1]] if picks else 0.0)
    assert by_stem == pytest.approx(expected)


def test_by_stem_is_zero_where_stems_are_not_nested() -> None:
    _, interior = BONUS.by_stem(STEMS)
    assert np.argwhere(interior).tolist() == [[0, 1], [0, 2], [0, 3]]


def test_scores_below_the_floor_and_zero_count_as_the_floor() -> None:
    bonus = LoopBonus(LOOPS[:1], np.array([0.0], dtype=np.float32), weight=1.0)
    assert bonus.energy(structure([2])) == pytest.approx(-LOG_FLOOR)


def test_weight_zero_and_no_loops_are_free_of_charge() -> None:
    bonus = LoopBonus(boxes_to_array([]), np.zeros(0), weight=0.0)
    assert bonus.energy(structure([0, 1])) == 0.0
