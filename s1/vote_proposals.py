"""Proposals from the structures of others, alone or joined with those of S1."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from boxfold.features.box import BoxKind, line_keys
from boxfold.features.channels import canonical_mask
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.structure import IntArray
from boxfold.features.structure_votes import voted_proposals
from boxfold.s1.engine import Engine, InProcess
from boxfold.s1.evidence import stem_evidence
from boxfold.s1.model import Maps, S1Model
from boxfold.s1.propose import ProposeConfig, Proposed, by_batches, propose_from_maps
from boxfold.s1.pruning import prune_boxes
from boxfold.s1.structure_files import Predicted

VOTE_COLUMNS = [EVIDENCE.index(name) for name in ("votes_softmax", "votes_scalar")]


def structures_by_id(
    predicted: Iterable[Predicted],
    sequences: dict[str, str] | None,
    on_error: Callable[[str], None],
) -> tuple[dict[str, str], dict[str, list[IntArray]]]:
    """Group structures by sequence, and refuse those that don't fit.

    Parameters
    ----------
    predicted : iterable of Predicted
    sequences : dict of str to str, optional
        Sequences by id; default: those of the structures, the first of each id.
    on_error : callable
        Gets one line for each structure of an unknown id, another sequence or a wrong length.

    Returns
    -------
    sequences : dict of str to str
    structures : dict of str to list of ndarray
        Base pairs by id; an id without any has no entry.
    """
    is_open = sequences is None
    known = dict(sequences or {})
    structures: dict[str, list[IntArray]] = {}
    for each in predicted:
        if is_open and each.seq is not None:
            known.setdefault(each.id, each.seq)
        if reason := _misfit(each, known.get(each.id), is_open):
            on_error(f"{each.source}: record '{each.id}': {reason}")
            continue
        structures.setdefault(each.id, []).append(each.base_pairs)
    return known, structures


def _misfit(each: Predicted, seq: str | None, is_open: bool) -> str | None:
    """Why a structure can't be one of the sequence of its id."""
    if seq is None:
        return "no sequence (--data gives it)" if is_open else "the id is not in --data"
    if each.length != len(seq):
        return f"a structure of {each.length} bases, the sequence has {len(seq)}"
    if each.seq is not None and each.seq != seq:
        place = next(k for k, (a, b) in enumerate(zip(each.seq, seq, strict=True)) if a != b)
        return f"another sequence: {each.seq[place]} at position {place + 1}, not {seq[place]}"
    return None


def propose_votes(seq: str, structures: Sequence[IntArray], config: ProposeConfig) -> Proposed:
    """Boxes of structures, see `voted_proposals`.

    Parameters
    ----------
    seq : str
    structures : sequence of ndarray, dtype=int, shape (K, 2)
    config : ProposeConfig
        Of which pruning and ``max_boxes`` count.

    Returns
    -------
    Proposed
    """
    return _pruned(seq, voted_proposals(seq, structures), config)


def propose_votes_of_each(
    seqs: Sequence[str],
    structures: Sequence[Sequence[IntArray]],
    config: ProposeConfig,
    engine: Engine | None = None,
) -> Iterator[tuple[int, Proposed]]:
    """`propose_votes` of many sequences.

    Parameters
    ----------
    seqs : sequence of str
    structures : sequence of sequence of ndarray
        Base pairs, for each of `seqs`.
    config : ProposeConfig
    engine : Engine, optional
        Who does it; default: this process.

    Yields
    ------
    index : int
        Into `seqs`, in order of length.
    proposed : Proposed
    """
    rows = list(zip(seqs, structures, strict=True))
    return by_batches(partial(_voted, config), rows, engine or InProcess())


def propose_joined(
    model: S1Model,
    seqs: Sequence[str],
    structures: Sequence[Sequence[IntArray]],
    config: ProposeConfig,
    engine: Engine | None = None,
) -> Iterator[tuple[int, Proposed]]:
    """Boxes of S1 and of structures together; arguments and results as in `propose_votes_of_each`.

    The score of a box is the mean of S1's score and of the votes, 0 where one lacks the box. The
    evidence is that of S1, but for both columns of votes, which hold those of the structures.
    """
    rows = list(zip(seqs, structures, strict=True))
    return by_batches(partial(_joined, model, config), rows, engine or InProcess())


Rows = Sequence[tuple[str, Sequence[IntArray]]]


def _voted(config: ProposeConfig, rows: Rows) -> list[Proposed]:
    return [propose_votes(*row, config) for row in rows]


def _joined(model: S1Model, config: ProposeConfig, rows: Rows) -> list[Proposed]:
    proposed = []
    for index, maps in model.maps([seq for seq, _ in rows]):
        seq, structures = rows[index]
        found = propose_from_maps(seq, maps, config).proposals
        voted = voted_proposals(seq, structures)
        proposed.append(_pruned(seq, joined(seq, maps, found, voted), config))
    return proposed


def joined(seq: str, maps: Maps, found: Proposals, voted: Proposals) -> Proposals:
    """Union of the proposals of S1 (`found`) and of structures; see `propose_joined`."""
    boxes, score, votes = _union(found.boxes, found.score, voted.boxes, voted.score)
    is_stem = maps.voted.boxes[:, 0] == BoxKind.STEM
    evidence = stem_evidence(
        boxes, maps.ends, maps.on[BoxKind.STEM], maps.voted.take(is_stem), canonical_mask(seq)
    )
    evidence[:, VOTE_COLUMNS] = 0
    rows = np.flatnonzero(votes >= 0)
    evidence[rows[:, None], VOTE_COLUMNS] = voted.evidence[votes[rows]][:, VOTE_COLUMNS]
    loops, loop_score, _ = _union(found.loops, found.loop_score, voted.loops, voted.loop_score)
    return Proposals(boxes, score, evidence, loops, loop_score)


def _union(
    boxes: IntArray, score: np.ndarray, voted: IntArray, share: np.ndarray
) -> tuple[IntArray, np.ndarray, IntArray]:
    """All boxes, best first, their mean scores, and which of `voted` each is (-1: none)."""
    both = np.concatenate([boxes, voted])
    _, first, group = np.unique(line_keys(both), return_index=True, return_inverse=True)
    total = np.bincount(group, np.concatenate([score, share]), minlength=len(first)) / 2
    place = np.full(len(first), -1, dtype=np.int64)
    place[group[len(boxes) :]] = np.arange(len(voted))
    order = np.lexsort((first, -total))
    return both[first[order]], total[order].astype(np.float32), place[order]


def _pruned(seq: str, found: Proposals, config: ProposeConfig) -> Proposed:
    keep, counts = prune_boxes(found.boxes, seq, config.prune, score=found.score)
    keep_loops, loop_counts = prune_boxes(found.loops, seq, config.prune, score=found.loop_score)
    kept = Proposals(
        found.boxes[keep],
        found.score[keep],
        found.evidence[keep],
        found.loops[keep_loops],
        found.loop_score[keep_loops],
    )
    offered = np.concatenate([found.boxes, found.loops])
    return Proposed(kept.best(config.max_boxes), offered, counts + loop_counts)
