"""One row of numbers per pair that any tool predicts: who has it, what is around, how probable.

Nothing here tells families apart by themselves (lengths and places are left out): what is learned
has to hold for families that were never seen.
"""

import numpy as np
from numpy.typing import NDArray

from boxfold.agents.box_features import Company, FloatArray, box_company
from boxfold.envs.instance import Instance
from boxfold.features.box import stem_base_pairs
from boxfold.features.stem_weights import greatest_by_pair
from boxfold.features.structure import IntArray

_LEAST = 1e-3
"""Probabilities below count as this, and those above 1 less this as that, in log odds."""


def pairs_of(instance: Instance) -> IntArray:
    """Pairs of all stems, each once, sorted; shape (P, 2)."""
    return np.unique(stem_base_pairs(instance.boxes).reshape(-1, 2), axis=0)


def vote_columns(instance: Instance, votes: FloatArray) -> FloatArray:
    """By the votes of tools.

    Parameters
    ----------
    instance : Instance
    votes : ndarray, dtype=float64, shape (P, tools)
        1 where a tool has a pair of `pairs_of`, NaN where it lacks the sequence.

    Returns
    -------
    ndarray, dtype=float64, shape (P, 12 + tools)
        Share of the tools that have the pair; the next ones outwards and inwards; most and sum of
        those that share a base, and of those that cross it; log of its longest stem, and of most
        votes in one stem; is it GC, AU; how the tools agree on the whole; and each vote, a missing
        one as the share.
    """
    pairs = pairs_of(instance)
    share = np.nanmean(votes, axis=1) if votes.size else np.zeros(0)
    rivals, crossing = _company(pairs)
    longest, voted = _best_stems(instance, pairs, share)
    agree = np.full(len(pairs), (share**2).sum() / max(share.sum(), 1e-9))
    columns = [
        share,
        *_next_pairs(pairs, share),
        (rivals * share).max(axis=1, initial=0),
        rivals @ share,
        (crossing * share).max(axis=1, initial=0),
        crossing @ share,
        np.log(longest),
        np.log(voted + 0.1),
        *_base_types(instance.seq, pairs),
        agree,
    ]
    each = np.where(np.isnan(votes), share[:, None], votes)
    return np.concatenate([np.stack(columns, axis=1), each], axis=1)


def probability_columns(pairs: IntArray, probability: FloatArray) -> FloatArray:
    """By probabilities of one energy model (P,): itself, its log odds, rivals, the next pairs."""
    rivals, _ = _company(pairs)
    clipped = np.clip(probability, _LEAST, 1 - _LEAST)
    columns = [
        probability,
        np.log(clipped / (1 - clipped)),
        (rivals * probability).max(axis=1, initial=0),
        np.minimum(rivals @ probability, 2),
        *_next_pairs(pairs, probability),
    ]
    return np.stack(columns, axis=1)


def _company(pairs: IntArray) -> Company:
    """Which pairs share a base, and which cross; both (P, P), symmetric."""
    one = np.ones(len(pairs), dtype=np.int64)
    return box_company(np.stack([0 * one, *pairs.T, one, one], axis=1))


def _next_pairs(pairs: IntArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values of the next pairs outwards and inwards, 0 where no tool has them."""
    i, j = pairs.T + 1
    grid = np.zeros((int(pairs.max(initial=0)) + 3,) * 2)
    grid[i, j] = value
    return grid[i - 1, j + 1], grid[i + 1, j - 1]


def _best_stems(
    instance: Instance, pairs: IntArray, share: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Pairs of the longest stem of each pair, and most votes in one; both (P,)."""
    width, size = len(instance.seq), instance.boxes[:, 3]
    place = np.searchsorted(pairs @ [width, 1], stem_base_pairs(instance.boxes) @ [width, 1])
    owner = np.repeat(np.arange(len(size)), size)
    votes = np.bincount(owner, share[place], len(size))
    return greatest_by_pair(instance.boxes, size)[1], greatest_by_pair(instance.boxes, votes)[1]


def _base_types(seq: str, pairs: IntArray) -> NDArray[np.float64]:
    """Is it GC, is it AU; shape (2, P)."""
    kinds = ["".join(sorted(seq[i] + seq[j])) for i, j in pairs.tolist()]
    return np.array([[kind == wanted for kind in kinds] for wanted in ("CG", "AU")], dtype=float)
