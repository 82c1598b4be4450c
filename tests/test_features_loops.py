import numpy as np
import pytest

from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.loops import implied_boxes, merged_base_pairs, multiloops, structure_boxes
from boxfold.features.structure import base_pairs_from_dot_bracket

# (x, y, size_x, size_y) from the top-right corner, as the prior work lists them.
BY_HAND = {
    "((((..((((....))))...))))": (
        [(0, 24, 4, 4), (6, 17, 4, 4)],
        [(3, 21, 4, 5)],
        [(9, 14, 6, 6)],
    ),
    "(((.((((....)))))))": (
        [(0, 18, 3, 3), (4, 15, 4, 4)],
        [(2, 16, 3, 2)],
        [(7, 12, 6, 6)],
    ),
    "(((((((....))))..)))": (
        [(0, 19, 3, 3), (3, 14, 4, 4)],
        [(2, 17, 2, 4)],
        [(6, 11, 6, 6)],
    ),
    "(((..(((...)))..(((....)))..)))": (
        [(0, 30, 3, 3), (5, 13, 3, 3), (16, 25, 3, 3)],
        [],
        [(7, 11, 5, 5), (18, 23, 6, 6)],
    ),
    "((...))..((....))": (
        [(0, 6, 2, 2), (9, 16, 2, 2)],
        [],
        [(1, 5, 5, 5), (10, 15, 6, 6)],
    ),
    "(.(...).)": ([(0, 8, 1, 1), (2, 6, 1, 1)], [(0, 8, 3, 3)], [(2, 6, 5, 5)]),
    "((()))": ([(0, 5, 3, 3)], [], []),
    "(.)": ([(0, 2, 1, 1)], [], [(0, 2, 3, 3)]),
    "": ([], [], []),
    "....": ([], [], []),
    # Knots: stems stay maximal runs; a loop that a crossing pair reaches into is no loop.
    "((..[[[.))..]]]": ([(0, 9, 2, 2), (4, 14, 3, 3)], [], []),
    "(([[))]]": ([(0, 5, 2, 2), (2, 7, 2, 2)], [], []),
    "((.((..[.)).)).]": ([(0, 13, 2, 2), (3, 10, 2, 2), (7, 15, 1, 1)], [(1, 12, 3, 3)], []),
    "((.((...)).[)).]": ([(0, 13, 2, 2), (3, 9, 2, 2), (11, 15, 1, 1)], [], [(4, 8, 5, 5)]),
}


@pytest.mark.parametrize("text", BY_HAND)
def test_boxes_worked_out_by_hand(text: str) -> None:
    wanted = [
        [kind, x, y - size_y + 1, size_x, size_y]
        for kind, boxes in enumerate(BY_HAND[text])
        for x, y, size_x, size_y in boxes
    ]
    boxes = structure_boxes(base_pairs_from_dot_bracket(text))
    assert boxes.shape == (len(wanted), 5)
    assert boxes.tolist() == wanted


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("(((..(((...)))..(((....)))..)))", [[[2, 28], [5, 13], [16, 25]]]),
        ("(()())", [[[0, 5], [1, 2], [3, 4]]]),
        ("((...))..((....))", []),  # the exterior is no multi-branch loop
        ("(.(...).)", []),
        ("", []),
        (
            "((()())(.(...)(...)))",  # one inside another, the outer one first
            [
                [[0, 20], [1, 6], [7, 19]],
                [[1, 6], [2, 3], [4, 5]],
                [[7, 19], [9, 13], [14, 18]],
            ],
        ),
    ],
)
def test_multiloops_by_hand(text: str, closing: list[list[list[int]]]) -> None:
    loops = multiloops(base_pairs_from_dot_bracket(text))
    assert [loop.tolist() for loop in loops] == closing


def test_a_knotted_multiloop_is_none() -> None:
    nested = "(.(...).(...)...)...."
    knotted = "(.(...).(...).[.)...]"
    assert len(multiloops(base_pairs_from_dot_bracket(nested))) == 1
    assert multiloops(base_pairs_from_dot_bracket(knotted)) == []


def test_stems_that_abut_become_one() -> None:
    boxes = boxes_to_array([stem_box(2, 17, 2), stem_box(0, 19, 2)])
    assert merged_base_pairs(boxes).tolist() == [[0, 19], [1, 18], [2, 17], [3, 16]]
    assert implied_boxes(boxes).tolist() == [[0, 0, 16, 4, 4], [2, 3, 3, 14, 14]]


def test_stems_imply_the_loops_between_them() -> None:
    boxes = boxes_to_array([stem_box(0, 24, 4), stem_box(6, 17, 4)])
    expected = structure_boxes(base_pairs_from_dot_bracket("((((..((((....))))...))))"))
    assert implied_boxes(boxes).tolist() == expected.tolist()


def test_stems_that_share_a_base_make_no_structure() -> None:
    with pytest.raises(ValueError, match="position 2 has more than one partner"):
        merged_base_pairs(boxes_to_array([stem_box(0, 19, 3), stem_box(2, 12, 1)]))


def test_no_stem_no_box() -> None:
    empty = np.zeros((0, 5), dtype=np.int64)
    assert merged_base_pairs(empty).shape == (0, 2)
    assert implied_boxes(empty).shape == (0, 5)
