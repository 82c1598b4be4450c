"""Boxes of one sequence as every method ranks them, to be cut at any number or score.

The vote methods keep boxes above thresholds. Moving a threshold is the same as ranking: *on* by
on-probability, *votes* by the share of votes (hairpins: twice the share), *union* by the better of
the two ranks, *both* by the worse, *rank* by the score of the votes. So methods can be compared
at equal numbers of boxes. Beside them: *ends*, *runs*, and *ensemble*, the exact ends maps.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, line_keys, stem_base_pairs
from boxfold.features.proposals import no_loops, run_proposals
from boxfold.features.structure import IntArray
from boxfold.s1.ends import FloatArray, decode_ends
from boxfold.s1.model import Maps
from boxfold.s1.pruning import PruneConfig, prune_boxes
from boxfold.s1.scored_boxes import scored_boxes
from boxfold.s1.votes import VotedBoxes, choose_boxes

RANKED_METHODS = ("ends", "ensemble", "runs", "on", "votes", "union", "both", "rank")
"""In this order in every table; ``ensemble`` and ``runs`` offer no loops."""

OLD_SETTINGS = {
    "on .1": ("on", 0.1, 0.5),
    "on .02": ("on", 0.02, 0.5),
    "on .01": ("on", 0.01, 0.5),
    "on .001": ("on", 0.001, 0.5),
    "votes .2": ("votes", 0.1, 0.2),
    "votes .5": ("votes", 0.1, 0.5),
    "union": ("union", 0.1, 0.5),
    "both": ("both", 0.1, 0.5),
    "all votes": ("rank", 0.1, 0.5),
}
"""What the notes tried, by label: method, on-threshold, vote-threshold of `choose_boxes`."""

NEVER = np.inf
"""Rank of a box that is not offered."""

Ranks = NDArray[np.float64]


class Offers(NamedTuple):
    """Boxes (N, 5), best first, and their falling score (N,)."""

    boxes: IntArray
    score: FloatArray


class Offered(NamedTuple):
    """What one method offers for one sequence: stems, and loops of both kinds together."""

    stems: Offers
    loops: Offers


def ends_offers(maps: Maps, seq: str) -> Offered:
    """All stems and loops of the ends and loops heads, see `scored_boxes`."""
    found = scored_boxes(seq, maps)
    keep, _ = prune_boxes(found.loops, seq, PruneConfig())
    loops = Offers(found.loops[keep], found.loop_score[keep])
    return Offered(Offers(found.stems, found.stem_score), loops)


def exact_offers(exact: FloatArray, seq: str) -> Offered:
    """All sub-runs by their probability in the ensemble; `exact` is of `end_probabilities`."""
    return Offered(Offers(*decode_ends(exact, seq, len(seq) ** 3)), Offers(*no_loops()))


def run_offers(seq: str) -> Offered:
    """Maximal runs of two or more pairs by stacking energy."""
    found = run_proposals(seq, len(seq) ** 2)
    return Offered(Offers(found.boxes, found.score), Offers(*no_loops()))


def vote_offers(voted: VotedBoxes) -> dict[str, Offered]:
    """What each vote method offers, by method.

    Parameters
    ----------
    voted : VotedBoxes
        Of one sequence, without impossible boxes (`possible_votes`).
    """
    is_stem = voted.boxes[:, 0] == BoxKind.STEM
    stems, loops = _by_method(voted.take(is_stem)), _by_method(voted.take(~is_stem))
    return {method: Offered(stems[method], loops[method]) for method in stems}


def possible_votes(voted: VotedBoxes, seq: str) -> VotedBoxes:
    """Voted boxes that can be in a structure of the sequence."""
    keep, _ = prune_boxes(voted.boxes, seq, PruneConfig())
    return voted.take(keep)


def old_choices(voted: VotedBoxes) -> dict[str, IntArray]:
    """Boxes (N, 5) that each of `OLD_SETTINGS` keeps, by label."""
    return {label: choose_boxes(voted, *how).boxes for label, how in OLD_SETTINGS.items()}


def vote_shares(voted: VotedBoxes) -> FloatArray:
    """Larger share of votes of each box; twice that for hairpins, where half the pixels vote."""
    share = np.maximum(voted.share_softmax, voted.share_scalar)
    return np.where(voted.boxes[:, 0] == BoxKind.HAIRPIN, 2 * share, share)


def _by_method(voted: VotedBoxes) -> dict[str, Offers]:
    on, share = voted.on_probability, vote_shares(voted)
    on_rank, share_rank = _ranks(on, voted.score), _ranks(share, voted.score)
    keys: Mapping[str, NDArray[np.floating]] = {
        "on": on,
        "votes": share,
        "union": 1 / (1 + np.minimum(on_rank, share_rank)),
        "both": 1 / (1 + np.maximum(on_rank, share_rank)),
        "rank": voted.score,
    }
    orders = {method: np.lexsort((-voted.score, -key)) for method, key in keys.items()}
    return {
        method: Offers(voted.boxes[order], keys[method][order].astype(np.float32))
        for method, order in orders.items()
    }


def _ranks(values: FloatArray, tie_break: FloatArray) -> IntArray:
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.lexsort((-tie_break, -values))] = np.arange(len(values))
    return ranks


def box_ranks(targets: IntArray, offered: IntArray) -> Ranks:
    """Place of each target among the offered boxes, from 0; `NEVER` if it is not there.

    Parameters
    ----------
    targets : ndarray, dtype=int, shape (N, 5)
    offered : ndarray, dtype=int, shape (M, 5)
        Distinct, best first.

    Returns
    -------
    ndarray, dtype=float64, shape (N,)

    Examples
    --------
    >>> stems = np.array([[0, 0, 8, 2, 2], [0, 0, 7, 3, 3]])
    >>> box_ranks(stems, stems[1:]).tolist()
    [inf, 0.0]
    """
    both = np.concatenate([targets, offered])
    _, group = np.unique(line_keys(both), return_inverse=True)
    place = np.full(len(both), NEVER)
    place[group[len(targets) :]] = np.arange(len(offered))
    return place[group[: len(targets)]]


def pair_ranks(pairs: IntArray, stems: IntArray, length: int) -> Ranks:
    """Place of the best offered stem that holds each base pair; `NEVER` if none does.

    Parameters
    ----------
    pairs : ndarray, dtype=int, shape (K, 2)
    stems : ndarray, dtype=int, shape (M, 5)
        Best first.
    length : int

    Returns
    -------
    ndarray, dtype=float64, shape (K,)
    """
    place = np.full((length, length), NEVER)
    i, j = stem_base_pairs(stems).T
    np.minimum.at(place, (i, j), np.repeat(np.arange(len(stems)), stems[:, 3]))
    return place[pairs[:, 0], pairs[:, 1]]
