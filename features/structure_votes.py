"""Boxes from the structures that others predict for one sequence, with their votes.

The stems are the maximal helices of all structures and, where these disagree, what they share: the
part that two helices have in common, and every run of pairs that more than half of the structures
have. So the majority's structure can always be assembled, and so can each single one.
"""

from collections.abc import Sequence

import numpy as np

from boxfold.features.box import (
    BoxKind,
    boxes_to_array,
    inner_pairs,
    line_keys,
    outer_pairs,
    stem_base_pairs,
)
from boxfold.features.cleaning import canonical_pairs
from boxfold.features.loops import stems, structure_boxes
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.structure import BoolArray, IntArray, as_base_pairs, pair_table

MIN_LOG_SHARE = -12.0
"""Natural log of a share of votes is clipped here, as S1's log-probabilities are."""


def voted_proposals(seq: str, structures: Sequence[IntArray]) -> Proposals:
    """Boxes of structures, the most votes first.

    Parameters
    ----------
    seq : str
    structures : sequence of ndarray, dtype=int, shape (K, 2)
        In the canonical form of `as_base_pairs`, within `seq`; pairs may cross. Pairs that can't
        be (`canonical_pairs`) are dropped.

    Returns
    -------
    Proposals
        ``score`` is the share of the structures that have all pairs of a stem; among equals the
        longer stem is first. ``loop_score`` is the share that has the loop. The evidence holds,
        as shares of structures: ``log_probability`` the log of the score; ``paired_outer`` and
        ``paired_inner`` the votes for these pairs; ``outer_end`` and ``inner_end`` where a stem
        ends with them; ``on_probability`` the mean over the pairs; ``votes_softmax`` the score,
        ``votes_scalar`` the votes for just this stem.

    Examples
    --------
    >>> from boxfold.features.structure import base_pairs_from_dot_bracket
    >>> texts = ("((((....))))", "(((......)))")
    >>> structures = [base_pairs_from_dot_bracket(text) for text in texts]
    >>> found = voted_proposals("GGGGAAAACCCC", structures)
    >>> found.boxes[:, 3].tolist(), found.score.tolist(), found.loop_score.tolist()
    ([3, 4], [1.0, 0.5], [0.5, 0.5])
    """
    cleaned = [canonical_pairs(seq, pairs) for pairs in structures]
    tables = np.array([pair_table(pairs, len(seq)) for pairs in cleaned], dtype=np.int64)
    tables = tables.reshape(-1, len(seq))
    boxes = _stem_boxes(cleaned, tables)
    evidence = stem_votes(boxes, tables)
    score = evidence[:, EVIDENCE.index("votes_softmax")]
    order = np.lexsort((boxes[:, 2], boxes[:, 1], -boxes[:, 3], -score))
    return Proposals(boxes[order], score[order], evidence[order], *_voted_loops(cleaned))


def stem_votes(boxes: IntArray, tables: IntArray) -> np.ndarray:
    """Columns `EVIDENCE` of stems, by the votes of structures.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems within the sequence.
    tables : ndarray, dtype=int64, shape (structures, L)
        Their pair tables; at least one.

    Returns
    -------
    ndarray, dtype=float32, shape (N, len(EVIDENCE))
        See `voted_proposals`.
    """
    if not len(boxes):
        return np.zeros((0, len(EVIDENCE)), dtype=np.float32)
    starts = np.cumsum(boxes[:, 3]) - boxes[:, 3]
    has_pair = _have(tables, stem_base_pairs(boxes))
    whole = np.logical_and.reduceat(has_pair, starts, axis=1)
    outer, inner = outer_pairs(boxes), inner_pairs(boxes)
    outside, inside = np.array([-1, 1]), np.array([1, -1])
    has_outer, has_inner = _have(tables, outer), _have(tables, inner)
    ends_outside = has_outer & ~_have(tables, outer + outside)
    ends_inside = has_inner & ~_have(tables, inner + inside)
    share = whole.mean(axis=0)
    with np.errstate(divide="ignore"):
        log_share = np.maximum(np.log(share), MIN_LOG_SHARE)
    columns = {
        "log_probability": log_share,
        "paired_outer": has_outer.mean(axis=0),
        "paired_inner": has_inner.mean(axis=0),
        "outer_end": ends_outside.mean(axis=0),
        "inner_end": ends_inside.mean(axis=0),
        "on_probability": np.add.reduceat(has_pair.mean(axis=0), starts) / boxes[:, 3],
        "votes_softmax": share,
        "votes_scalar": (whole & ends_outside & ends_inside).mean(axis=0),
    }
    return np.stack([columns[name] for name in EVIDENCE], axis=1).astype(np.float32)


def majority_pairs(tables: IntArray) -> IntArray:
    """Pairs that more than half of the structures have; no two of them share a base.

    Parameters
    ----------
    tables : ndarray, dtype=int64, shape (structures, L)
        Pair tables.

    Returns
    -------
    ndarray, dtype=int64, shape (K, 2)
        In canonical form; pairs may cross.

    Examples
    --------
    >>> from boxfold.features.structure import base_pairs_from_dot_bracket
    >>> texts = ("((...))", ".(...).", ".......")
    >>> tables = [pair_table(base_pairs_from_dot_bracket(text), 7) for text in texts]
    >>> majority_pairs(np.array(tables)).tolist()
    [[1, 5]]
    """
    which, i = np.nonzero(tables > np.arange(tables.shape[1]))
    pairs, votes = np.unique(np.stack([i, tables[which, i]], axis=1), axis=0, return_counts=True)
    return as_base_pairs(pairs[2 * votes > len(tables)])


def _have(tables: IntArray, pairs: IntArray) -> BoolArray:
    """Which structures have which pairs, shape (structures, pairs); none is out of range."""
    i, j = pairs.T
    inside = (i >= 0) & (j < tables.shape[1]) & (i < j)
    return (tables[:, np.where(inside, i, 0)] == j) & inside


def _stem_boxes(structures: Sequence[IntArray], tables: IntArray) -> IntArray:
    """Helices of all structures, what two of them share, and the runs of the majority."""
    lines = [boxes_to_array([]), *(stems(pairs) for pairs in structures)]
    helices = _unique(np.concatenate(lines))
    shared = _shared_parts(helices)
    return _unique(np.concatenate([helices, shared, stems(majority_pairs(tables))]))


def _shared_parts(helices: IntArray) -> IntArray:
    """Pairs that two helices have in common: both lie on one antidiagonal and overlap."""
    first, size = helices[:, 1], helices[:, 3]
    diagonal = outer_pairs(helices).sum(axis=1)
    a, b = np.nonzero(np.triu(diagonal[:, None] == diagonal[None, :], 1))
    row = np.maximum(first[a], first[b])
    n = np.minimum(first[a] + size[a], first[b] + size[b]) - row
    row, n, diagonal = row[n > 0], n[n > 0], diagonal[a][n > 0]
    return np.stack([np.full_like(n, BoxKind.STEM), row, diagonal - row - n + 1, n, n], axis=1)


def _unique(boxes: IntArray) -> IntArray:
    return boxes[np.unique(line_keys(boxes), return_index=True)[1]]


def _voted_loops(structures: Sequence[IntArray]) -> tuple[IntArray, np.ndarray]:
    """Loops of all structures with the share of structures that have them, best first."""
    found = np.concatenate([boxes_to_array([]), *(structure_boxes(each) for each in structures)])
    loops = found[found[:, 0] != BoxKind.STEM]
    _, first, votes = np.unique(line_keys(loops), return_index=True, return_counts=True)
    order = np.argsort(-votes, kind="stable")
    share = votes[order] / max(len(structures), 1)
    return loops[first[order]], share.astype(np.float32)
