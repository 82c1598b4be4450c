"""S1's opinion of loops as an energy: an optional term of the reward.

A loop is closed by the ends of one or two stems, so the term adds up over the loops of a structure
and the exact search over stems includes it.
"""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs
from boxfold.features.loops import structure_boxes
from boxfold.features.structure import IntArray

LOG_FLOOR = float(np.log(1e-3))
"""Natural log-probability of a loop that S1 does not propose, and least of one that it does."""

EnergyArray = NDArray[np.float64]


class LoopBonus:
    """Energy of interior loops and hairpins by S1's probability: ``-weight * log p``, kcal/mol.

    Never negative: an improbable loop costs. Multi-branch loops cost nothing.

    Parameters
    ----------
    loops : ndarray, dtype=int, shape (M, 5)
        Interior loops and hairpins that S1 proposes.
    loop_score : ndarray, dtype=float32, shape (M,)
        Probabilities in (0, 1].
    weight : float
        kcal/mol per natural log unit.

    Examples
    --------
    >>> bonus = LoopBonus(np.array([[2, 3, 3, 6, 6]]), np.array([0.5]), weight=2.0)
    >>> pairs = np.array([[2, 9], [3, 8]])
    >>> round(bonus.energy(pairs), 3), round(bonus.energy(pairs[:1]), 3)
    (1.386, 13.816)
    """

    def __init__(self, loops: IntArray, loop_score: NDArray[np.floating], weight: float) -> None:
        self._weight = weight
        log_score = np.maximum(np.log(np.maximum(loop_score, 1e-30)), LOG_FLOOR)
        # Best first, so going backwards the best score of a repeated loop stays.
        rows = map(tuple, loops[::-1].tolist())
        self._log_score = dict(zip(rows, log_score[::-1].tolist(), strict=True))

    def energy(self, base_pairs: IntArray) -> float:
        """Sum over the loops of a structure.

        Parameters
        ----------
        base_pairs : ndarray, dtype=int, shape (K, 2)
            In canonical form.
        """
        boxes = structure_boxes(base_pairs)
        return float(self._of(boxes[boxes[:, 0] != BoxKind.STEM]).sum())

    def by_stem(self, boxes: IntArray) -> tuple[EnergyArray, EnergyArray]:
        """The same for `StemOptimum`: what stems pay for the loops they can close.

        Parameters
        ----------
        boxes : ndarray, dtype=int, shape (N, 5)
            Stems.

        Returns
        -------
        hairpin_bonus : ndarray, dtype=float64, shape (N,)
        interior_bonus : ndarray, dtype=float64, shape (N, N)
            [a, b]: a closes, b lies inside. 0 where b is not inside a, and where they stack.
        """
        i, j = inner_pairs(boxes).T
        k, l = outer_pairs(boxes).T  # noqa: E741
        hairpins = np.stack([np.full_like(i, BoxKind.HAIRPIN), i, i, j - i + 1, j - i + 1], axis=1)
        n_rows, n_cols = k[None, :] - i[:, None] + 1, j[:, None] - l[None, :] + 1
        a, b = np.nonzero((n_rows > 1) & (n_cols > 1) & (n_rows + n_cols > 4))
        kind = np.full_like(a, BoxKind.INTERIOR_LOOP)
        interior = np.stack([kind, i[a], l[b], n_rows[a, b], n_cols[a, b]], axis=1)
        interior_bonus = np.zeros((len(boxes), len(boxes)))
        interior_bonus[a, b] = self._of(interior)
        return self._of(hairpins), interior_bonus

    def _of(self, loops: IntArray) -> EnergyArray:
        found = [self._log_score.get(tuple(row), LOG_FLOOR) for row in loops.tolist()]
        return -self._weight * np.array(found, dtype=np.float64)
