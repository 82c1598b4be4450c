"""Structure to boxes and back: stems, interior loops, hairpins; multi-branch loops as pairs.

A stem is a maximal run of stacked pairs, whatever it crosses. An interior loop (or bulge) lies
between two stems when every base between them is unpaired on both sides; a hairpin lies inside a
pair when every base within is unpaired and there is at least one. A multi-branch loop is no box
but a relation between closing pairs. A loop that a crossing pair reaches into is none of these.
"""

import numpy as np

from boxfold.features.box import BoxKind, inner_pairs, stem_base_pairs
from boxfold.features.relations import closed_by_same_pair
from boxfold.features.structure import (
    IntArray,
    as_base_pairs,
    is_stacked_on_previous,
    pair_table,
)


def structure_boxes(base_pairs: IntArray) -> IntArray:
    """All boxes of a structure. Inverse of `merged_base_pairs`, which needs only the stems.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
        In the canonical form of `as_base_pairs`; pairs may cross.

    Returns
    -------
    ndarray, dtype=int64, shape (N, 5)
        Lines (kind, row, col, n_rows, n_cols): stems, then interior loops, then hairpins, each
        sorted by row.

    Examples
    --------
    >>> from boxfold.features.structure import base_pairs_from_dot_bracket
    >>> structure_boxes(base_pairs_from_dot_bracket("((((..((((....))))...))))")).tolist()
    [[0, 0, 21, 4, 4], [0, 6, 14, 4, 4], [1, 3, 17, 4, 5], [2, 9, 9, 6, 6]]
    """
    stem_lines = stems(base_pairs)
    if not len(stem_lines):
        return stem_lines
    table = pair_table(base_pairs, int(base_pairs.max()) + 1)
    i, j = inner_pairs(stem_lines).T
    first, last = _paired_inside(table, i, j)
    interior = (first < j) & (table[first] == last)
    hairpin = (first == j) & (j - i > 1)
    loops = np.stack([i, last, first - i + 1, j - last + 1], axis=1)[interior]
    size = (j - i + 1)[hairpin]
    hairpins = np.stack([i[hairpin], i[hairpin], size, size], axis=1)
    return np.concatenate(
        [stem_lines, _lines(BoxKind.INTERIOR_LOOP, loops), _lines(BoxKind.HAIRPIN, hairpins)]
    )


def stems(base_pairs: IntArray) -> IntArray:
    """Stems of a structure: its maximal runs of stacked pairs, single pairs included.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
        In the canonical form of `as_base_pairs`; pairs may cross.

    Returns
    -------
    ndarray, dtype=int64, shape (N, 5)
        Sorted by row.

    Examples
    --------
    >>> stems(np.array([[0, 9], [1, 8], [3, 7]])).tolist()
    [[0, 0, 8, 2, 2], [0, 3, 7, 1, 1]]
    """
    pairs = np.asarray(base_pairs, dtype=np.int64).reshape(-1, 2)
    first = np.flatnonzero(np.concatenate([[True], ~is_stacked_on_previous(pairs)])[: len(pairs)])
    size = np.diff(np.append(first, len(pairs)))
    rectangles = np.stack([pairs[first, 0], pairs[first, 1] - size + 1, size, size], axis=1)
    return _lines(BoxKind.STEM, rectangles)


def merged_base_pairs(stem_boxes: IntArray) -> IntArray:
    """Structure that stems make together; stems that abut become one by themselves.

    Parameters
    ----------
    stem_boxes : ndarray, dtype=int, shape (N, 5)
        Stems in any order; they may cross.

    Returns
    -------
    ndarray, dtype=int64, shape (K, 2)
        In canonical form.

    Raises
    ------
    ValueError
        If two stems share a base.

    Examples
    --------
    >>> pairs = merged_base_pairs(np.array([[0, 2, 6, 1, 1], [0, 0, 7, 2, 2]]))
    >>> pairs.tolist(), stems(pairs).tolist()
    ([[0, 8], [1, 7], [2, 6]], [[0, 0, 6, 3, 3]])
    """
    return as_base_pairs(stem_base_pairs(stem_boxes))


def implied_boxes(stem_boxes: IntArray) -> IntArray:
    """Boxes of the structure that stems make together: stems merged, and the loops they imply.

    Parameters
    ----------
    stem_boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=int64, shape (M, 5)
        As `structure_boxes` returns them.

    Raises
    ------
    ValueError
        If two stems share a base.
    """
    return structure_boxes(merged_base_pairs(stem_boxes))


def multiloops(base_pairs: IntArray) -> list[IntArray]:
    """Multi-branch loops, each as its closing pairs: the outer one, then the branches.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
        In canonical form. Loops that a crossing pair reaches into are left out.

    Returns
    -------
    list of ndarray, dtype=int64, shape (1 + n_branches, 2)
        By the row of the outer pair; ``n_branches`` is at least 2.

    Examples
    --------
    >>> from boxfold.features.structure import base_pairs_from_dot_bracket
    >>> [loop.tolist() for loop in multiloops(base_pairs_from_dot_bracket("((..(...)(...)..))"))]
    [[[1, 16], [4, 8], [9, 13]]]
    """
    if not len(base_pairs):
        return []
    table = pair_table(base_pairs, int(base_pairs.max()) + 1)
    closing = [_closing_pairs(table, i, j) for i, j in inner_pairs(stems(base_pairs)).tolist()]
    return [np.array(pairs, dtype=np.int64) for pairs in closing if len(pairs) > 2]


def _closing_pairs(table: IntArray, i: int, j: int) -> list[tuple[int, int]]:
    """Pair (i, j) and the branches directly inside it; empty if a crossing pair intrudes."""
    pairs = [(i, j)]
    position = i + 1
    while position < j:
        partner = int(table[position])
        if partner < 0:
            position += 1
        elif position < partner < j:
            pairs.append((position, partner))
            position = partner + 1
        else:
            return []
    return pairs


def _paired_inside(table: IntArray, i: IntArray, j: IntArray) -> tuple[IntArray, IntArray]:
    """First paired position after each i and last paired one before each j."""
    paired = np.flatnonzero(table >= 0)
    return paired[np.searchsorted(paired, i) + 1], paired[np.searchsorted(paired, j) - 1]


def _lines(kind: BoxKind, rectangles: IntArray) -> IntArray:
    """Prepend the kind to (row, col, n_rows, n_cols)."""
    return np.insert(rectangles, 0, kind, axis=1)


def has_multiloop(base_pairs: IntArray) -> bool:
    """Whether two stems of a nested structure lie side by side inside of a third.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int64, shape (K, 2)

    Examples
    --------
    >>> from boxfold.features.structure import base_pairs_from_dot_bracket
    >>> [
    ...     has_multiloop(base_pairs_from_dot_bracket(dot_bracket))
    ...     for dot_bracket in ("((..((...))..((...))..))", "((...))((...))", "....")
    ... ]
    [True, False, False]
    """
    return bool(closed_by_same_pair(stems(base_pairs)).any())
