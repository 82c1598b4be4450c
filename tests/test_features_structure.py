import re

import numpy as np
import pytest

from boxfold.features.errors import InputError
from boxfold.features.structure import (
    as_base_pairs,
    base_pairs_from_dot_bracket,
    base_pairs_from_pair_table,
    crossing_pairs,
    dot_bracket,
    is_nested,
    is_stacked_on_previous,
    pages,
    pair_table,
)


def test_pairs_are_brought_into_order() -> None:
    pairs = as_base_pairs([(7, 1), (0, 8), (5, 3)])
    assert pairs.dtype == np.int64
    assert pairs.tolist() == [[0, 8], [1, 7], [3, 5]]
    assert as_base_pairs([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("pairs", "position"), [([(0, 4), (4, 8)], 4), ([(3, 3)], 3), ([(0, 5), (0, 5)], 0)]
)
def test_a_position_has_one_partner(pairs: list[tuple[int, int]], position: int) -> None:
    with pytest.raises(ValueError, match=f"position {position} has more than one partner"):
        as_base_pairs(pairs)


def test_pair_table_by_hand() -> None:
    table = pair_table(np.array([[0, 7], [1, 6], [4, 10]]), 12)
    assert table.tolist() == [7, 6, -1, -1, 10, -1, 1, 0, -1, -1, 4, -1]


@pytest.mark.parametrize("table", [[1, -1], [5, -1], [1, 2, 0]])
def test_pair_table_must_be_symmetric(table: list[int]) -> None:
    with pytest.raises(ValueError, match="not symmetric"):
        base_pairs_from_pair_table(np.array(table))


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("....", []),
        ("(())", [[0, 3], [1, 2]]),
        ("([)]", [[0, 2], [1, 3]]),
        ("(.{.<.).}.>", [[0, 6], [2, 8], [4, 10]]),
        ("Z.A.z.a", [[0, 4], [2, 6]]),
    ],
)
def test_dot_bracket_by_hand(text: str, pairs: list[list[int]]) -> None:
    assert base_pairs_from_dot_bracket(text).tolist() == pairs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("((..)", "'(' at position 1 is never closed"),
        ("(..))", "')' at position 5 closes nothing"),
        ("[..)", "')' at position 4 closes nothing"),
        ("(.[.)", "'[' at position 3 is never closed"),
        ("(.-.)", "'-' at position 3 is no dot-bracket character"),
    ],
)
def test_wrong_dot_bracket_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        base_pairs_from_dot_bracket(text)


def test_the_larger_helix_gets_the_round_brackets() -> None:
    # An H-type pseudoknot of two pairs on the 5' side and three crossing them.
    pairs = as_base_pairs([(0, 9), (1, 8), (4, 14), (5, 13), (6, 12)])
    assert pages(pairs).tolist() == [1, 1, 0, 0, 0]
    assert dot_bracket(pairs, 16) == "[[..(((.]]..)))."


def test_pages_of_three_helices_that_all_cross() -> None:
    pairs = as_base_pairs([(0, 3), (1, 4), (2, 5)])
    assert dot_bracket(pairs, 6) == "([{)]}"
    assert pages(np.zeros((0, 2), dtype=np.int64)).tolist() == []


def test_a_chain_of_knots_takes_two_pages() -> None:
    # Largest first, both large helices would get (), and the two between them [ and {.
    chain = [(0, 12), (1, 11), (2, 10), (8, 22), (18, 34), (30, 44), (31, 43), (32, 42)]
    assert pages(as_base_pairs(chain)).tolist() == [0, 0, 0, 1, 0, 1, 1, 1]
    assert pages(as_base_pairs(chain[2:])).tolist() == [1, 0, 1, 0, 0, 0]


def test_at_most_thirty_pages_can_be_written() -> None:
    all_cross = np.stack([np.arange(31), np.arange(31, 62)], axis=1)
    assert dot_bracket(all_cross[:30] - [0, 1], 60).startswith("([{<ABC")
    with pytest.raises(ValueError, match="needs 31 bracket pages, at most 30"):
        dot_bracket(all_cross, 62)


def test_crossing_and_stacking_by_hand() -> None:
    pairs = base_pairs_from_dot_bracket("((..[.))..]")
    assert crossing_pairs(pairs).tolist() == [
        [False, False, True],
        [False, False, True],
        [True, True, False],
    ]
    assert is_stacked_on_previous(pairs).tolist() == [True, False]
    assert not is_nested(pairs)
    assert is_nested(pairs[:2])
    assert is_nested(pairs[:0])
