"""Boxes of the *ends* and *loops* heads with their best score: rescored, if that was learned."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.sequence import encode_bases
from boxfold.features.structure import IntArray
from boxfold.s1.box_graph import BoxGraph, end_pairs
from boxfold.s1.ends import decode_ends, ranked_stems
from boxfold.s1.loop_ends import decode_loops, loop_candidates
from boxfold.s1.model import Maps
from boxfold.s1.rescorer import Rescorer
from boxfold.s1.rescoring import FloatArray, loop_features, stem_features

MAX_STEMS = 3
MAX_LOOPS = 4
"""Most candidates that are scored again, in units of the length; others are not offered then."""

MIN_LOG_PROBABILITY = -8.0
"""Boxes that the heads give less are no candidates; of the stems of MFEs 1 in 10,000 has less."""


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
    """Boxes of one sequence that may be scored again.

    Parameters
    ----------
    seq : str
    maps : Maps
        With `Maps.pixels`.

    Attributes
    ----------
    graph : BoxGraph
        Stems, then loops, each by falling score of the heads.
    """

    def __init__(self, seq: str, maps: Maps) -> None:
        assert maps.pixels is not None
        stems, chain = ranked_stems(maps.ends, seq, MAX_STEMS * len(seq))
        stem_log: FloatArray = np.clip(chain[chain >= MIN_LOG_PROBABILITY], None, 0)
        stems = stems[: len(stem_log)]
        loops = loop_candidates(maps.loops).best(MAX_LOOPS * len(seq))
        loops = loops.best(int((loops.score >= MIN_LOG_PROBABILITY).sum()))
        boxes = np.concatenate([stems, loops.boxes])
        self._log = np.concatenate([stem_log, np.minimum(loops.score, 0)])
        self.graph = BoxGraph(
            codes=encode_bases(seq),
            boxes=boxes,
            n_stems=len(stems),
            stem_numbers=stem_features(seq, maps.ends, maps.loops, stems, stem_log, loops),
            loop_numbers=loop_features(len(seq), loops, stems, stem_log),
            pixels=np.concatenate([maps.pixels.at(pairs) for pairs in end_pairs(boxes)], axis=1),
        )

    def rescore(self, rescorer: Rescorer) -> None:
        """Replace the scores of the heads."""
        self._log = rescorer.log_probability(self.graph)

    def best(self, max_boxes: int) -> ScoredBoxes:
        """Boxes by falling score."""
        n, boxes = self.graph.n_stems, self.graph.boxes
        stems = _best(boxes[:n], self._log[:n], max_boxes)
        return ScoredBoxes(*stems, *_best(boxes[n:], self._log[n:], max_boxes))


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
        With a rescorer, the best boxes of the heads are scored again.
    max_boxes : int, optional
        Most stems, and as many loops; default: all.
    """
    size = len(seq) ** 3 if max_boxes is None else max_boxes
    if maps.rescorer is None:
        return ScoredBoxes(*decode_ends(maps.ends, seq, size), *decode_loops(maps.loops, size))
    found = Candidates(seq, maps)
    found.rescore(maps.rescorer)
    return found.best(size)
