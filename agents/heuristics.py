"""Agents of a few lines: chance, and the greedy rules every other agent has to beat."""

from collections.abc import Sequence

import numpy as np

from boxfold.agents.agent import (
    Assembly,
    Picks,
    SingleAgent,
    assembly_of_picks,
    free_energies,
    lowest_energy,
)
from boxfold.agents.scoring import SetScorer, set_scorer
from boxfold.envs.instance import Instance
from boxfold.features.channels import stem_stack_energy
from boxfold.features.knot_order import KnotOrder
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import BoolArray, IntArray

MIN_GAIN = 1e-3
"""A pick has to lower the energy by more (kcal/mol): of equal structures the smaller one wins."""


class RandomAgent(SingleAgent):
    """Uniform over the stems that still fit and STOP, until STOP or nothing fits."""

    name = "random"
    can_sample = True

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        conflict, knots = instance.conflict(self.pseudoknots), instance.knot_order(self.pseudoknots)
        draws = [random_picks(conflict, rng, knots) for _ in range(samples)]
        if samples == 1:
            return assembly_of_picks(instance, draws[0])
        return assembly_of_picks(instance, *lowest_energy(instance, draws))

    def several(
        self, instances: Sequence[Instance], rng: np.random.Generator, n: int
    ) -> list[list[Assembly]]:
        """At most `n` different draws of each instance, that of lowest energy first."""
        drawn = []
        for instance in instances:
            options = (
                instance.conflict(self.pseudoknots),
                rng,
                instance.knot_order(self.pseudoknots),
            )
            sets = {tuple(sorted(random_picks(*options))) for _ in range(n)}
            ranked = sorted(sets, key=lambda picks: (instance.cost(picks), picks))
            drawn.append([assembly_of_picks(instance, picks) for picks in ranked])
        return drawn


class GreedyScoreAgent(SingleAgent):
    """Every stem that fits, in the order of S1's score.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    min_score : float
        Stems that score lower are left out. S1's scores are probabilities which the variants of
        one stem share, so few reach one half.
    """

    name = "greedy-s1"

    def __init__(self, pseudoknots: Pseudoknots = "forbid", min_score: float = 0.1) -> None:
        super().__init__(pseudoknots)
        self.min_score = min_score

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        order = np.argsort(-instance.score, kind="stable")
        order = order[instance.score[order] >= self.min_score]
        return assembly_of_picks(instance, fitting_stems(order, instance, self.pseudoknots))


class GreedyStackAgent(SingleAgent):
    """Every stem that fits, in the order of its stacking energy, as long as that is negative."""

    name = "greedy-stack"

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        energy = stem_stack_energy(instance.seq, instance.boxes)
        order = np.argsort(energy, kind="stable")
        order = order[energy[order] < 0]
        return assembly_of_picks(instance, fitting_stems(order, instance, self.pseudoknots))


class GreedyEnergyAgent(SingleAgent):
    """The stem that lowers the free energy most, again and again, until none does."""

    name = "greedy-energy"

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        if not instance.n_boxes:
            return assembly_of_picks(instance, ())
        scorer = set_scorer(instance, self.pseudoknots)
        conflict, knots = instance.conflict(self.pseudoknots), instance.knot_order(self.pseudoknots)
        picks = _steepest_descent(scorer, conflict, knots)
        return assembly_of_picks(instance, picks, free_energies(instance, scorer.calls))


def random_picks(
    conflict: BoolArray, rng: np.random.Generator, knots: KnotOrder | None = None
) -> Picks:
    """Draw the picks of a uniform masked policy.

    Parameters
    ----------
    conflict : ndarray, dtype=bool, shape (N, N)
        Diagonal True.
    rng : numpy.random.Generator
    knots : KnotOrder, optional
        Limit of the knot order.

    Returns
    -------
    tuple of int
        In the order of picking.
    """
    allowed = np.ones(len(conflict), dtype=bool)
    picks: list[int] = []
    while allowed.any():
        stems = np.flatnonzero(allowed)
        choice = rng.integers(len(stems) + 1)
        if choice == len(stems):  # STOP
            break
        picks.append(int(stems[choice]))
        allowed &= ~conflict[stems[choice]]
        if knots is not None:
            allowed &= ~knots.excluded(as_mask(picks, len(conflict)))
    return tuple(picks)


def fitting_stems(order: IntArray, instance: Instance, pseudoknots: Pseudoknots) -> Picks:
    """Stems of an instance taken in `order` where they fit; see `fitting`."""
    return fitting(order, instance.conflict(pseudoknots), instance.knot_order(pseudoknots))


def as_mask(picks: Sequence[int], n: int) -> BoolArray:
    """Which of n stems are picked, shape (n,)."""
    mask = np.zeros(n, dtype=bool)
    mask[list(picks)] = True
    return mask


def fitting(order: IntArray, conflict: BoolArray, knots: KnotOrder | None = None) -> Picks:
    """Stems taken in `order`, those left out that do not go with those taken before.

    Examples
    --------
    >>> conflict = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    >>> fitting(np.array([1, 0, 2]), conflict)
    (1, 2)
    """
    allowed = np.ones(len(conflict), dtype=bool)
    picks: list[int] = []
    for stem in order.tolist():
        if allowed[stem]:
            picks.append(stem)
            allowed &= ~conflict[stem]
            if knots is not None:
                allowed &= ~knots.excluded(as_mask(picks, len(conflict)))
    return tuple(picks)


def _steepest_descent(
    scorer: SetScorer, conflict: BoolArray, knots: KnotOrder | None = None
) -> Picks:
    picked = np.zeros((1, len(conflict)), dtype=bool)
    allowed = np.ones_like(picked)
    while allowed.any():
        change = scorer.changes(picked, allowed)[0]
        best = int(change.argmin())
        if change[best] > -MIN_GAIN:
            break
        picked[0, best] = True
        allowed[0] &= ~conflict[best]
        if knots is not None:
            allowed[0] &= ~knots.excluded(picked[0])
    return tuple(np.flatnonzero(picked[0]).tolist())
