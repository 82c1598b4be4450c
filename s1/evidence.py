"""What S1 knows about a stem, the same for every method that proposes it."""

import numpy as np

from boxfold.features.box import inner_pairs, outer_pairs
from boxfold.features.channels import sum_inwards
from boxfold.features.proposals import EVIDENCE
from boxfold.features.structure import BoolArray, IntArray
from boxfold.s1.ends import INNER, MIN_LOG_PROBABILITY, OUTER, PAIRED, FloatArray, chain_scores
from boxfold.s1.votes import VotedBoxes


def stem_evidence(
    boxes: IntArray,
    ends: FloatArray,
    on: FloatArray,
    voted: VotedBoxes,
    canonical: BoolArray,
) -> FloatArray:
    """Columns `EVIDENCE` of stems.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems inside the grid.
    ends : ndarray, dtype=float32, shape (3, L, L)
        Probabilities of the ends heads.
    on : ndarray, dtype=float32, shape (L, L)
        On-probability of stems.
    voted : VotedBoxes
        All stems with a vote.
    canonical : ndarray, dtype=bool, shape (L, L)

    Returns
    -------
    ndarray, dtype=float32, shape (N, 8)
    """
    i0, j0 = outer_pairs(boxes).T
    i1, j1 = inner_pairs(boxes).T
    votes = _votes_of(boxes, voted, len(canonical))
    columns = {
        "log_probability": np.clip(chain_scores(ends, boxes, canonical), MIN_LOG_PROBABILITY, 0),
        "paired_outer": ends[PAIRED, i0, j0],
        "paired_inner": ends[PAIRED, i1, j1],
        "outer_end": ends[OUTER, i0, j0],
        "inner_end": ends[INNER, i1, j1],
        "on_probability": _mean_over_pairs(on, boxes),
        "votes_softmax": votes[0],
        "votes_scalar": votes[1],
    }
    return np.stack([columns[name] for name in EVIDENCE], axis=1).astype(np.float32)


def _mean_over_pairs(values: FloatArray, boxes: IntArray) -> FloatArray:
    """Mean of a map over the pairs of each stem."""
    inwards = sum_inwards(values.astype(np.float64), np.ones(values.shape, dtype=bool))
    i0, j0 = outer_pairs(boxes).T
    i1, j1 = inner_pairs(boxes).T
    total = inwards[i0, j0] - inwards[i1, j1] + values[i1, j1]
    return total / boxes[:, 3]


def _votes_of(boxes: IntArray, voted: VotedBoxes, length: int) -> tuple[FloatArray, FloatArray]:
    """Vote shares of stems, 0 for those without votes."""
    if not len(voted.boxes):
        nothing = np.zeros(len(boxes), dtype=np.float32)
        return nothing, nothing
    inside = (voted.boxes[:, 1:3] >= 0).all(axis=1) & (voted.boxes[:, 3] <= length)
    voted = voted.take(inside & (voted.boxes[:, 2] + voted.boxes[:, 4] <= length))
    known = _keys(voted.boxes, length)
    order = np.argsort(known)
    wanted = _keys(boxes, length)
    at = np.minimum(np.searchsorted(known, wanted, sorter=order), max(len(known) - 1, 0))
    if not len(known):
        nothing = np.zeros(len(boxes), dtype=np.float32)
        return nothing, nothing
    at = order[at]
    found = known[at] == wanted
    return np.where(found, voted.share_softmax[at], 0), np.where(found, voted.share_scalar[at], 0)


def _keys(boxes: IntArray, length: int) -> IntArray:
    """A number for each stem inside the grid."""
    return (boxes[:, 1] * length + boxes[:, 2]) * (length + 1) + boxes[:, 3]
