"""Secondary structures: base pairs, pair tables and dot-bracket strings.

Positions are 0-based. A structure is a set of base pairs ``(i, j)`` with ``i < j`` in which no
position pairs twice; pairs may cross (pseudoknots). The canonical carrier is ``base_pairs``, an
int array of shape (K, 2) sorted by ``i``.
"""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.errors import InputError
from boxfold.features.knot_order import knots, pages_within

MIN_HAIRPIN = 3
"""Fewest unpaired bases that a hairpin loop can hold."""

CANONICAL_PAIRS = frozenset({"AU", "UA", "GC", "CG", "GU", "UG"})

OPENING = "([{<ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CLOSING = ")]}>abcdefghijklmnopqrstuvwxyz"
"""Brackets by page."""

IntArray = NDArray[np.integer]
BoolArray = NDArray[np.bool_]


def as_base_pairs(pairs: object) -> IntArray:
    """Bring pairs into the canonical form: int array, shape (K, 2), ``i < j``, sorted.

    Parameters
    ----------
    pairs : array_like of int, shape (K, 2)
        Pairs in any order; K may be 0.

    Returns
    -------
    ndarray, dtype=int64, shape (K, 2)

    Raises
    ------
    ValueError
        If a position pairs with itself or with two partners, or is no whole number.

    Examples
    --------
    >>> as_base_pairs([(9, 0), (1, 8)]).tolist()
    [[0, 9], [1, 8]]
    """
    found = np.asarray(pairs)
    if found.size and found.dtype.kind not in "iu":
        raise ValueError("pairs must be whole numbers")
    array = np.sort(found.astype(np.int64).reshape(-1, 2), axis=1)
    array = array[np.argsort(array[:, 0], kind="stable")]
    positions, counts = np.unique(array, return_counts=True)
    if len(positions) != array.size:
        raise ValueError(f"position {positions[counts > 1][0]} has more than one partner")
    return array


def pair_table(base_pairs: IntArray, length: int) -> IntArray:
    """Partner of each position, -1 where unpaired. Inverse of `base_pairs_from_pair_table`.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
    length : int

    Returns
    -------
    ndarray, dtype=int64, shape (length,)

    Examples
    --------
    >>> pair_table(np.array([[0, 4]]), 6).tolist()
    [4, -1, -1, -1, 0, -1]
    """
    table = np.full(length, -1, dtype=np.int64)
    table[base_pairs[:, 0]] = base_pairs[:, 1]
    table[base_pairs[:, 1]] = base_pairs[:, 0]
    return table


def base_pairs_from_pair_table(table: IntArray) -> IntArray:
    """Base pairs of a pair table. Inverse of `pair_table`.

    Parameters
    ----------
    table : ndarray, dtype=int, shape (L,)

    Returns
    -------
    ndarray, dtype=int64, shape (K, 2)

    Raises
    ------
    ValueError
        If the table is not symmetric.

    Examples
    --------
    >>> base_pairs_from_pair_table(np.array([4, -1, -1, -1, 0, -1])).tolist()
    [[0, 4]]
    """
    table = np.asarray(table, dtype=np.int64)
    paired = np.flatnonzero(table >= 0)
    if np.any(table[paired] >= len(table)) or np.any(table[table[paired]] != paired):
        raise ValueError("pair table is not symmetric")
    left = paired[table[paired] > paired]
    return np.stack([left, table[left]], axis=1)


def base_pairs_from_dot_bracket(dot_bracket: str) -> IntArray:
    """Base pairs of a dot-bracket string with any number of pages. Inverse of `dot_bracket`.

    Pages are ``()``, ``[]``, ``{}``, ``<>``, ``Aa`` ... ``Zz``; ``.`` is unpaired.

    Parameters
    ----------
    dot_bracket : str

    Returns
    -------
    ndarray, dtype=int64, shape (K, 2)

    Raises
    ------
    InputError
        If brackets do not balance or another character occurs.

    Examples
    --------
    >>> base_pairs_from_dot_bracket("((..[.))..]").tolist()
    [[0, 7], [1, 6], [4, 10]]
    """
    stacks: dict[str, list[int]] = {}
    pairs = []
    for position, symbol in enumerate(dot_bracket):
        if symbol == ".":
            continue
        if symbol in OPENING:
            stacks.setdefault(symbol, []).append(position)
        elif symbol in CLOSING:
            opening = OPENING[CLOSING.index(symbol)]
            if not stacks.get(opening):
                raise InputError(
                    f"unbalanced dot-bracket: '{symbol}' at position {position + 1} closes nothing"
                )
            pairs.append((stacks[opening].pop(), position))
        else:
            raise InputError(
                f"'{symbol}' at position {position + 1} is no dot-bracket character "
                "(allowed: . () [] {} <> Aa-Zz)"
            )
    for opening, stack in stacks.items():
        if stack:
            raise InputError(
                f"unbalanced dot-bracket: '{opening}' at position {stack[-1] + 1} is never closed"
            )
    return as_base_pairs(pairs)


def pages(base_pairs: IntArray) -> IntArray:
    """Bracket page of each pair, so that no two pairs of one page cross.

    Whole helices are placed together, the largest first, each on the lowest page where it
    crosses nothing; so the main helices get ``()``. Where that takes more than two pages and two
    suffice, there are two, and of each knot the side with more pairs gets ``()``.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)

    Returns
    -------
    ndarray, dtype=int64, shape (K,)

    Examples
    --------
    >>> pages(np.array([[0, 7], [1, 6], [4, 10]])).tolist()
    [0, 0, 1]
    """
    pairs = np.asarray(base_pairs, dtype=np.int64).reshape(-1, 2)
    page = np.full(len(pairs), -1, dtype=np.int64)
    if not len(pairs):
        return page
    crossing = crossing_pairs(pairs)
    helix = np.concatenate([[0], np.cumsum(~is_stacked_on_previous(pairs))])
    sizes = np.bincount(helix)
    for index in np.argsort(-sizes, kind="stable"):
        members = np.flatnonzero(helix == index)
        taken = set(page[crossing[members].any(axis=0)].tolist())
        page[members] = next(p for p in range(len(pairs) + 1) if p not in taken)
    if page.max() > 1:
        first = np.unique(helix, return_index=True)[1]
        two = _two_pages(crossing[np.ix_(first, first)], sizes)
        page = page if two is None else two[helix]
    return page


def _two_pages(crossing: BoolArray, sizes: IntArray) -> IntArray | None:
    """Page of each helix if two suffice."""
    page = pages_within(crossing, 2)
    if page is None:
        return None
    for knot in knots(crossing):
        side = page[knot]
        if sizes[knot][side == 1].sum() > sizes[knot][side == 0].sum():
            page[knot] = 1 - side
    return page


def is_stacked_on_previous(base_pairs: IntArray) -> BoolArray:
    """For pairs 1..K-1 of a sorted structure: is it (i+1, j-1) of the pair before it?

    Returns
    -------
    ndarray, dtype=bool, shape (K - 1,)
    """
    step = np.diff(base_pairs, axis=0)
    return (step[:, 0] == 1) & (step[:, 1] == -1)


def crossing_pairs(base_pairs: IntArray) -> BoolArray:
    """Which pairs cross: ``i < k < j < l`` or the other way round.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)

    Returns
    -------
    ndarray, dtype=bool, shape (K, K)
    """
    i, j = base_pairs[:, 0], base_pairs[:, 1]
    enters = (i[:, None] < i[None, :]) & (i[None, :] < j[:, None]) & (j[:, None] < j[None, :])
    return enters | enters.T


def is_nested(base_pairs: IntArray) -> bool:
    """True if no two pairs cross."""
    return not crossing_pairs(base_pairs).any()


def dot_bracket(base_pairs: IntArray, length: int) -> str:
    """Dot-bracket string of a structure. Inverse of `base_pairs_from_dot_bracket`.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
    length : int

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the structure needs more than 30 pages.

    Examples
    --------
    >>> dot_bracket(np.array([[0, 7], [1, 6], [4, 10]]), 11)
    '((..[.))..]'
    """
    text = np.full(length, ".", dtype="<U1")
    page = pages(base_pairs)
    if len(page) and page.max() >= len(OPENING):
        raise ValueError(f"structure needs {page.max() + 1} bracket pages, at most {len(OPENING)}")
    text[base_pairs[:, 0]] = np.array(list(OPENING))[page]
    text[base_pairs[:, 1]] = np.array(list(CLOSING))[page]
    return "".join(text.tolist())
