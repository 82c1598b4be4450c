"""Boxes from the *boxes* heads: every pixel votes for the box that it points to.

A pixel votes twice for each kind: with the most probable size class (softmax vote) and with the
rounded scalar size (scalar vote). A vote whose location or size falls into a catch-all class is
discarded. The votes for one box, divided by the box's area, are its vote share (n_proposal of the
prior work); it can pass 1, since pixels outside a box may point to it, and for hairpins hardly
reach .5, since only the upper triangle votes, so their threshold is halved.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, line_keys
from boxfold.features.structure import BoolArray, IntArray
from boxfold.s1.box_targets import BOX_HEADS, N_BOX_CHANNELS, N_LOCATION, N_SIZE

VOTE_METHODS = ("on", "votes", "union", "both", "rank")

METHODS = ("ends", *VOTE_METHODS, "runs")
"""``ends`` decodes the ends heads, ``runs`` needs no network, the others use the boxes heads."""

STEM_PRIOR = 8
"""Silent pixels added to the voters of a stem in its score. Without them short stems, which a
single sure pixel fills, crowd out the others: recall .61 against .65 at 64 boxes of 60 nt."""

FloatArray = NDArray[np.float32]


class VotedBoxes(NamedTuple):
    """Boxes with at least one vote, sorted by kind, then position and size.

    Attributes
    ----------
    boxes : ndarray, dtype=int64, shape (N, 5)
        They may reach out of the grid; see `boxfold.s1.pruning`.
    on_probability : ndarray, dtype=float32, shape (N,)
        Highest on-probability among the voters.
    n_softmax, n_scalar : ndarray, dtype=int64, shape (N,)
        Votes of each sort.
    probability_softmax, probability_scalar : ndarray, dtype=float32, shape (N,)
        Median over the votes of on x location (x size class), 0 without votes.
    score : ndarray, dtype=float32, shape (N,)
        In (0, 1]: votes weighted by their probability, per pixel that can vote, of the better
        sort. Stems count `STEM_PRIOR` more pixels.
    """

    boxes: IntArray
    on_probability: FloatArray
    n_softmax: IntArray
    n_scalar: IntArray
    probability_softmax: FloatArray
    probability_scalar: FloatArray
    score: FloatArray

    @property
    def share_softmax(self) -> FloatArray:
        """Softmax votes per pixel of the box."""
        return (self.n_softmax / box_areas(self.boxes)).astype(np.float32)

    @property
    def share_scalar(self) -> FloatArray:
        """Scalar votes per pixel of the box."""
        return (self.n_scalar / box_areas(self.boxes)).astype(np.float32)

    def take(self, index: IntArray | BoolArray) -> "VotedBoxes":
        """Some of the boxes, by index or mask."""
        return VotedBoxes._make(array[index] for array in self)

    def best_first(self) -> "VotedBoxes":
        """Sorted by falling score."""
        return self.take(np.argsort(-self.score, kind="stable"))


class _Votes(NamedTuple):
    """Votes of one sort: (row, col, n_rows, n_cols) lines and a probability each."""

    lines: IntArray
    probability: FloatArray
    on: FloatArray


PixelVotes = dict[BoxKind, tuple[_Votes, _Votes]]
"""Softmax and scalar votes by kind, of `pixel_votes`."""


def box_areas(boxes: IntArray) -> IntArray:
    """Pixels of each box line; shape (N,)."""
    return boxes[:, 3] * boxes[:, 4]


def choose_boxes(
    voted: VotedBoxes, method: str, on_threshold: float = 0.1, vote_threshold: float = 0.5
) -> VotedBoxes:
    """Boxes that a method keeps.

    Parameters
    ----------
    voted : VotedBoxes
    method : str
        ``on``: a voter is on with more than `on_threshold`; ``votes``: the share of softmax or of
        scalar votes is above `vote_threshold` (hairpins: half of it); ``union``: either; ``both``;
        ``rank``: all.
    on_threshold, vote_threshold : float

    Returns
    -------
    VotedBoxes

    Raises
    ------
    ValueError
        If the method is unknown.
    """
    is_on = voted.on_probability > on_threshold
    is_hairpin = voted.boxes[:, 0] == BoxKind.HAIRPIN
    needed = np.where(is_hairpin, vote_threshold / 2, vote_threshold)
    is_voted = (voted.share_softmax > needed) | (voted.share_scalar > needed)
    keep = {
        "on": is_on,
        "votes": is_voted,
        "union": is_on | is_voted,
        "both": is_on & is_voted,
        "rank": np.ones_like(is_on),
    }
    if method not in keep:
        raise ValueError(f"method '{method}': known are {', '.join(VOTE_METHODS)}")
    return voted.take(keep[method])


def count_votes(logits: FloatArray) -> VotedBoxes:
    """Let every pixel of the strict upper triangle vote.

    Parameters
    ----------
    logits : ndarray, dtype=float32, shape (123, L, L)
        Of the boxes heads.

    Returns
    -------
    VotedBoxes
    """
    i, j = np.triu_indices(logits.shape[-1], 1)
    return tally_votes([pixel_votes(logits[:, i, j], i, j, logits.shape[-1])])


def pixel_votes(logits: FloatArray, i: IntArray, j: IntArray, length: int) -> PixelVotes:
    """Votes of some pixels.

    Parameters
    ----------
    logits : ndarray, dtype=float32, shape (123, P)
        Of the boxes heads.
    i, j : ndarray, dtype=int, shape (P,)
        Row and column of each pixel.
    length : int
        Of the sequence; scalar sizes end behind it.

    Returns
    -------
    dict
        By kind; for `tally_votes`.
    """
    return {kind: _kind_votes(kind, logits, i, j, length) for kind in BoxKind}


@lru_cache(maxsize=1)
def no_votes() -> VotedBoxes:
    """What `tally_votes` makes of no pixel at all."""
    nowhere = np.zeros(0, dtype=np.int64)
    nothing = pixel_votes(np.zeros((N_BOX_CHANNELS, 0), dtype=np.float32), nowhere, nowhere, 0)
    return tally_votes([nothing])


def tally_votes(votes: Sequence[PixelVotes]) -> VotedBoxes:
    """Group the votes of all pixels by box; see `count_votes`."""
    if not votes:
        return no_votes()
    parts = []
    for kind in BoxKind:
        sorts = zip(*(of_pixels[kind] for of_pixels in votes), strict=True)
        parts.append(_tally(kind, *(_joined(sort) for sort in sorts)))
    return VotedBoxes._make(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def _joined(votes: Sequence[_Votes]) -> _Votes:
    return _Votes._make(np.concatenate(arrays) for arrays in zip(*votes, strict=True))


def _kind_votes(
    kind: BoxKind, pixels: FloatArray, i: IntArray, j: IntArray, length: int
) -> tuple[_Votes, _Votes]:
    heads = [head for head in BOX_HEADS if head.kind is kind]
    of = {(head.output, head.axis): pixels[head.channels] for head in heads}
    on = sigmoid(of["on", 0][0])
    x, p_x = _most_probable(of["location", 0])
    y, p_y = _most_probable(of["location", 1])
    axes = (0, 1) if kind is BoxKind.INTERIOR_LOOP else (0,)  # squares have one size
    classes, p_size = zip(*(_most_probable(of["size", axis]) for axis in axes), strict=True)
    scalars = [np.rint(np.clip(of["size_l1", axis][0], 1, length + 1)) for axis in axes]
    located = (x < N_LOCATION - 1) & (y < N_LOCATION - 1)
    sized = located & np.all([c < N_SIZE - 1 for c in classes], axis=0)
    row, last_col = i - x, j + y
    p_location = on * p_x * p_y

    def votes(sizes: list[IntArray], probability: FloatArray, keep: BoolArray) -> _Votes:
        n_rows, n_cols = sizes[0], sizes[-1]
        lines = np.stack([row, last_col - n_cols + 1, n_rows, n_cols], axis=1).astype(np.int32)
        return _Votes(lines[keep], probability[keep], on[keep])

    softmax = votes([c + 1 for c in classes], p_location * np.prod(p_size, axis=0), sized)
    return softmax, votes([s.astype(np.int64) for s in scalars], p_location, located)


def sigmoid(logits: FloatArray) -> FloatArray:
    """Probability of each logit, without overflow."""
    return np.exp(-np.logaddexp(0, -logits))


def _most_probable(logits: FloatArray) -> tuple[IntArray, FloatArray]:
    """Best class of each pixel and its softmax probability: (C, P) -> (P,), (P,)."""
    best = logits.max(axis=0)
    return logits.argmax(axis=0), 1 / np.exp(logits - best).sum(axis=0)


def _tally(kind: BoxKind, softmax: _Votes, scalar: _Votes) -> VotedBoxes:
    """Group votes by box."""
    lines = np.concatenate([softmax.lines, scalar.lines])
    unique, first, group = np.unique(line_keys(lines), return_index=True, return_inverse=True)
    n, n_first = len(unique), len(softmax.lines)
    boxes = np.concatenate([np.full((n, 1), int(kind)), lines[first]], axis=1).astype(np.int64)
    on = np.zeros(n, dtype=np.float32)
    np.maximum.at(on, group, np.concatenate([softmax.on, scalar.on]))
    areas = box_areas(boxes)
    voters = (areas - boxes[:, 3]) / 2 if kind is BoxKind.HAIRPIN else areas
    counts, medians, weights = [], [], []
    for votes, of in ((softmax, group[:n_first]), (scalar, group[n_first:])):
        counts.append(np.bincount(of, minlength=n))
        medians.append(_group_medians(of, votes.probability, n))
        weights.append(np.bincount(of, votes.probability, minlength=n))
    voters = np.maximum(voters, 1) + (STEM_PRIOR if kind is BoxKind.STEM else 0)
    score = np.minimum(np.maximum(*weights) / voters, 1).astype(np.float32)
    return VotedBoxes(boxes, on, counts[0], counts[1], medians[0], medians[1], score)


def _group_medians(group: IntArray, values: FloatArray, n_groups: int) -> FloatArray:
    """Median of the values of each group, 0 for empty ones; shape (n_groups,)."""
    if not len(values):
        return np.zeros(n_groups, dtype=np.float32)
    ordered = values[np.lexsort((values, group))]
    count = np.bincount(group, minlength=n_groups)
    start = np.cumsum(count) - count
    low = np.minimum(start + np.maximum(count - 1, 0) // 2, len(values) - 1)
    high = np.minimum(start + count // 2, len(values) - 1)
    return np.where(count > 0, (ordered[low] + ordered[high]) / 2, 0).astype(np.float32)
