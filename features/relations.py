"""How boxes lie to each other, as matrices over all pairs of boxes.

A box holds the bases of its rows and of its columns. Two boxes share a base, or they cross, or one
encloses the other, or they lie beside each other: exactly one of these holds, because the four
strands of two disjoint boxes can be ordered in no other way.
"""

from typing import Literal, get_args

import numpy as np

from boxfold.features.box import BoxKind
from boxfold.features.structure import BoolArray, IntArray

Pseudoknots = Literal["forbid", "allow"]
"""Whether boxes that cross may be picked together."""

MIN_GROOVE_LOOPS = 3
"""Fewest bases that loops 1 and 3 of a pseudoknot hold together.

Of two stems that cross, loop 1 spans the deep groove of the one and loop 3 the shallow groove of
the other. pKiss and DotKnot ask for one base and for two. Bound by bound that forbids a stem of
39 % of the knotted RNAs of bpRNA TR0 and of 16 % of PseudoBase++, where stems abut or a third one
takes the loop's place; the sum of both bounds forbids one of .1 % and of .5 %.
"""


def share_base(boxes: IntArray) -> BoolArray:
    """Which boxes have a base in common; the diagonal is True.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=bool, shape (N, N)
        Symmetric.

    Examples
    --------
    >>> share_base(np.array([[0, 0, 7, 2, 2], [0, 2, 8, 1, 1], [0, 2, 6, 1, 1]])).astype(int)
    array([[1, 1, 0],
           [1, 1, 1],
           [0, 1, 1]])
    """
    row, row_end, col, col_end = _strands(boxes)
    starts, ends = np.stack([row, col]), np.stack([row_end, col_end])
    overlap = (starts[:, None, :, None] < ends[None, :, None, :]) & (
        starts[None, :, None, :] < ends[:, None, :, None]
    )
    return np.logical_or.reduce(overlap, axis=(0, 1))


def crosses(boxes: IntArray) -> BoolArray:
    """Which boxes interleave without sharing a base: together they make a pseudoknot.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=bool, shape (N, N)
        Symmetric. Hairpins cross nothing.

    Examples
    --------
    >>> crosses(np.array([[0, 0, 8, 2, 2], [0, 4, 12, 2, 2], [0, 2, 6, 1, 1]])).astype(int)
    array([[0, 1, 0],
           [1, 0, 1],
           [0, 1, 0]])
    """
    enters = _enters(boxes)
    return enters | enters.T


def too_tight(boxes: IntArray) -> BoolArray:
    """Which boxes cross and leave fewer than `MIN_GROOVE_LOOPS` bases to span their helices.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=bool, shape (N, N)
        Symmetric.

    Examples
    --------
    Strand by strand, 5' to 3': both of the first stems leave one base in loop 1 and none in loop 3.

    >>> too_tight(np.array([[0, 0, 8, 2, 2], [0, 3, 10, 2, 2], [0, 3, 12, 2, 2]])).astype(int)
    array([[0, 1, 0],
           [1, 0, 0],
           [0, 0, 0]])
    """
    row, row_end, col, col_end = _strands(boxes)
    loops = (row[None, :] - row_end[:, None]) + (col[None, :] - col_end[:, None])
    tight = _enters(boxes) & (loops < MIN_GROOVE_LOOPS)
    return tight | tight.T


def encloses(boxes: IntArray) -> BoolArray:
    """Element [a, b]: box b lies strictly inside the inner pair of box a.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=bool, shape (N, N)
        Hairpins enclose nothing.

    Examples
    --------
    >>> encloses(np.array([[0, 0, 8, 2, 2], [0, 4, 12, 2, 2], [0, 2, 6, 1, 1]])).astype(int)
    array([[0, 0, 1],
           [0, 0, 0],
           [0, 0, 0]])
    """
    row, row_end, col, col_end = _strands(boxes)
    return _before(row_end, row) & _before(col_end, col).T


def beside(boxes: IntArray) -> BoolArray:
    """Which boxes lie side by side: one ends before the other begins.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=bool, shape (N, N)
        Symmetric.
    """
    row, _, _, col_end = _strands(boxes)
    left = _before(col_end, row)
    return left | left.T


def closed_by_same_pair(boxes: IntArray) -> BoolArray:
    """Which boxes lie side by side inside some stem of the set, so that it can close both.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=bool, shape (N, N)
        Symmetric; the pairs of boxes that can be branches of one multi-branch loop.
    """
    inside = encloses(boxes)[boxes[:, 0] == BoxKind.STEM].astype(np.float32)
    return beside(boxes) & (inside.T @ inside > 0)


def conflict_matrix(boxes: IntArray, pseudoknots: Pseudoknots = "forbid") -> BoolArray:
    """Which stems can't be picked together.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems.
    pseudoknots : {"forbid", "allow"}
        With "forbid", stems that cross are in conflict too; with "allow" those that cross and are
        `too_tight`.

    Returns
    -------
    ndarray, dtype=bool, shape (N, N)
        Symmetric, True on the diagonal: no stem can be picked twice.

    Raises
    ------
    ValueError
        If a box is no stem, or `pseudoknots` is another word.
    """
    if pseudoknots not in get_args(Pseudoknots):
        raise ValueError(f"pseudoknots is '{pseudoknots}' (allowed: forbid, allow)")
    if np.any(boxes[:, 0] != BoxKind.STEM):
        raise ValueError("conflict_matrix takes stems only")
    conflict = share_base(boxes)
    return conflict | (crosses(boxes) if pseudoknots == "forbid" else too_tight(boxes))


def _strands(boxes: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Half-open ranges of the two strands: row, row_end, col, col_end."""
    _, row, col, n_rows, n_cols = boxes.T
    return row, row + n_rows, col, col + n_cols


def _enters(boxes: IntArray) -> BoolArray:
    """Element [a, b]: box b crosses box a from its inside, 5' to 3'."""
    row, row_end, col, col_end = _strands(boxes)
    return _before(row_end, row) & _before(row_end, col).T & _before(col_end, col)


def _before(end: IntArray, start: IntArray) -> BoolArray:
    """Element [a, b]: the strand of a that stops at `end` lies before the one of b."""
    return end[:, None] <= start[None, :]
