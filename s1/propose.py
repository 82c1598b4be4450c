"""Proposals of S1: sequences in, scored stems and loops with their evidence out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from boxfold.features.box import BoxKind
from boxfold.features.channels import canonical_mask
from boxfold.features.proposals import Proposals, no_loops, run_proposals
from boxfold.features.structure import IntArray
from boxfold.s1.batches import length_batches
from boxfold.s1.engine import Engine, InProcess
from boxfold.s1.evidence import stem_evidence
from boxfold.s1.model import BATCH_PIXELS, Maps, S1Model
from boxfold.s1.pruning import PruneConfig, prune_boxes
from boxfold.s1.scored_boxes import scored_boxes
from boxfold.s1.votes import METHODS, FloatArray, VotedBoxes, choose_boxes

Row = TypeVar("Row", bound=tuple[Any, ...])

LOOP_METHOD = "union"


@dataclass(frozen=True)
class ProposeConfig:
    """How boxes are proposed."""

    method: str = field(default="ends", metadata={"help": ", ".join(METHODS)})
    on_threshold: float = field(
        default=0.1, metadata={"help": "on-probability of a voter, methods on, union, both; loops"}
    )
    vote_threshold: float = field(
        default=0.5,
        metadata={"help": "votes per pixel, methods votes, union, both; loops (hairpins: half)"},
    )
    max_boxes: int = field(default=64, metadata={"help": "stems per sequence, and as many loops"})
    min_pairs: int = field(default=2, metadata={"help": "shortest run of method runs"})
    votes: bool = field(
        default=True, metadata={"help": "run the boxes heads: evidence by votes, but slower"}
    )
    prune: PruneConfig = field(
        default_factory=PruneConfig, metadata={"help": "which boxes are removed"}
    )

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method '{self.method}': known are {', '.join(METHODS)}")


class Proposed(NamedTuple):
    """Proposals of one sequence, and what pruning did.

    Attributes
    ----------
    proposals : Proposals
    offered : ndarray, dtype=int64, shape (N, 5)
        Boxes of all kinds before pruning and `max_boxes`.
    pruned : ndarray, dtype=int64, shape (6, 3)
        Boxes removed by rule (`PRUNE_RULES`) and kind.
    """

    proposals: Proposals
    offered: IntArray
    pruned: IntArray


def propose_batch(
    model: S1Model | None, seqs: Sequence[str], config: ProposeConfig
) -> list[Proposals]:
    """Proposals of many sequences.

    Parameters
    ----------
    model : S1Model or None
        None will do for method ``runs``.
    seqs : sequence of str
        Normalised, of `boxfold.features.sequence`.
    config : ProposeConfig

    Returns
    -------
    list of Proposals
        In the order of `seqs`.
    """
    found = dict(propose_each(model, seqs, config))
    return [found[index].proposals for index in range(len(seqs))]


def propose_each(
    model: S1Model | None,
    seqs: Sequence[str],
    config: ProposeConfig,
    engine: Engine | None = None,
) -> Iterator[tuple[int, Proposed]]:
    """Like `propose_batch`, one by one with the counts, in order of length.

    Parameters
    ----------
    model, seqs, config
        As there.
    engine : Engine, optional
        Who does it; default: this process.

    Yields
    ------
    index : int
        Into `seqs`.
    proposed : Proposed
    """
    if config.method != "runs" and model is None:
        raise ValueError(f"method '{config.method}' needs a model")
    work = partial(_propose, model, config)
    yield from by_batches(work, [(seq,) for seq in seqs], engine or InProcess())


def by_batches(
    work: Callable[[list[Row]], list[Proposed]], rows: Sequence[Row], engine: Engine
) -> Iterator[tuple[int, Proposed]]:
    """Proposals of sequences by their index, in order of length; see `propose_each`.

    The batches are those that `S1Model.maps` makes of all sequences, so the outputs are the same.

    Parameters
    ----------
    work : callable
        Proposals of some rows, in their order.
    rows : sequence of tuple
        Sequences, and what else belongs to each.
    engine : Engine

    Yields
    ------
    index : int
        Into `rows`.
    proposed : Proposed
    """
    lengths = np.array([len(row[0]) for row in rows], dtype=np.int64)
    batches = list(length_batches(lengths, BATCH_PIXELS))
    done = engine.map(work, ([rows[index] for index in batch] for batch in batches))
    for batch, found in zip(batches, done, strict=True):
        yield from zip(batch.tolist(), found, strict=True)


def _propose(
    model: S1Model | None, config: ProposeConfig, rows: Sequence[tuple[str]]
) -> list[Proposed]:
    seqs = [seq for (seq,) in rows]
    if config.method == "runs" or model is None:
        return [propose_runs(seq, config) for seq in seqs]
    maps = model.maps(seqs, votes=config.votes or config.method != "ends")
    return [propose_from_maps(seqs[index], each, config) for index, each in maps]


def propose_from_maps(seq: str, maps: Maps, config: ProposeConfig) -> Proposed:
    """Proposals from the outputs of the network for one sequence.

    Parameters
    ----------
    seq : str
    maps : Maps
    config : ProposeConfig
        Any method but ``runs``.

    Returns
    -------
    Proposed
    """
    is_stem = maps.voted.boxes[:, 0] == BoxKind.STEM
    stem_votes, loop_votes = maps.voted.take(is_stem), maps.voted.take(~is_stem)
    if config.method == "ends":
        found = scored_boxes(seq, maps, config.max_boxes)
        stems = _from_ends(found.stems, found.stem_score, seq, config)
        loops = _from_ends(found.loops, found.loop_score, seq, config)
    else:
        stems = _from_votes(stem_votes, config.method, seq, config)
        loops = _from_votes(loop_votes, LOOP_METHOD, seq, config)
    evidence = stem_evidence(
        stems.boxes, maps.ends, maps.on[BoxKind.STEM], stem_votes, canonical_mask(seq)
    )
    proposals = Proposals(stems.boxes, stems.score, evidence, loops.boxes, loops.score)
    offered = np.concatenate([stems.offered, loops.offered])
    return Proposed(proposals, offered, stems.pruned + loops.pruned)


class _Kept(NamedTuple):
    """Best boxes and their scores; all that were offered; counts of pruning."""

    boxes: IntArray
    score: FloatArray
    offered: IntArray
    pruned: IntArray


def _from_ends(boxes: IntArray, score: FloatArray, seq: str, config: ProposeConfig) -> _Kept:
    keep, pruned = prune_boxes(boxes, seq, config.prune, score=score)
    return _Kept(boxes[keep], score[keep], boxes, pruned)


def _from_votes(voted: VotedBoxes, method: str, seq: str, config: ProposeConfig) -> _Kept:
    chosen = choose_boxes(voted, method, config.on_threshold, config.vote_threshold)
    n_votes = np.maximum(chosen.n_softmax, chosen.n_scalar)
    keep, pruned = prune_boxes(chosen.boxes, seq, config.prune, n_votes, chosen.score)
    best = chosen.take(keep).best_first()
    size = config.max_boxes
    return _Kept(best.boxes[:size], best.score[:size], chosen.boxes, pruned)


def propose_runs(seq: str, config: ProposeConfig) -> Proposed:
    """Proposals of method ``runs``."""
    found = run_proposals(seq, len(seq) ** 2, config.min_pairs)
    keep, pruned = prune_boxes(found.boxes, seq, config.prune, score=found.score)
    kept = Proposals(found.boxes[keep], found.score[keep], found.evidence[keep], *no_loops())
    return Proposed(kept.best(config.max_boxes), found.boxes, pruned)
