"""The best that boxes allow: the set of stems of highest F1 against a known structure.

F1 is a fraction, ``2 TP / (P + R)`` with P picked and R known pairs. Dinkelbach's method turns it
into sums: for a guess f, stems are worth ``TP - f P / 2``, and the F1 of the best set is the next
guess. The guesses rise and end at the optimum after a few rounds. The same holds for true pairs
that are only expected.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boxfold.agents.agent import Assembly, Picks, SingleAgent, assembly_of_picks
from boxfold.envs.instance import Instance
from boxfold.features.errors import InputError
from boxfold.features.stem_weights import shared_pairs
from boxfold.features.structure import IntArray
from boxfold.rewards.additive import AdditiveConfig, additive_optimum

MAX_ROUNDS = 30
"""Dinkelbach's guesses double their digits each round; five are typical."""


class BestF1(NamedTuple):
    """Best set of boxes: `picks`, rising, its `f1`, and whether that is proven."""

    picks: Picks
    f1: float
    proven: bool


KNOTTED = AdditiveConfig("allow")


def best_f1(boxes: IntArray, reference: IntArray, config: AdditiveConfig = KNOTTED) -> BestF1:
    """Set of stems without a conflict that agrees best with a structure.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems.
    reference : ndarray, dtype=int, shape (K, 2)
    config : AdditiveConfig
        Which sets are allowed. Default: crossing stems, without a charge.

    Returns
    -------
    BestF1
        F1 over exact base pairs, as `features.agreement`; of the empty reference it is 1, by
        nothing picked.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 7, 3, 3], [0, 1, 7, 2, 2]])
    >>> best_f1(boxes, np.array([[1, 8], [2, 7]]))
    BestF1(picks=(1,), f1=1.0, proven=True)
    """
    if not len(reference):
        return BestF1((), 1.0, True)
    share = shared_pairs(boxes, reference) / boxes[:, 3]
    return best_expected_f1(boxes, share, len(reference), config)


def best_expected_f1(
    boxes: IntArray,
    share: ArrayLike,
    n_known: float,
    config: AdditiveConfig = KNOTTED,
    tolerance: float = 1e-9,
) -> BestF1:
    """Set of stems without a conflict of highest F1, by the share of true pairs to expect of each.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems.
    share : array_like of float, shape (N,)
        Of each stem, in [0, 1].
    n_known : float
        Pairs of the structure, more than 0.
    config : AdditiveConfig
        Which sets are allowed; a knot pays its charge in pairs.
    tolerance : float
        A set that gains no more F1 is no better.

    Returns
    -------
    BestF1

    Examples
    --------
    >>> boxes = np.array([[0, 0, 7, 3, 3], [0, 12, 19, 3, 3]])
    >>> best_expected_f1(boxes, [0.9, 0.2], 3)
    BestF1(picks=(0,), f1=0.9, proven=True)
    """
    size, share = boxes[:, 3], np.asarray(share, dtype=np.float64)
    best = BestF1((), 0.0, True)
    for _ in range(MAX_ROUNDS):
        optimum = additive_optimum(boxes, size * (share - best.f1 / 2), config)
        picks = list(optimum.picks)
        f1 = float(2 * (size * share)[picks].sum() / (size[picks].sum() + n_known))
        if f1 <= best.f1 + tolerance:
            return best._replace(proven=best.proven and optimum.proven)
        best = BestF1(optimum.picks, f1, optimum.proven)
    return best._replace(proven=False)


class OracleAgent(SingleAgent):
    """The set of boxes of highest F1; sees the known structure, so it is a ceiling, no method.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    """

    name = "oracle"

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        if instance.reference is None:
            raise InputError(f"agent 'oracle': '{instance.id}' has no known structure to look at")
        config = AdditiveConfig(self.pseudoknots)
        found = best_f1(instance.boxes, instance.reference, config)
        return assembly_of_picks(instance, found.picks)
