"""The knot order against brute force over all ways to place boxes on pages."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.knot_order import KnotOrder, knots, pages_within
from boxfold.features.relations import crosses


@st.composite
def square(draw: st.DrawFn, n_max: int = 6) -> np.ndarray:
    n = draw(st.integers(0, n_max))
    bits = draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))
    upper = np.triu(np.array(bits, dtype=bool).reshape(n, n), 1)
    return upper | upper.T


def is_proper(crossing: np.ndarray, page: tuple[int, ...]) -> bool:
    return all(page[a] != page[b] for a, b in np.argwhere(crossing))


def fits(crossing: np.ndarray, n_pages: int) -> bool:
    return any(is_proper(crossing, page) for page in product(range(n_pages), repeat=len(crossing)))


@given(square(), st.integers(1, 4))
def test_pages_are_found_exactly_where_there_are_some(crossing, n_pages):
    found = pages_within(crossing, n_pages)
    assert (found is not None) == fits(crossing, n_pages)
    if found is not None:
        assert is_proper(crossing, tuple(found.tolist()))
        assert len(found) == 0 or (found.min() == 0 and found.max() < n_pages)


@given(square(), st.integers(1, 2), st.data())
def test_excluded_is_what_needs_more_pages(crossing, max_order, data):
    n = len(crossing)
    order = KnotOrder(crossing, max_order)
    picked = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    picks = np.flatnonzero(picked).tolist()
    inside = fits(crossing[np.ix_(picks, picks)], max_order + 1)
    assert order.is_exceeded(picks) != inside
    if not inside:
        return
    for box, out in enumerate(order.excluded(picked).tolist()):
        grown = sorted({*picks, box})
        assert out == (not fits(crossing[np.ix_(grown, grown)], max_order + 1))
    both = order.excluded_each(np.stack([picked, np.zeros_like(picked)]))
    np.testing.assert_array_equal(both, [order.excluded(picked), np.zeros(n, dtype=bool)])


@given(square())
def test_knots_are_the_connected_boxes(crossing):
    reach = np.linalg.matrix_power(np.eye(len(crossing)) + crossing, max(len(crossing), 1)) > 0
    wanted = {tuple(np.flatnonzero(row).tolist()) for row in reach if row.sum() > 1}
    assert {tuple(knot.tolist()) for knot in knots(crossing)} == wanted


def test_a_chain_of_stems_is_of_order_one_and_three_that_cross_are_not():
    chain = boxes_to_array([stem_box(0, 10, 2), stem_box(6, 20, 2), stem_box(15, 30, 2)])
    assert not KnotOrder(crosses(chain)).is_exceeded([0, 1, 2])
    all_cross = boxes_to_array([stem_box(0, 20, 2), stem_box(4, 25, 2), stem_box(8, 30, 2)])
    order = KnotOrder(crosses(all_cross))
    assert order.excluded(np.array([True, False, True])).tolist() == [False, True, False]
    assert not KnotOrder(crosses(all_cross), 2).is_exceeded([0, 1, 2])


def test_order_zero_is_the_other_mode():
    with pytest.raises(ValueError, match="max_knot_order is 0"):
        KnotOrder(np.zeros((2, 2), dtype=bool), 0)
