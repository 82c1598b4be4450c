"""Targets of the *boxes* heads: the customer's per-pixel on, location and size outputs.

Each pixel of a box points to that box. Its location is the distance to the box's upper right
pixel, ``x = i - row`` and ``y = column of the outer pair - j``; its size is that of the box. Both
are classes with a catch-all at the end; the size is also a plain number (scalar). Only the strict
upper triangle counts, and for *on* only pixels near some box.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from boxfold.features.box import BoxKind
from boxfold.features.structure import BoolArray, IntArray

N_LOCATION = 12
"""Location classes 0..10 and the catch-all 11 (further away)."""

N_SIZE = 11
"""Size classes 0..9 for 1..10 and the catch-all 10 (larger)."""

UNMASK_OFFSET = 10
"""How far around a box *on* is trained and measured."""


class BoxHead(NamedTuple):
    """One of the 17 outputs per pixel.

    Attributes
    ----------
    kind : BoxKind
    output : str
        ``on``, ``location``, ``size`` (classes) or ``size_l1`` (scalar).
    axis : int
        0 for x (rows), 1 for y (columns); a square box has one size, axis 0.
    name : str
        E.g. ``interior_loop/size_x_l1``.
    channels : slice
        Of the 123 output channels.
    """

    kind: BoxKind
    output: str
    axis: int
    name: str
    channels: slice


def _layout() -> tuple[BoxHead, ...]:
    heads: list[BoxHead] = []
    start = 0
    for kind in BoxKind:
        axes = ("_x", "_y") if kind is BoxKind.INTERIOR_LOOP else ("",)
        outputs = [("on", 0, "on", 1)]
        outputs += [("location", a, f"location_{xy}", N_LOCATION) for a, xy in enumerate("xy")]
        outputs += [("size", a, f"size{xy}", N_SIZE) for a, xy in enumerate(axes)]
        outputs += [("size_l1", a, f"size{xy}_l1", 1) for a, xy in enumerate(axes)]
        for output, axis, name, width in outputs:
            channels = slice(start, start + width)
            heads.append(BoxHead(kind, output, axis, f"{kind.label}/{name}", channels))
            start += width
    return tuple(heads)


BOX_HEADS = _layout()
"""All heads in channel order: per kind on, location x and y, size classes, size scalars."""

N_BOX_CHANNELS = BOX_HEADS[-1].channels.stop


class BoxTargets(NamedTuple):
    """Targets of one structure, or of a batch with B in front of every shape.

    Attributes
    ----------
    on : ndarray, dtype=bool, shape (3, L, L)
        Pixels of boxes, by kind; hairpins include their lower half.
    inside : ndarray, dtype=bool, shape (3, L, L)
        `on` in the strict upper triangle: where location and size are trained and measured.
    on_mask : ndarray, dtype=bool, shape (L, L)
        Strict upper triangle near any box: where `on` is trained and measured.
    location : ndarray, dtype=int16, shape (3, 2, L, L)
        Classes of x and y; 0 outside boxes.
    size : ndarray, dtype=int16, shape (3, 2, L, L)
        Rows and columns of the box; 0 outside boxes. See `size_class`.
    """

    on: BoolArray
    inside: BoolArray
    on_mask: BoolArray
    location: IntArray
    size: IntArray


def size_class(size: IntArray) -> IntArray:
    """Class of sizes >= 1: ``size - 1``, larger ones in the catch-all."""
    return np.clip(size, 1, N_SIZE) - 1


def box_pixels(boxes: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """All pixels of box lines, box by box.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    line, i, j : ndarray, dtype=int64, shape (sum of areas,)
        Index into `boxes`, row and column.
    """
    areas = boxes[:, 3] * boxes[:, 4]
    line = np.repeat(np.arange(len(boxes)), areas)
    within = np.arange(areas.sum()) - np.repeat(np.cumsum(areas) - areas, areas)
    i = boxes[line, 1] + within // boxes[line, 4]
    j = boxes[line, 2] + within % boxes[line, 4]
    return line, i, j


def near_boxes(boxes: IntArray, length: int, offset: int = UNMASK_OFFSET) -> BoolArray:
    """Strict upper triangle within `offset` rows and columns of any box.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    length : int
    offset : int

    Returns
    -------
    ndarray, dtype=bool, shape (length, length)
    """
    top = np.clip(boxes[:, 1] - offset, 0, length)
    bottom = np.clip(boxes[:, 1] + boxes[:, 3] + offset, 0, length)
    left = np.clip(boxes[:, 2] - offset, 0, length)
    right = np.clip(boxes[:, 2] + boxes[:, 4] + offset, 0, length)
    corners = np.zeros((length + 1, length + 1), dtype=np.int32)
    for rows, columns, sign in ((top, left, 1), (top, right, -1), (bottom, left, -1)):
        np.add.at(corners, (rows, columns), sign)
    np.add.at(corners, (bottom, right), 1)
    covered = corners.cumsum(axis=0).cumsum(axis=1)[:length, :length] > 0
    return np.triu(covered, 1)


def box_targets(boxes: IntArray, length: int, offset: int = UNMASK_OFFSET) -> BoxTargets:
    """Targets of one structure.

    Two interior loops that share the pixel of a single pair: it points to the inner one.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        All boxes of a structure inside the grid, in any order.
    length : int
        Size of the grid.
    offset : int
        See `near_boxes`.

    Returns
    -------
    BoxTargets

    Examples
    --------
    >>> from boxfold.features.box import boxes_to_array, stem_box
    >>> targets = box_targets(boxes_to_array([stem_box(0, 24, 4)]), 25)
    >>> targets.location[0, :, 1, 23].tolist(), targets.size[0, :, 1, 23].tolist()
    ([1, 1], [4, 4])
    """
    boxes = np.asarray(boxes, dtype=np.int64)
    boxes = boxes[np.argsort(boxes[:, 1], kind="stable")]  # the inner one is written last
    line, i, j = box_pixels(boxes)
    kind = boxes[line, 0]
    on = np.zeros((len(BoxKind), length, length), dtype=bool)
    location = np.zeros((len(BoxKind), 2, length, length), dtype=np.int16)
    size = np.zeros_like(location)
    x, y = i - boxes[line, 1], boxes[line, 2] + boxes[line, 4] - 1 - j
    on[kind, i, j] = True
    location[kind, :, i, j] = np.minimum(np.stack([x, y], axis=1), N_LOCATION - 1)
    size[kind, :, i, j] = boxes[line, 3:]
    return BoxTargets(on, np.triu(on, 1), near_boxes(boxes, length, offset), location, size)


def batch_targets(targets: Sequence[BoxTargets], length: int) -> BoxTargets:
    """Targets of several structures padded to one length; padding is masked everywhere.

    Parameters
    ----------
    targets : sequence of BoxTargets
    length : int
        At least the longest.

    Returns
    -------
    BoxTargets
        Each array with a leading batch axis.
    """
    padded = []
    for arrays in zip(*targets, strict=True):
        shape = (len(arrays), *arrays[0].shape[:-2], length, length)
        batch = np.zeros(shape, dtype=arrays[0].dtype)
        for row, array in zip(batch, arrays, strict=True):
            row[..., : array.shape[-1], : array.shape[-1]] = array
        padded.append(batch)
    return BoxTargets(*padded)
