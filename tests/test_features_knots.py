import math

import numpy as np
import pytest

from boxfold.features.knots import (
    KnotCounts,
    false_knot_curve,
    false_knots,
    is_knotted,
    knot_counts,
    knotted_f1,
    knotted_pairs,
)
from boxfold.features.structure import base_pairs_from_dot_bracket as pairs

NESTED = pairs("((((..))))....")
EMPTY = np.zeros((0, 2), dtype=np.int64)


@pytest.mark.parametrize(
    ("structure", "larger", "smaller"),
    [
        ("....", 0, 0),
        ("(((...)))(((...)))", 0, 0),
        ("(.[.).]", 1, 1),
        ("((((..[[..))))..]]", 4, 2),
        ("(((..[[[[..)))..]]]]", 4, 3),
        ("(((..[[.[[..)))..]].]]", 3, 2),  # a bulge ends a stem
        ("((((..))))(.[.).]", 1, 1),  # a large stem beside the knot doesn't count
    ],
)
def test_a_knot_is_as_large_as_its_larger_stem_or_as_both(structure, larger, smaller):
    sizes = (1, 2, 3, 4)
    assert [is_knotted(pairs(structure), n) for n in sizes] == [n <= larger for n in sizes]
    both = [is_knotted(pairs(structure), n, both=True) for n in sizes]
    assert both == [n <= smaller for n in sizes]


def test_knotted_pairs_and_what_is_shared():
    structure = pairs("((..((.[[.))..]]..))")
    assert knotted_pairs(structure).tolist() == [False, False, True, True, True, True]
    assert knotted_pairs(EMPTY).tolist() == []
    # the same pairs without the knot: none counts, though two of them are right
    nested = pairs("((..((....))......))")
    assert knot_counts(nested, structure) == (0, 0, 4)
    assert knot_counts(structure, structure) == (4, 4, 4)
    assert knot_counts(structure, EMPTY) == (0, 4, 0)


def test_micro_f1_is_over_pairs_not_structures():
    assert knotted_f1([KnotCounts(4, 4, 4), KnotCounts(0, 8, 0)]) == 0.5
    assert math.isnan(knotted_f1([KnotCounts(0, 0, 0)])) and math.isnan(knotted_f1([]))


def test_false_knots_are_of_nested_references_only():
    knot = pairs("(((..[[[..)))..]]]")
    assert false_knots([knot, NESTED, knot], [NESTED, NESTED, knot]) == 0.5
    assert math.isnan(false_knots([knot], [knot]))
    assert false_knot_curve([knot, NESTED], [EMPTY, EMPTY]) == {1: 0.5, 2: 0.5, 3: 0.5, 4: 0}
    small = pairs("((..[[..))..]]")
    assert false_knot_curve([small], [small], (2, 3))[3] == 0  # no knot in either
    assert math.isnan(false_knots([small], [small], 2))
