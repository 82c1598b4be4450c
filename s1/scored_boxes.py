"""Boxes of the *ends* and *loops* heads with their best score: rescored, if that was learned."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind
from boxfold.features.structure import BoolArray, IntArray
from boxfold.s1.ends import decode_ends, ranked_stems
from boxfold.s1.loop_ends import decode_loops, loop_candidates
from boxfold.s1.model import Maps
from boxfold.s1.rescoring import N_ROUNDS, FloatArray, Rescorer, loop_features, stem_features

CANDIDATES = 4
"""Stems, and loops, that are rescored, in units of the length; others are not offered then."""

MIN_LOG_PROBABILITY = -20.0


class ScoredBoxes(NamedTuple):
    """Stems and loops of one sequence, best first.

    Attributes
    ----------
    stems : ndarray, dtype=int64, shape (N, 5)
    stem_score : ndarray, dtype=float32, shape (N,)
        Probability, falling.
    loops : ndarray, dtype=int64, shape (M, 5)
        Hairpins and interior loops together.
    loop_score : ndarray, dtype=float32, shape (M,)
    """

    stems: IntArray
    stem_score: NDArray[np.float32]
    loops: IntArray
    loop_score: NDArray[np.float32]


class Candidates:
    """Boxes of one sequence on their way through the rounds of rescoring.

    Parameters
    ----------
    seq : str
    maps : Maps
    """

    def __init__(self, seq: str, maps: Maps) -> None:
        size = CANDIDATES * len(seq)
        self._seq, self._ends, self._loop_ends = seq, maps.ends, maps.loops
        self.stems, chain = ranked_stems(maps.ends, seq, size)
        self._stem_log: FloatArray = np.clip(chain, MIN_LOG_PROBABILITY, 0)
        self._loops = loop_candidates(maps.loops).best(size)
        self._features: list[tuple[FloatArray, FloatArray]] = []
        self._look()

    def _look(self) -> None:
        """Numbers of this round, before those of the earlier ones."""
        stems = stem_features(
            self._seq, self._ends, self._loop_ends, self.stems, self._stem_log, self._loops
        )
        loops = loop_features(len(self._seq), self._loops, self.stems, self._stem_log)
        self._features.insert(0, (stems, loops))

    def boxes(self, kind: BoxKind) -> IntArray:
        """Candidates of a kind, in an order that stays."""
        return self.stems if kind is BoxKind.STEM else self._loops.boxes[self._chosen(kind)]

    def features(self, kind: BoxKind) -> FloatArray:
        """What the rescorer sees of them in this round; shape (N, F)."""
        if kind is BoxKind.STEM:
            return np.concatenate([stems for stems, _ in self._features], axis=1)
        return np.concatenate([loops[self._chosen(kind)] for _, loops in self._features], axis=1)

    def _chosen(self, kind: BoxKind) -> BoolArray:
        return self._loops.boxes[:, 0] == kind

    def rescore(self, rescorer: Rescorer, number: int) -> None:
        """Let round `number` judge; unless it is the last one, look at the boxes again."""
        score = self._loops.score.copy()
        stem_log = self._stem_log
        for kind in BoxKind:
            log = rescorer.log_probability(number, kind, self.features(kind))
            log = np.maximum(log, MIN_LOG_PROBABILITY)
            if kind is BoxKind.STEM:
                stem_log = log
            else:
                score[self._chosen(kind)] = log
        self._stem_log, self._loops = stem_log, self._loops._replace(score=score)
        if number + 1 < N_ROUNDS:
            self._look()

    def best(self, max_boxes: int) -> ScoredBoxes:
        """Boxes by falling score."""
        stems = _best(self.stems, self._stem_log, max_boxes)
        return ScoredBoxes(*stems, *_best(self._loops.boxes, self._loops.score, max_boxes))


def _best(
    boxes: IntArray, log: NDArray[np.floating], max_boxes: int
) -> tuple[IntArray, NDArray[np.float32]]:
    order = np.argsort(-log, kind="stable")[:max_boxes]
    return boxes[order], np.exp(log[order]).astype(np.float32)


def scored_boxes(seq: str, maps: Maps, max_boxes: int | None = None) -> ScoredBoxes:
    """Boxes of one sequence by falling score.

    Parameters
    ----------
    seq : str
    maps : Maps
        With a rescorer, at most `CANDIDATES` boxes per base are scored again.
    max_boxes : int, optional
        Most stems, and as many loops; default: all.
    """
    size = len(seq) ** 3 if max_boxes is None else max_boxes
    if maps.rescorer is None:
        return ScoredBoxes(*decode_ends(maps.ends, seq, size), *decode_loops(maps.loops, size))
    found = Candidates(seq, maps)
    for number in range(N_ROUNDS):
        found.rescore(maps.rescorer, number)
    return found.best(size)
