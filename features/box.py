"""The one box: a stem, interior loop or hairpin as a rectangle on the L x L grid.

Rows are 5' positions, columns 3' positions, both 0-based; a box covers rows
``[row, row + n_rows)`` and columns ``[col, col + n_cols)``, half-open. Loop boxes include their
closing pairs; bulges are interior loops. In arrays a box is a line of five integers
``(kind, row, col, n_rows, n_cols)``.

The outer pair of any box is ``(row, col + n_cols - 1)``, its upper right pixel; the inner pair of a
stem or interior loop is ``(row + n_rows - 1, col)``, its lower left pixel.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from boxfold.features.structure import IntArray


class BoxKind(IntEnum):
    """Kinds of boxes, in the order used by every array."""

    STEM = 0
    INTERIOR_LOOP = 1
    HAIRPIN = 2

    @property
    def label(self) -> str:
        """Name in tables and metrics: ``stem``, ``interior_loop``, ``hairpin``."""
        return self.name.lower()


class Box(NamedTuple):
    """One box; see the module text for the convention.

    Examples
    --------
    >>> stem = Box(BoxKind.STEM, row=0, col=21, n_rows=4, n_cols=4)
    >>> stem.outer_pair, stem.inner_pair
    ((0, 24), (3, 21))
    """

    kind: BoxKind
    row: int
    col: int
    n_rows: int
    n_cols: int

    @property
    def outer_pair(self) -> tuple[int, int]:
        """Upper right pixel (i, j): outermost pair of a stem, closing pair of a loop."""
        return self.row, self.col + self.n_cols - 1

    @property
    def inner_pair(self) -> tuple[int, int]:
        """Lower left pixel: innermost pair of a stem, inner closing pair of an interior loop."""
        return self.row + self.n_rows - 1, self.col

    @classmethod
    def from_top_right(cls, kind: BoxKind, x: int, y: int, size_x: int, size_y: int) -> "Box":
        """From the prior project's convention: inclusive top-right corner (x, y) and sizes.

        Examples
        --------
        >>> Box.from_top_right(BoxKind.INTERIOR_LOOP, 3, 21, 4, 5).inner_pair
        (6, 17)
        """
        return cls(BoxKind(kind), x, y - size_y + 1, size_x, size_y)

    def to_top_right(self) -> tuple[int, int, int, int]:
        """(x, y, size_x, size_y) of the prior project. Inverse of `from_top_right`."""
        return self.row, self.col + self.n_cols - 1, self.n_rows, self.n_cols


def stem_box(i: int, j: int, n_pairs: int) -> Box:
    """Stem of `n_pairs` pairs (i, j), (i+1, j-1), ...

    Examples
    --------
    >>> stem_box(0, 24, 4)
    Box(kind=<BoxKind.STEM: 0>, row=0, col=21, n_rows=4, n_cols=4)
    """
    return Box(BoxKind.STEM, i, j - n_pairs + 1, n_pairs, n_pairs)


def interior_loop_box(i: int, j: int, k: int, l: int) -> Box:  # noqa: E741
    """Interior loop (or bulge) closed by (i, j) outside and (k, l) inside."""
    return Box(BoxKind.INTERIOR_LOOP, i, l, k - i + 1, j - l + 1)


def hairpin_box(i: int, j: int) -> Box:
    """Hairpin loop closed by (i, j)."""
    return Box(BoxKind.HAIRPIN, i, i, j - i + 1, j - i + 1)


def boxes_to_array(boxes: Iterable[Box]) -> IntArray:
    """Boxes as lines (kind, row, col, n_rows, n_cols). Inverse of `boxes_from_array`.

    Returns
    -------
    ndarray, dtype=int64, shape (N, 5)
    """
    return np.array([tuple(box) for box in boxes], dtype=np.int64).reshape(-1, 5)


def boxes_from_array(array: IntArray) -> list[Box]:
    """Inverse of `boxes_to_array`."""
    return [Box(BoxKind(int(k)), *map(int, rest)) for k, *rest in array]


def outer_pairs(boxes: IntArray) -> IntArray:
    """Upper right pixels (i, j) of box lines.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=int, shape (N, 2)
    """
    return np.stack([boxes[:, 1], boxes[:, 2] + boxes[:, 4] - 1], axis=1)


def inner_pairs(boxes: IntArray) -> IntArray:
    """Lower left pixels of box lines; shape (N, 2)."""
    return np.stack([boxes[:, 1] + boxes[:, 3] - 1, boxes[:, 2]], axis=1)


def stem_base_pairs(boxes: IntArray) -> IntArray:
    """All base pairs of stem lines, stem by stem, outside in.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems; they may abut or conflict, so the result may need `as_base_pairs`.

    Returns
    -------
    ndarray, dtype=int64, shape (sum of n_rows, 2)

    Examples
    --------
    >>> stem_base_pairs(boxes_to_array([stem_box(0, 9, 2)])).tolist()
    [[0, 9], [1, 8]]
    """
    sizes = boxes[:, 3]
    offset = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    outer = np.repeat(outer_pairs(boxes), sizes, axis=0)
    return np.stack([outer[:, 0] + offset, outer[:, 1] - offset], axis=1)


def line_keys(lines: IntArray) -> IntArray:
    """A number for each line of integers: equal lines, equal numbers, in the order of the lines.

    Grouping by it is much faster than ``np.unique(lines, axis=0)``.

    Parameters
    ----------
    lines : ndarray, dtype=int, shape (N, C)
        E.g. of boxes.

    Returns
    -------
    ndarray, dtype=int64, shape (N,)

    Examples
    --------
    >>> line_keys(np.array([[0, 5], [0, 3], [1, 3], [0, 5]])).tolist()
    [2, 0, 3, 2]
    """
    if not len(lines):
        return np.zeros(0, dtype=np.int64)
    lines = lines.astype(np.int64)
    low = lines.min(axis=0)
    return np.ravel_multi_index(tuple((lines - low).T), tuple(lines.max(axis=0) - low + 1))
