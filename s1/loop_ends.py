"""Loops from the ends of stems: what an inner end closes, and what an outer end lies in.

The inner end of a stem closes a hairpin, an interior loop or a multi-branch loop; its outer end
lies in the exterior loop, an interior loop or a multi-branch loop. For an interior loop both ends
also say how many unpaired bases lie between them, 5' and 3'. An interior loop is proposed where
two such statements meet; a hairpin where an inner end closes one, so its size is never guessed.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs
from boxfold.features.structure import IntArray
from boxfold.s1.per_example import mean_per_example

N_FACES = 3
N_GAP = 16
"""Classes of unpaired bases: 0..14, and more."""

N_SIDE = N_FACES + 2 * N_GAP
N_LOOP_CHANNELS = 2 * N_SIDE
"""Of an inner end: face, gap 5', gap 3'; then the same of an outer end."""

HAIRPIN, INTERIOR, MULTI = range(N_FACES)
"""Faces of an inner end; an outer end has the exterior loop in place of the hairpin."""

MAX_GAPS = 30
"""Most unpaired bases of an interior loop, as in ViennaRNA."""

_SIDES = ("inner", "outer")

FloatArray = NDArray[np.float32]


class LoopTargets(NamedTuple):
    """Ends of the stems of one structure.

    Attributes
    ----------
    side : ndarray, dtype=int64, shape (2 n,)
        0 for inner ends, 1 for outer ends.
    pairs : ndarray, dtype=int64, shape (2 n, 2)
    face : ndarray, dtype=int64, shape (2 n,)
    gaps : ndarray, dtype=int64, shape (2 n, 2)
        Unpaired bases 5' and 3'; -1 where the face is no interior loop.
    """

    side: IntArray
    pairs: IntArray
    face: IntArray
    gaps: IntArray


def loop_targets(boxes: IntArray) -> LoopTargets:
    """Targets of a structure from its boxes.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        All of them, as of `structure_boxes`.

    Examples
    --------
    >>> from boxfold.features.loops import structure_boxes
    >>> from boxfold.features.structure import base_pairs_from_dot_bracket
    >>> boxes = structure_boxes(base_pairs_from_dot_bracket("((..(...)))"))
    >>> targets = loop_targets(boxes)
    >>> targets.face.tolist(), targets.gaps.tolist()
    ([1, 0, 0, 1], [[2, 0], [-1, -1], [-1, -1], [2, 0]])
    """
    stems, interior, hairpins = (boxes[boxes[:, 0] == kind] for kind in BoxKind)
    inner, outer = inner_pairs(stems), outer_pairs(stems)
    n = len(stems)
    face = np.full(2 * n, MULTI)
    gaps = np.full((2 * n, 2), -1)
    face[:n][_position(outer_pairs(hairpins), inner)] = HAIRPIN
    enclosed = (outer[:, None, 0] > inner[None, :, 0]) & (outer[:, None, 1] < inner[None, :, 1])
    face[n:][~enclosed.any(axis=1)] = HAIRPIN  # the exterior loop, for an outer end
    sizes = interior[:, 3:] - 2
    for offset, pairs, ends in (
        (0, outer_pairs(interior), inner),
        (n, inner_pairs(interior), outer),
    ):
        at = offset + _position(pairs, ends)
        face[at], gaps[at] = INTERIOR, sizes
    return LoopTargets(np.repeat([0, 1], n), np.concatenate([inner, outer]), face, gaps)


def _position(pairs: IntArray, among: IntArray) -> IntArray:
    """Index of each pair in a list that holds it; a row names a pair of a structure."""
    order = np.argsort(among[:, 0])
    return order[np.searchsorted(among[order, 0], pairs[:, 0])]


def loop_losses(head: nn.Module, features: Tensor, targets: list[LoopTargets]) -> dict[str, Tensor]:
    """Cross-entropy of faces and gaps at the ends of the stems.

    Parameters
    ----------
    head : Module
        Features to `N_LOOP_CHANNELS` logits.
    features : Tensor, float32, shape (B, L, L, F)
    targets : list of LoopTargets
        B of them.

    Returns
    -------
    dict
        ``loops/inner/face``, ``loops/inner/gaps`` and the same of outer ends: mean over the ends
        of an example, then over examples; an example without such ends counts as 0.
    """
    n_ends = [len(target.side) for target in targets]
    b, side, i, j, face = (
        torch.from_numpy(column)
        for column in (
            np.repeat(np.arange(len(targets)), n_ends),
            np.concatenate([t.side for t in targets]),
            np.concatenate([t.pairs[:, 0] for t in targets]),
            np.concatenate([t.pairs[:, 1] for t in targets]),
            np.concatenate([t.face for t in targets]),
        )
    )
    gaps = torch.from_numpy(np.concatenate([t.gaps for t in targets])).clamp(max=N_GAP - 1)
    logits = head(features[b, i, j]).unflatten(1, (2, N_SIDE))[torch.arange(len(b)), side]  # (P, C)
    faces, gaps_5, gaps_3 = logits.split([N_FACES, N_GAP, N_GAP], dim=1)
    of_face = functional.cross_entropy(faces, face, reduction="none")
    gap_5, gap_3 = gaps.clamp(min=0).unbind(dim=1)
    of_gaps = functional.cross_entropy(gaps_5, gap_5, reduction="none")
    of_gaps = of_gaps + functional.cross_entropy(gaps_3, gap_3, reduction="none")
    is_interior = gaps[:, 0] >= 0
    losses = {}
    for code, name in enumerate(_SIDES):
        of_side = side == code
        for what, loss, where in (
            ("face", of_face, of_side),
            ("gaps", of_gaps, of_side & is_interior),
        ):
            losses[f"loops/{name}/{what}"] = mean_per_example(loss[where], b[where], len(targets))
    return losses


class LoopEnds(NamedTuple):
    """What the network says of the likeliest ends of stems.

    Attributes
    ----------
    inner, outer : ndarray, dtype=int64, shape (n, 2), (m, 2)
        Pairs.
    inner_log_end, outer_log_end : ndarray, dtype=float32, shape (n,), (m,)
        Log-probability of being such an end.
    inner_logits, outer_logits : ndarray, dtype=float32, shape (n, 35), (m, 35)
        Face, gap 5', gap 3'.
    """

    inner: IntArray
    outer: IntArray
    inner_log_end: FloatArray
    outer_log_end: FloatArray
    inner_logits: FloatArray
    outer_logits: FloatArray


class LoopCandidates(NamedTuple):
    """Loops that the ends allow.

    Attributes
    ----------
    boxes : ndarray, dtype=int64, shape (N, 5)
        Hairpins, then interior loops.
    score : ndarray, dtype=float64, shape (N,)
        Log-probability.
    parts : ndarray, dtype=float64, shape (N, 8)
        What `score` is made of, logarithms: of the inner end P(end), P(face), P(gap 5'),
        P(gap 3'), then of the outer end; 0 where a hairpin has none.
    """

    boxes: IntArray
    score: NDArray[np.float64]
    parts: NDArray[np.float64]

    def best(self, max_boxes: int) -> "LoopCandidates":
        """The most probable ones, best first."""
        order = np.argsort(-self.score, kind="stable")[:max_boxes]
        return LoopCandidates._make(array[order] for array in self)


def decode_loops(ends: LoopEnds, max_boxes: int) -> tuple[IntArray, FloatArray]:
    """The most probable hairpins and interior loops; see `loop_candidates`.

    Parameters
    ----------
    ends : LoopEnds
    max_boxes : int
        Of both kinds together.

    Returns
    -------
    boxes : ndarray, dtype=int64, shape (N, 5)
        Best first.
    score : ndarray, dtype=float32, shape (N,)
        In [0, 1].
    """
    best = loop_candidates(ends).best(max_boxes)
    return best.boxes, np.exp(np.minimum(best.score, 0)).astype(np.float32)


def loop_candidates(ends: LoopEnds) -> LoopCandidates:
    """All hairpins and interior loops that likely ends allow.

    A hairpin's probability is that of its inner end times the face; an interior loop's is the
    geometric mean of what its two ends say: P(end) P(interior | end) P(gap 5') P(gap 3').
    """
    inner, outer = _log_probabilities(ends.inner_logits), _log_probabilities(ends.outer_logits)
    i, j = ends.inner.T
    size = j - i + 1
    hairpins = np.stack([np.full(len(i), BoxKind.HAIRPIN), i, i, size, size], axis=1)
    hairpin_parts = np.zeros((len(i), 8))
    hairpin_parts[:, 0], hairpin_parts[:, 1] = ends.inner_log_end, inner[0][:, HAIRPIN]
    a, b = _facing(ends.inner, ends.outer)
    gaps = _gaps(ends.inner[a], ends.outer[b])
    parts = np.stack(
        _side_parts(ends.inner_log_end, inner, a, gaps)
        + _side_parts(ends.outer_log_end, outer, b, gaps),
        axis=1,
    )
    rows, cols = ends.inner[a, 0], ends.outer[b, 1]
    kind = np.full(len(a), BoxKind.INTERIOR_LOOP)
    interior = np.stack([kind, rows, cols, gaps[:, 0] + 2, gaps[:, 1] + 2], axis=1)
    score = np.concatenate([hairpin_parts.sum(axis=1), parts.sum(axis=1) / 2])
    boxes = np.concatenate([hairpins, interior]).astype(np.int64)
    return LoopCandidates(boxes, score, np.concatenate([hairpin_parts, parts]))


def _facing(inner: IntArray, outer: IntArray) -> tuple[IntArray, IntArray]:
    """Index pairs of an inner and an outer end that an interior loop can lie between."""
    order = np.argsort(outer[:, 0], kind="stable")
    rows = outer[order, 0]
    first = np.searchsorted(rows, inner[:, 0] + 1)
    count = np.searchsorted(rows, inner[:, 0] + MAX_GAPS + 2) - first
    a = np.repeat(np.arange(len(inner)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    b = order[np.repeat(first, count) + within]
    gaps = _gaps(inner[a], outer[b])
    fits = (gaps[:, 1] >= 0) & (gaps.sum(axis=1) > 0) & (gaps.sum(axis=1) <= MAX_GAPS)
    return a[fits], b[fits]


def _gaps(inner: IntArray, outer: IntArray) -> IntArray:
    return np.stack([outer[:, 0] - inner[:, 0], inner[:, 1] - outer[:, 1]], axis=1) - 1


def _side_parts(
    log_end: FloatArray, logs: tuple[FloatArray, ...], index: IntArray, gaps: IntArray
) -> list[FloatArray]:
    face, *gap = logs
    parts = [log_end[index], face[index, INTERIOR]]
    for axis in (0, 1):
        # The last class stands for all larger gaps alike.
        shared = np.log(MAX_GAPS - N_GAP + 2) * (gaps[:, axis] >= N_GAP - 1)
        parts.append(gap[axis][index, np.minimum(gaps[:, axis], N_GAP - 1)] - shared)
    return parts


def _log_probabilities(logits: FloatArray) -> tuple[FloatArray, ...]:
    parts = np.split(logits, [N_FACES, N_FACES + N_GAP], axis=1)
    return tuple(part - np.logaddexp.reduce(part, axis=1, keepdims=True) for part in parts)
