"""The pixel shift of a whole data set: how many pixels in and around boxes point to them."""

import numpy as np
import pandas as pd

from boxfold.features.box import BoxKind
from boxfold.features.structure import BoolArray, IntArray
from boxfold.s1.box_targets import BOX_HEADS, N_LOCATION, box_pixels
from boxfold.s1.inspection.shift import (
    LINES,
    OUTSIDE,
    Aim,
    FloatArray,
    LinePixels,
    aims,
    line_pixels,
)
from boxfold.s1.votes import VotedBoxes, box_areas, count_votes

REGIONS = ("before", "inside", "after")

SORTS = ("softmax", "scalar")
"""Votes by the most probable size class and by the rounded scalar size."""

VOTER_COLUMNS = (
    "kind",
    "votes",  # of SORTS
    "n_boxes",
    "inside_per_area",  # votes from pixels of the box per pixel of the box, mean over boxes
    "outside_per_area",
    "n_proposal_norm",  # the sum of both
    "share_above_1",  # of the boxes, with more votes than pixels
    "outside_share",  # of all votes for target boxes
)

_N_INSIDE = N_LOCATION - 1


class ShiftStatistics:
    """Counts pixels that point to target boxes, by kind, line and offset.

    Parameters
    ----------
    outside : int
        Pixels before and after each box.

    Examples
    --------
    >>> statistics = ShiftStatistics()
    >>> statistics.add(np.zeros((123, 9, 9), np.float32), np.array([[0, 0, 6, 2, 2]]))
    >>> statistics.table()["location_share"].tolist()[:4]
    [nan, 1.0, 0.0, 0.0]
    """

    def __init__(self, outside: int = OUTSIDE) -> None:
        self._outside = outside
        shape = (len(BoxKind), len(LINES), 2 * outside + _N_INSIDE, len(Aim._fields))
        self._sums, self._counts = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        self._voters: list[IntArray] = []

    def add(self, logits: FloatArray, boxes: IntArray, voted: VotedBoxes | None = None) -> None:
        """Count one sequence.

        Pixels around a box that lie in another target box of its kind are left out: they have a
        box of their own to point to.

        Parameters
        ----------
        logits : ndarray, dtype=float32, shape (123, L, L)
            Of the boxes heads.
        boxes : ndarray, dtype=int, shape (N, 5)
            All boxes of the structure.
        voted : VotedBoxes, optional
            Votes of all pixels, where they are known already.
        """
        length = logits.shape[-1]
        for kind in BoxKind:
            of_kind = boxes[boxes[:, 0] == kind]
            covered = _coverage(of_kind, length)
            for line, name in enumerate(LINES):
                if name != "anti_diagonal" or kind is BoxKind.STEM:
                    pixels = line_pixels(of_kind, length, name, self._outside)
                    alone = covered[pixels.i, pixels.j] <= pixels.is_inside
                    pixels = LinePixels._make(part[alone] for part in pixels)
                    self._add_line(kind, line, logits, of_kind, pixels)
        votes = count_votes(logits) if voted is None else voted
        self._voters.append(box_voters(logits, boxes, votes))

    def _add_line(
        self, kind: BoxKind, line: int, logits: FloatArray, boxes: IntArray, pixels: LinePixels
    ) -> None:
        slot = pixels.offset + self._outside
        behind = pixels.beyond > 0
        slot[behind] = self._outside + _N_INSIDE - 1 + pixels.beyond[behind]
        keep = behind | (pixels.offset < _N_INSIDE)
        box, _, _, i, j = (part[keep] for part in pixels)
        values = np.stack(aims(kind, logits[:, i, j], boxes[box], i, j), axis=1)
        defined = ~np.isnan(values)
        np.add.at(self._sums[kind, line], slot[keep], np.where(defined, values, 0))
        np.add.at(self._counts[kind, line], slot[keep], defined)

    def table(self) -> pd.DataFrame:
        """Means of `Aim` over pixels, nan where undefined.

        Returns
        -------
        DataFrame
            Columns kind, line, region, offset (from the corner; in region ``after``: steps past
            the box), n_pixels, n_located (of them: a location class can point to the box), then
            the fields of `Aim`. Offsets over 10 inside a box are left out: no class can say them.
            Rows without pixels are left out.
        """
        kind, line, slot = np.nonzero(self._counts[..., 0])
        sums, counts = self._sums[kind, line, slot], self._counts[kind, line, slot]
        region = (slot >= self._outside).astype(int) + (slot >= self._outside + _N_INSIDE)
        offset = slot - self._outside - np.where(region == 2, _N_INSIDE - 1, 0)
        frame = pd.DataFrame(
            {
                "kind": [BoxKind(k).label for k in kind.tolist()],
                "line": np.array(list(LINES))[line],
                "region": np.array(REGIONS)[region],
                "offset": offset,
                "n_pixels": counts[:, 0],
                "n_located": counts[:, Aim._fields.index("location_share")],
            }
        )
        means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
        return frame.assign(**dict(zip(Aim._fields, means.T, strict=True)))

    def voters(self) -> pd.DataFrame:
        """Votes per pixel of a box, from inside and outside; columns `VOTER_COLUMNS`."""
        lines = np.concatenate(self._voters or [np.zeros((0, 6), dtype=np.int64)])
        rows = []
        for kind in BoxKind:
            _, area, *counts = lines[lines[:, 0] == kind].T
            for sort, inside, total in zip(SORTS, counts[::2], counts[1::2], strict=True):
                norm, shares = total / area, [inside / area, (total - inside) / area]
                values = [*shares, norm, norm > 1]
                means = [float(v.mean()) if len(v) else float("nan") for v in values]
                of_all = (total - inside).sum() / total.sum() if total.any() else float("nan")
                rows.append((kind.label, sort, len(area), *means, float(of_all)))
        return pd.DataFrame(rows, columns=list(VOTER_COLUMNS))


def box_voters(logits: FloatArray, boxes: IntArray, voted: VotedBoxes) -> IntArray:
    """Votes for each box of a structure, from the pixels inside it and from all.

    Parameters
    ----------
    logits : ndarray, dtype=float32, shape (123, L, L)
    boxes : ndarray, dtype=int, shape (N, 5)
    voted : VotedBoxes
        Of the same logits.

    Returns
    -------
    ndarray, dtype=int64, shape (N, 6)
        Kind, area, softmax votes from inside, from all pixels, scalar votes likewise.
    """
    line, i, j = box_pixels(boxes)
    line, i, j = (part[i < j] for part in (line, i, j))
    softmax, scalar = np.zeros((2, len(line)), dtype=bool)
    for kind in BoxKind:
        own = boxes[line, 0] == kind
        pixels = logits[:, i[own], j[own]]
        aim = aims(kind, pixels, boxes[line[own]], i[own], j[own])
        softmax[own] = aim.vote_share == 1
        scalar[own] = (aim.location_share == 1) & _is_scalar_right(
            kind, pixels, boxes[line[own]], logits.shape[-1]
        )
    inside = [np.bincount(line[vote], minlength=len(boxes)) for vote in (softmax, scalar)]
    same = (boxes[:, None] == voted.boxes[None]).all(axis=2)
    totals = [same @ voted.n_softmax, same @ voted.n_scalar]
    columns = [boxes[:, 0], box_areas(boxes), inside[0], totals[0], inside[1], totals[1]]
    return np.stack(columns, axis=1)


def _is_scalar_right(kind: BoxKind, pixels: FloatArray, boxes: IntArray, length: int) -> BoolArray:
    right = np.ones(len(boxes), dtype=bool)
    for head in BOX_HEADS:
        if head.kind is kind and head.output == "size_l1":
            size = np.rint(np.clip(pixels[head.channels.start], 1, length + 1))
            right &= size == boxes[:, 3 + head.axis]
    return right


def _coverage(boxes: IntArray, length: int) -> IntArray:
    """How many of the boxes cover each pixel; shape (length, length)."""
    _, i, j = box_pixels(boxes)
    return np.bincount(i * length + j, minlength=length**2).reshape(length, length)
