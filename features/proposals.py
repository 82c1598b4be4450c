"""What S1 hands to S2: scored stem boxes with their evidence, and loop boxes as context."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import boxes_to_array
from boxfold.features.channels import maximal_runs, stem_stack_energy
from boxfold.features.structure import IntArray

EVIDENCE = (
    "log_probability",  # chain score of the ends heads, natural log, clipped at -12
    "paired_outer",  # P(outer pair is paired)
    "paired_inner",
    "outer_end",  # P(outer pair is the outer end of a stem)
    "inner_end",  # P(inner pair is the inner end of a stem)
    "on_probability",  # mean of the on-head over the pairs
    "votes_softmax",  # n_proposal / area, size by softmax
    "votes_scalar",  # n_proposal / area, size by scalar
)
"""Columns of `Proposals.evidence`; 0 where a method does not supply one."""


class Proposals(NamedTuple):
    """Boxes proposed for one sequence, best first.

    Attributes
    ----------
    boxes : ndarray, dtype=int64, shape (N, 5)
        Stems.
    score : ndarray, dtype=float32, shape (N,)
        In [0, 1], falling.
    evidence : ndarray, dtype=float32, shape (N, len(EVIDENCE))
    loops : ndarray, dtype=int64, shape (M, 5)
        Interior loops and hairpins.
    loop_score : ndarray, dtype=float32, shape (M,)
        In (0, 1], falling.
    """

    boxes: IntArray
    score: NDArray[np.float32]
    evidence: NDArray[np.float32]
    loops: IntArray
    loop_score: NDArray[np.float32]

    def only(self, stems: IntArray) -> "Proposals":
        """Some of the stems, in the given order, and all loops."""
        return self._replace(
            boxes=self.boxes[stems], score=self.score[stems], evidence=self.evidence[stems]
        )

    def best(self, max_boxes: int) -> "Proposals":
        """At most `max_boxes` stems and as many loops, the best of each."""
        return Proposals(
            self.boxes[:max_boxes],
            self.score[:max_boxes],
            self.evidence[:max_boxes],
            self.loops[:max_boxes],
            self.loop_score[:max_boxes],
        )


def no_loops() -> tuple[IntArray, NDArray[np.float32]]:
    """Empty `loops` and `loop_score`."""
    return boxes_to_array([]), np.zeros(0, dtype=np.float32)


def run_proposals(seq: str, max_boxes: int, min_pairs: int = 2) -> Proposals:
    """Maximal canonical runs ranked by stacking energy: the enumeration S1 must beat.

    Parameters
    ----------
    seq : str
    max_boxes : int
    min_pairs : int
        Shorter runs are left out.

    Returns
    -------
    Proposals
        ``score`` is exp(E / 10) turned around, 1 - exp(E / 10) with E the stacking energy in
        kcal/mol cut at 0; no evidence, no loops.
    """
    boxes = maximal_runs(seq, min_pairs)
    energy = stem_stack_energy(seq, boxes)
    order = np.argsort(energy, kind="stable")[:max_boxes]
    score = 1 - np.exp(np.minimum(energy[order], 0) / 10)
    evidence = np.zeros((len(order), len(EVIDENCE)), dtype=np.float32)
    return Proposals(boxes[order], score.astype(np.float32), evidence, *no_loops())
