"""How pixels along a box's edges point to it: the shift of location classes from pixel to pixel.

The customer's notes looked at one box by eye: from pixel to pixel the most probable location
moves on by one class, while the size stays, and some pixels outside a box still point to it. Here
pixels are counted by *line* (the box's top row, its right column, the anti-diagonal of a stem) and
by *offset* from the box's corner, its upper right pixel; offsets grow to the left and down, those
of pixels before the corner are negative.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, outer_pairs
from boxfold.features.structure import BoolArray, IntArray
from boxfold.s1.box_targets import BOX_HEADS, N_LOCATION, N_SIZE, size_class
from boxfold.s1.votes import sigmoid

LINES = {"top_row": (0, 1), "right_column": (1, 0), "anti_diagonal": (1, 1)}
"""Steps of each line: rows down and columns to the left per offset."""

OUTSIDE = 10
"""Pixels before and after a box that are looked at."""

FloatArray = NDArray[np.float32]


class LinePixels(NamedTuple):
    """Pixels of the strict upper triangle along one line of each box.

    Attributes
    ----------
    box : ndarray, dtype=int64, shape (P,)
        Index of the box.
    offset : ndarray, dtype=int64, shape (P,)
        From the corner.
    beyond : ndarray, dtype=int64, shape (P,)
        Steps past the last pixel inside the box; positive behind it.
    i, j : ndarray, dtype=int64, shape (P,)
    """

    box: IntArray
    offset: IntArray
    beyond: IntArray
    i: IntArray
    j: IntArray

    @property
    def is_inside(self) -> BoolArray:
        """Which pixels the box covers."""
        return (self.offset >= 0) & (self.beyond <= 0)


def line_pixels(boxes: IntArray, length: int, line: str, outside: int = OUTSIDE) -> LinePixels:
    """Pixels along a line of each box, and `outside` more on both sides as far as there are.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    length : int
        Size of the grid.
    line : str
        Of `LINES`; ``anti_diagonal`` only for square boxes.
    outside : int

    Returns
    -------
    LinePixels

    Examples
    --------
    >>> pixels = line_pixels(np.array([[0, 0, 6, 2, 2]]), 9, "top_row", 1)
    >>> pixels.offset.tolist(), pixels.i.tolist(), pixels.j.tolist()
    ([-1, 0, 1, 2], [0, 0, 0, 0], [8, 7, 6, 5])
    """
    down, left = LINES[line]
    sizes = boxes[:, 3] if down else boxes[:, 4]
    counts = sizes + 2 * outside
    box = np.repeat(np.arange(len(boxes)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) - outside
    row, column = outer_pairs(boxes)[box].T
    i, j = row + down * offset, column - left * offset
    pixels = LinePixels(box, offset, offset - sizes[box] + 1, i, j)
    return LinePixels._make(part[(i >= 0) & (j < length) & (i < j)] for part in pixels)


class Aim(NamedTuple):
    """Where pixels point, compared with one box each; nan where no class can say it.

    Classes can say locations 0 to 10 steps left of and below the corner, sizes up to 10.

    Attributes
    ----------
    on_probability : ndarray, dtype=float32, shape (P,)
    location_share, size_share : ndarray, dtype=float32, shape (P,)
        1 where the most probable classes are right: both of the location, all of the size. For
        sizes over 10 the catch-all is right.
    location_probability, size_probability : ndarray, dtype=float32, shape (P,)
        Product of the probabilities of the right classes.
    vote_share : ndarray, dtype=float32, shape (P,)
        1 where location and size point exactly at the box: a softmax vote for it.
    """

    on_probability: FloatArray
    location_share: FloatArray
    location_probability: FloatArray
    size_share: FloatArray
    size_probability: FloatArray
    vote_share: FloatArray


def aims(kind: BoxKind, logits: FloatArray, boxes: IntArray, i: IntArray, j: IntArray) -> Aim:
    """Compare pixels with the box that each should point to.

    Parameters
    ----------
    kind : BoxKind
    logits : ndarray, dtype=float32, shape (123, P)
        Of the boxes heads.
    boxes : ndarray, dtype=int, shape (P, 5)
        A box of this kind for each pixel.
    i, j : ndarray, dtype=int, shape (P,)

    Returns
    -------
    Aim
    """
    right = {output: np.ones(len(i), dtype=bool) for output in ("location", "size")}
    probability = {output: np.ones(len(i), dtype=np.float32) for output in right}
    for head in BOX_HEADS:
        if head.kind is kind and head.output in right:
            classes = softmax(logits[head.channels])
            truth = right_class(head.output, head.axis, boxes, i, j)
            right[head.output] &= classes.argmax(axis=0) == truth
            probability[head.output] *= classes[truth, np.arange(len(i))]
    located, sized = is_expressible(boxes, i, j)
    on = next(head for head in BOX_HEADS if head.kind is kind and head.output == "on")
    return Aim(
        sigmoid(logits[on.channels.start]),
        _where(located, right["location"]),
        _where(located, probability["location"]),
        right["size"].astype(np.float32),
        probability["size"],
        _where(located & sized, right["location"] & right["size"]),
    )


def right_class(output: str, axis: int, boxes: IntArray, i: IntArray, j: IntArray) -> IntArray:
    """Class of a location or size head at which a pixel points to its box; shape (P,).

    Where no class can say it, the nearest one.
    """
    if output == "size":
        return size_class(boxes[:, 3 + axis])
    steps = boxes[:, 2] + boxes[:, 4] - 1 - j if axis else i - boxes[:, 1]
    return np.clip(steps, 0, N_LOCATION - 1)


def is_expressible(boxes: IntArray, i: IntArray, j: IntArray) -> tuple[BoolArray, BoolArray]:
    """Can the location, can the size of each pixel's box be said without the catch-all?"""
    steps = np.stack([i - boxes[:, 1], boxes[:, 2] + boxes[:, 4] - 1 - j])
    located = np.all((steps >= 0) & (steps < N_LOCATION - 1), axis=0)
    return np.asarray(located), np.asarray(np.all(boxes[:, 3:] < N_SIZE, axis=1))


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities over the first axis."""
    exponential = np.exp(logits - logits.max(axis=0))
    return exponential / exponential.sum(axis=0)


def _where(defined: BoolArray, values: NDArray) -> FloatArray:
    return np.where(defined, values, np.nan).astype(np.float32)
