"""How knotted a set of boxes may be: as many bracket pages as its order allows, plus one.

Boxes that cross need different pages, ``()`` and ``[]`` and so on. A set of order k needs k + 1
pages: nested sets have order 0, H-type knots and kissing hairpins order 1.
"""

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]  # of `structure`, which builds on this module
IntArray = NDArray[np.integer]

DEFAULT_MAX_ORDER = 1
"""One page besides ``()``: 98.5 % of the knotted RNAs of bpRNA TR0 and all of PseudoBase++."""


class KnotOrder:
    """What the limit of the knot order rules out, on top of conflicts between two boxes.

    Parameters
    ----------
    crossing : ndarray, dtype=bool, shape (N, N)
        Which boxes cross, see `relations.crosses`.
    max_order : int
        Largest order allowed, at least 1.

    Raises
    ------
    ValueError
        If `max_order` is less than 1.

    Examples
    --------
    Three boxes that all cross each other need three pages.

    >>> order = KnotOrder(~np.eye(3, dtype=bool))
    >>> order.excluded(np.array([True, True, False])).tolist()
    [False, False, True]
    >>> order.is_exceeded([0, 1, 2]), order.is_exceeded([0, 2])
    (True, False)
    """

    def __init__(self, crossing: BoolArray, max_order: int = DEFAULT_MAX_ORDER) -> None:
        if max_order < 1:
            raise ValueError(f"max_knot_order is {max_order} (allowed: at least 1)")
        self.crossing, self.max_order = crossing, max_order

    def excluded(self, picked: BoolArray) -> BoolArray:
        """Boxes that would take a set beyond the order.

        Parameters
        ----------
        picked : ndarray, dtype=bool, shape (N,)
            A set within the order.

        Returns
        -------
        ndarray, dtype=bool, shape (N,)
            Nothing that is picked. What is excluded stays so when the set grows.
        """
        result = np.zeros(len(picked), dtype=bool)
        picks = np.flatnonzero(picked)
        if not self.crossing[np.ix_(picks, picks)].any():
            return result  # whatever crosses a nested set goes to the second page
        n_crossed = self.crossing[:, picks].sum(axis=1)
        for box in np.flatnonzero((n_crossed > self.max_order) & ~picked).tolist():
            result[box] = self.is_exceeded([*picks.tolist(), box])
        return result

    def excluded_each(self, picked: BoolArray) -> BoolArray:
        """`excluded` of several sets, (B, N) to (B, N)."""
        result = np.zeros_like(picked)
        for row in np.flatnonzero(((picked @ self.crossing) & picked).any(axis=1)).tolist():
            result[row] = self.excluded(picked[row])
        return result

    def is_exceeded(self, picks: list[int]) -> bool:
        """Whether a set needs more pages than allowed."""
        return pages_within(self.crossing[np.ix_(picks, picks)], self.max_order + 1) is None


def pages_within(crossing: BoolArray, n_pages: int) -> IntArray | None:
    """A page for each box so that no two of one page cross, or None if the pages do not suffice.

    Exact. The box with the fewest pages left is placed first, so that two pages are settled
    without a second try.

    Parameters
    ----------
    crossing : ndarray, dtype=bool, shape (K, K)
        Symmetric, diagonal False.
    n_pages : int

    Returns
    -------
    ndarray, dtype=int64, shape (K,), or None
        Pages from 0. The first box of each knot has page 0.

    Examples
    --------
    >>> pentagon = np.roll(np.eye(5, dtype=bool), 1, axis=0)
    >>> pentagon |= pentagon.T
    >>> pages_within(pentagon, 2) is None, pages_within(pentagon, 3).tolist()
    (True, [0, 1, 0, 1, 2])
    """
    page = np.zeros(len(crossing), dtype=np.int64)
    for knot in knots(crossing):
        found = _colours(crossing[np.ix_(knot, knot)], n_pages)
        if found is None:
            return None
        page[knot] = found
    return page


def knots(crossing: BoolArray) -> list[IntArray]:
    """Boxes that hang together by crossings, apart from each other; single ones left out.

    Parameters
    ----------
    crossing : ndarray, dtype=bool, shape (K, K)

    Returns
    -------
    list of ndarray, dtype=int64
        Rising indices.

    Examples
    --------
    >>> crossing = np.zeros((4, 4), dtype=bool)
    >>> crossing[0, 2] = crossing[2, 0] = True
    >>> [knot.tolist() for knot in knots(crossing)]
    [[0, 2]]
    """
    left = crossing.any(axis=1)
    found: list[IntArray] = []
    while left.any():
        inside = np.zeros_like(left)
        inside[left.argmax()] = True
        while (grown := inside | crossing[inside].any(axis=0)).sum() > inside.sum():
            inside = grown
        found.append(np.flatnonzero(inside))
        left &= ~inside
    return found


def _colours(crossing: BoolArray, n_pages: int) -> IntArray | None:
    """Pages of the boxes of one knot, by backtracking."""
    n = len(crossing)
    neighbours = [np.flatnonzero(row).tolist() for row in crossing]
    page = [-1] * n

    def place(n_placed: int, n_used: int) -> bool:
        if n_placed == n:
            return True
        taken = {b: {page[a] for a in neighbours[b]} - {-1} for b in range(n) if page[b] < 0}
        box = max(taken, key=lambda b: (len(taken[b]), -b))
        for candidate in range(min(n_used + 1, n_pages)):  # unused pages are all alike
            if candidate not in taken[box]:
                page[box] = candidate
                if place(n_placed + 1, max(n_used, candidate + 1)):
                    return True
        page[box] = -1
        return False

    return np.array(page) if place(0, 0) else None
