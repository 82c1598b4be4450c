"""The customer's 123 outputs per pixel, computed from scored boxes instead of learned.

If the score of a box is the probability that the structure has it, what a pixel should say follows:
it is on with the summed probability of the boxes that hold it, and its location and size are
distributed as theirs are. So the *ends* and *loops* heads, which know whole boxes, also answer the
questions of the *boxes* heads, without blurring where a box ends. Inverse of what
`boxfold.s1.votes` does.
"""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind
from boxfold.features.structure import IntArray
from boxfold.s1.box_targets import BOX_HEADS, N_BOX_CHANNELS, BoxHead, box_pixels, size_class
from boxfold.s1.model import Maps
from boxfold.s1.scored_boxes import MAX_LOOPS, scored_boxes
from boxfold.s1.votes import sigmoid

BACKGROUND = 1e-3
"""Probability that the learned outputs count for, beside the boxes: they decide where no box is."""

_TINY = 1e-9

FloatArray = NDArray[np.float32]


def box_maps(
    boxes: IntArray, score: FloatArray, length: int, background: FloatArray | None = None
) -> FloatArray:
    """Outputs that boxes and their probabilities imply.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Inside the grid.
    score : ndarray, dtype=float, shape (N,)
        Probability of each box.
    length : int
    background : ndarray, dtype=float32, shape (123, length, length), optional
        Logits of the boxes heads, see `BACKGROUND`.

    Returns
    -------
    ndarray, dtype=float32, shape (123, length, length)
        Laid out as `BOX_HEADS`: logits of on, log-probabilities of the classes, and of the scalar
        size the median, which has the smallest expected L1 difference. Strict upper triangle.

    Examples
    --------
    >>> from boxfold.features.box import boxes_to_array, stem_box
    >>> maps = box_maps(boxes_to_array([stem_box(0, 9, 3)]), np.array([0.9]), 10)
    >>> round(float(1 / (1 + np.exp(-maps[0, 1, 8]))), 3), int(maps[1:13, 1, 8].argmax())
    (0.9, 1)
    """
    if background is None:
        background = np.zeros((N_BOX_CHANNELS, length, length), dtype=np.float32)
    maps = np.zeros_like(background)
    line, i, j = box_pixels(boxes)
    upper = i < j
    line, i, j = line[upper], i[upper], j[upper]
    for kind in BoxKind:
        at = boxes[line, 0] == kind
        pixels = _Pixels(boxes[line[at]], score[line[at]], i[at], j[at], length)
        for head in (head for head in BOX_HEADS if head.kind is kind):
            learned = background[head.channels].reshape(-1, length**2)
            maps[head.channels] = pixels.output(head, learned).reshape(-1, length, length)
    below = np.tril_indices(length)
    maps[:, below[0], below[1]] = 0
    return maps


def maps_from_ends(seq: str, maps: Maps) -> FloatArray:
    """`box_maps` of what the ends and loops heads say of a sequence, over the learned outputs.

    Parameters
    ----------
    seq : str
    maps : Maps
        With the logits of the boxes heads.

    Returns
    -------
    ndarray, dtype=float32, shape (123, L, L)
    """
    found = scored_boxes(seq, maps, MAX_LOOPS * len(seq))
    boxes = np.concatenate([found.stems, found.loops])
    score = np.concatenate([found.stem_score, found.loop_score])
    return box_maps(boxes, score, len(seq), maps.boxes)


class _Pixels:
    """Pixels of the boxes of one kind, each with its box and weighted by its probability."""

    def __init__(
        self, boxes: IntArray, weight: FloatArray, i: IntArray, j: IntArray, length: int
    ) -> None:
        x, y = i - boxes[:, 1], boxes[:, 2] + boxes[:, 4] - 1 - j
        self._values = {"location": (x, y), "size": (boxes[:, 3], boxes[:, 4])}
        self._weight = weight.astype(np.float64)
        self._at = i * length + j
        self._total = np.bincount(self._at, self._weight, minlength=length**2)

    def output(self, head: BoxHead, learned: FloatArray) -> FloatArray:
        """Channels (C, L * L) of one head, from those that were learned."""
        if head.output == "on":
            on = self._total + BACKGROUND * sigmoid(learned)
            on = np.clip(on, _TINY, 1 - 1e-6)
            return np.log(on) - np.log1p(-on)
        if head.output == "size_l1":
            covered = np.flatnonzero(self._total > BACKGROUND)
            keep = self._total[self._at] > BACKGROUND
            group = np.searchsorted(covered, self._at[keep])
            output = learned.copy()
            sizes = self._values["size"][head.axis][keep]
            output[0, covered] = _medians(group, sizes, self._weight[keep])
            return output
        classes = _classes(head, self._values[head.output][head.axis])
        known = np.exp(learned - np.logaddexp.reduce(learned, axis=0))
        found = BACKGROUND * known.astype(np.float64)
        np.add.at(found, (classes, self._at), self._weight)
        return np.log(found / (self._total + BACKGROUND) + _TINY)


def _classes(head: BoxHead, values: IntArray) -> IntArray:
    if head.output == "size":
        return size_class(values)
    return np.minimum(values, head.channels.stop - head.channels.start - 1)


def _medians(group: IntArray, values: IntArray, weight: NDArray[np.float64]) -> FloatArray:
    """Weighted median of each group, all of 0..max present."""
    order = np.lexsort((values, group))
    group, values, weight = group[order], values[order], weight[order]
    total = np.bincount(group, weight)
    before = np.cumsum(total) - total
    share = (np.cumsum(weight) - before[group]) / total[group]
    reached = np.flatnonzero(share >= 0.5 - 1e-6)
    _, at = np.unique(group[reached], return_index=True)
    return values[reached[at]].astype(np.float32)
