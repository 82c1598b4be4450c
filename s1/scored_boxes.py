"""Boxes of the *ends* and *loops* heads with the best score there is: rescored, if it was learned."""

from typing import NamedTuple

import numpy as np

from boxfold.features.box import BoxKind
from boxfold.features.channels import canonical_mask
from boxfold.features.structure import IntArray
from boxfold.s1.ends import FloatArray, chain_scores, decode_ends
from boxfold.s1.loop_ends import LoopCandidates, decode_loops, loop_candidates
from boxfold.s1.model import Maps
from boxfold.s1.rescoring import loop_features, stem_features

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
    stem_score: FloatArray
    loops: IntArray
    loop_score: FloatArray


class Candidates(NamedTuple):
    """Boxes before rescoring, and what the rescorer sees of them.

    Attributes
    ----------
    stems : ndarray, dtype=int64, shape (N, 5)
    stem_features : ndarray, dtype=float32, shape (N, F)
    loops : LoopCandidates
    loop_features : ndarray, dtype=float32, shape (M, G)
    """

    stems: IntArray
    stem_features: FloatArray
    loops: LoopCandidates
    loop_features: FloatArray

    def of_kind(self, kind: BoxKind) -> tuple[IntArray, FloatArray]:
        """Boxes of a kind and their features."""
        if kind is BoxKind.STEM:
            return self.stems, self.stem_features
        chosen = self.loops.boxes[:, 0] == kind
        return self.loops.boxes[chosen], self.loop_features[chosen]


def candidates(seq: str, maps: Maps) -> Candidates:
    """The most probable boxes of a sequence by the heads alone, with their features."""
    size = CANDIDATES * len(seq)
    stems, _ = decode_ends(maps.ends, seq, size)
    log_probability = chain_scores(maps.ends, stems, canonical_mask(seq))
    log_probability = np.clip(log_probability, MIN_LOG_PROBABILITY, 0)
    loops = loop_candidates(maps.loops).best(size)
    return Candidates(
        stems,
        stem_features(seq, maps.ends, maps.loops, stems, log_probability, loops),
        loops,
        loop_features(len(seq), loops, stems, log_probability),
    )


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
    found = candidates(seq, maps)
    parts = []
    for kinds in ((BoxKind.STEM,), (BoxKind.INTERIOR_LOOP, BoxKind.HAIRPIN)):
        boxes, score = [], []
        for kind in kinds:
            lines, features = found.of_kind(kind)
            boxes.append(lines)
            score.append(maps.rescorer.probability(kind, features))
        lines, values = np.concatenate(boxes), np.concatenate(score)
        order = np.argsort(-values, kind="stable")[:size]
        parts += [lines[order], values[order]]
    return ScoredBoxes(*parts)
