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
    inner_pairs,
    interior_loop_box,
    outer_pairs,
    stem_base_pairs,
    stem_box,
)

ANY_BOX = st.builds(
    Box,
    st.sampled_from(BoxKind),
    st.integers(0, 200),
    st.integers(0, 200),
    st.integers(1, 40),
    st.integers(1, 40),
)


def test_boxes_of_a_hairpin_with_an_interior_loop() -> None:
    # Example A of the prior work: ((((..((((....))))...)))), its convention on the right.
    boxes = [
        stem_box(0, 24, 4),
        interior_loop_box(3, 21, 6, 17),
        stem_box(6, 17, 4),
        hairpin_box(9, 14),
    ]
    assert [box.to_top_right() for box in boxes] == [
        (0, 24, 4, 4),
        (3, 21, 4, 5),
        (6, 17, 4, 4),
        (9, 14, 6, 6),
    ]
    assert [box.outer_pair for box in boxes] == [(0, 24), (3, 21), (6, 17), (9, 14)]
    # The shared corners: each box begins where the one before it ends.
    assert [box.inner_pair for box in boxes] == [(3, 21), (6, 17), (9, 14), (14, 9)]


@pytest.mark.parametrize(
    ("box", "top_right"),
    [
        (interior_loop_box(2, 16, 4, 15), (2, 16, 3, 2)),  # one base bulges out on the 5' side
        (interior_loop_box(2, 17, 3, 14), (2, 17, 2, 4)),  # two on the 3' side
    ],
)
def test_the_empty_side_of_a_bulge_has_size_two(
    box: Box, top_right: tuple[int, int, int, int]
) -> None:
    assert box.to_top_right() == top_right


@given(ANY_BOX)
def test_top_right_round_trip(box: Box) -> None:
    assert Box.from_top_right(box.kind, *box.to_top_right()) == box


@given(st.lists(ANY_BOX, max_size=6))
def test_array_round_trip(boxes: list[Box]) -> None:
    array = boxes_to_array(boxes)
    assert array.shape == (len(boxes), 5)
    assert boxes_from_array(array) == boxes
    assert list(map(tuple, outer_pairs(array).tolist())) == [box.outer_pair for box in boxes]
    assert list(map(tuple, inner_pairs(array).tolist())) == [box.inner_pair for box in boxes]


def test_kinds_have_labels_and_codes() -> None:
    assert [kind.label for kind in BoxKind] == ["stem", "interior_loop", "hairpin"]
    assert [int(kind) for kind in BoxKind] == [0, 1, 2]
    assert boxes_from_array(np.array([[2, 1, 1, 5, 5]])) == [hairpin_box(1, 5)]


def test_pairs_of_stems_come_stem_by_stem() -> None:
    boxes = boxes_to_array([stem_box(5, 20, 1), stem_box(0, 30, 3)])
    assert stem_base_pairs(boxes).tolist() == [[5, 20], [0, 30], [1, 29], [2, 28]]
    assert stem_base_pairs(boxes[:0]).shape == (0, 2)
