"""Relations of boxes against brute force on sets of bases and of pairs."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.box import (
    Box,
    BoxKind,
    boxes_from_array,
    boxes_to_array,
    hairpin_box,
    interior_loop_box,
    stem_box,
)
from boxfold.features.relations import (
    beside,
    closed_by_same_pair,
    conflict_matrix,
    crosses,
    encloses,
    share_base,
    too_tight,
)
from boxfold.features.structure import BoolArray, IntArray

ORDERED = st.lists(st.integers(0, 15), min_size=4, max_size=4, unique=True).map(sorted)


@st.composite
def stem(draw: st.DrawFn) -> Box:
    i = draw(st.integers(0, 12))
    n_pairs = draw(st.integers(1, 3))
    return stem_box(i, i + 2 * n_pairs - 1 + draw(st.integers(0, 9)), n_pairs)


STEMS = st.lists(stem(), max_size=8).map(boxes_to_array)
INTERIOR_LOOP = ORDERED.map(lambda four: interior_loop_box(four[0], four[3], four[1], four[2]))
HAIRPIN = ORDERED.map(lambda four: hairpin_box(four[0], four[2]))
BOXES = st.lists(stem() | INTERIOR_LOOP | HAIRPIN, max_size=8).map(boxes_to_array)


def bases(box: Box) -> set[int]:
    rows = range(box.row, box.row + box.n_rows)
    return {*rows, *range(box.col, box.col + box.n_cols)}


def closing_pairs(box: Box) -> list[tuple[int, int]]:
    return [box.outer_pair] if box.kind == BoxKind.HAIRPIN else [box.outer_pair, box.inner_pair]


def is_crossed(a: Box, b: Box) -> bool:
    return not bases(a) & bases(b) and any(
        i < p < j < q or p < i < q < j for i, j in closing_pairs(a) for p, q in closing_pairs(b)
    )


def is_tight(a: Box, b: Box) -> bool:
    """Bases between the first two and between the last two strands, counted one by one."""
    if not is_crossed(a, b):
        return False
    strands = sorted([*strands_of(a), *strands_of(b)])
    between = [range(end, start) for (_, end), (start, _) in pairwise(strands)]
    return len(between[0]) + len(between[2]) < 3


def strands_of(box: Box) -> list[tuple[int, int]]:
    return [(box.row, box.row + box.n_rows), (box.col, box.col + box.n_cols)]


def is_enclosed(a: Box, b: Box) -> bool:
    i, j = a.inner_pair
    return all(i < base < j for base in bases(b))


def is_beside(a: Box, b: Box) -> bool:
    return max(bases(a)) < min(bases(b)) or max(bases(b)) < min(bases(a))


def matrix(relation: object, boxes: IntArray) -> list[list[bool]]:
    listed = boxes_from_array(boxes)
    return [[bool(relation(a, b)) for b in listed] for a in listed]  # type: ignore[operator]


@given(BOXES)
def test_relations_are_those_of_the_sets_of_bases(boxes: IntArray) -> None:
    assert share_base(boxes).tolist() == matrix(lambda a, b: bases(a) & bases(b), boxes)
    assert crosses(boxes).tolist() == matrix(is_crossed, boxes)
    assert encloses(boxes).tolist() == matrix(is_enclosed, boxes)
    assert beside(boxes).tolist() == matrix(is_beside, boxes)


@given(BOXES)
def test_exactly_one_relation_holds(boxes: IntArray) -> None:
    inside = encloses(boxes)
    matrices = [share_base(boxes), crosses(boxes), inside, inside.T, beside(boxes)]
    assert (np.sum(matrices, axis=0) == 1).all()


@given(BOXES)
def test_boxes_closed_by_the_same_pair(boxes: IntArray) -> None:
    stems = [box for box in boxes_from_array(boxes) if box.kind == BoxKind.STEM]

    def has_closing_stem(a: Box, b: Box) -> bool:
        return is_beside(a, b) and any(is_enclosed(s, a) and is_enclosed(s, b) for s in stems)

    assert closed_by_same_pair(boxes).tolist() == matrix(has_closing_stem, boxes)


@given(STEMS)
def test_conflicts_are_what_no_structure_can_hold(stems: IntArray) -> None:
    def shares(a: Box, b: Box) -> bool:
        return bool(bases(a) & bases(b))

    assert conflict_matrix(stems, "allow").tolist() == matrix(
        lambda a, b: shares(a, b) or is_tight(a, b), stems
    )
    assert conflict_matrix(stems).tolist() == matrix(
        lambda a, b: shares(a, b) or is_crossed(a, b), stems
    )


def named(matrix_: BoolArray) -> set[tuple[int, int]]:
    return {(int(a), int(b)) for a, b in np.argwhere(matrix_)}


def test_three_way_junction_by_hand() -> None:
    # (((..(((...)))..(((....)))..))) and a stem that crosses the first branch.
    stems = boxes_to_array(
        [stem_box(0, 30, 3), stem_box(5, 13, 3), stem_box(16, 25, 3), stem_box(8, 15, 1)]
    )
    assert named(encloses(stems)) == {(0, 1), (0, 2), (0, 3)}
    assert named(crosses(stems)) == {(1, 3), (3, 1)}
    assert named(beside(stems)) == {(1, 2), (2, 1), (2, 3), (3, 2)}
    assert named(closed_by_same_pair(stems)) == named(beside(stems))
    assert named(closed_by_same_pair(stems[1:])) == set()
    diagonal = {(n, n) for n in range(4)}
    assert named(conflict_matrix(stems, "forbid")) == diagonal | {(1, 3), (3, 1)}
    # base 8 follows the first branch at once, and one base lies between 13 and 15
    assert named(conflict_matrix(stems, "allow")) == diagonal | {(1, 3), (3, 1)}
    assert named(conflict_matrix(stems[[0, 1, 2]], "allow")) == {(n, n) for n in range(3)}


def test_only_a_stem_of_the_set_closes_boxes() -> None:
    branches = [stem_box(5, 9, 1), stem_box(11, 16, 1)]
    loop = interior_loop_box(0, 21, 3, 18)
    assert named(closed_by_same_pair(boxes_to_array([*branches, loop]))) == set()
    closed = closed_by_same_pair(boxes_to_array([*branches, loop, stem_box(3, 18, 1)]))
    assert named(closed) == {(0, 1), (1, 0)}


def test_boxes_that_touch_conflict_and_boxes_that_abut_do_not() -> None:
    stems = boxes_to_array([stem_box(0, 19, 2), stem_box(1, 18, 2), stem_box(2, 17, 2)])
    assert named(share_base(stems)) == {(a, b) for a in range(3) for b in range(3)} - {
        (0, 2),
        (2, 0),
    }
    assert named(encloses(stems)) == {(0, 2)}


def test_loops_one_and_three_count_together_and_loop_two_does_not() -> None:
    # 0-2 pair 10-12, the second stem is moved towards both ends of the first.
    first = stem_box(0, 12, 3)
    for start, end, tight in [
        (4, 15, True),
        (5, 15, False),
        (4, 16, False),
        (3, 16, True),
        (3, 17, False),
    ]:
        pair = boxes_to_array([first, stem_box(start, end, 2)])
        assert named(too_tight(pair)) == ({(0, 1), (1, 0)} if tight else set()), (start, end)
        assert conflict_matrix(pair, "allow")[0, 1] == tight


def test_conflicts_are_for_stems_and_known_options_only() -> None:
    with pytest.raises(ValueError, match="stems only"):
        conflict_matrix(boxes_to_array([hairpin_box(0, 5)]))
    with pytest.raises(ValueError, match="pseudoknots is 'maybe'"):
        conflict_matrix(boxes_to_array([]), "maybe")  # type: ignore[arg-type]
