"""Agents that search over sets of stems: beam, annealing, the exact optimum; and RNAfold."""

import numpy as np

from boxfold.agents.additive_agents import BestScoreAgent
from boxfold.agents.agent import (
    Assembly,
    Picks,
    SingleAgent,
    assembly_of_picks,
    free_energies,
    lowest_energy,
)
from boxfold.agents.heuristics import MIN_GAIN
from boxfold.agents.scoring import FloatArray, SetScorer, set_scorer
from boxfold.envs.instance import Instance
from boxfold.features.knot_order import KnotOrder
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import BoolArray, IntArray
from boxfold.rewards.energy import mfe


class BeamAgent(SingleAgent):
    """Beam search guided by free energy: the best sets of k stems lead to those of k + 1.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    width : int
        Sets kept per step.
    max_energy_calls : int, optional
        Stop after so many (with an objective: rewards): a budget equal to another agent's.
    """

    name = "beam"

    def __init__(
        self,
        pseudoknots: Pseudoknots = "forbid",
        width: int = 16,
        max_energy_calls: int | None = None,
    ) -> None:
        super().__init__(pseudoknots)
        self.width, self.max_energy_calls = width, max_energy_calls

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        if not instance.n_boxes:
            return assembly_of_picks(instance, ())
        scorer = set_scorer(instance, self.pseudoknots)
        picks = beam_search(
            scorer,
            instance.conflict(self.pseudoknots),
            self.width,
            self.max_energy_calls,
            instance.knot_order(self.pseudoknots),
        )
        return assembly_of_picks(instance, picks, free_energies(instance, scorer.calls))


class AnnealingAgent(SingleAgent):
    """Simulated annealing: toggle a random stem, dropping what it conflicts with.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    n_iterations : int
        Moves tried per sample.
    max_energy_calls : int, optional
        Stop a sample earlier, after so many distinct sets: a budget equal to another agent's.
    hot, cold : float
        First and last temperature, kcal/mol, falling geometrically.
    by_score : bool
        Begin with the best sum of S1's evidence (as `best-score`) in place of no stem, and draw
        stems by their scores in place of evenly.
    """

    name = "annealing"
    can_sample = True

    def __init__(
        self,
        pseudoknots: Pseudoknots = "forbid",
        n_iterations: int = 3000,
        max_energy_calls: int | None = None,
        hot: float = 4.0,
        cold: float = 0.5,
        by_score: bool = False,
    ) -> None:
        super().__init__(pseudoknots)
        self.temperatures = np.geomspace(hot, cold, n_iterations)
        self.max_energy_calls, self.by_score = max_energy_calls, by_score

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        if not instance.n_boxes:
            return assembly_of_picks(instance, ())
        calls = 0
        ends = []
        for _ in range(samples):
            energies = _CachedEnergies(instance, self.pseudoknots)
            ends.append(self._anneal(energies, instance, rng))
            calls += energies.scorer.calls
        picks, more_calls = lowest_energy(instance, ends) if samples > 1 else (ends[0], 0)
        calls = free_energies(instance, calls) + more_calls
        return assembly_of_picks(instance, picks, calls)

    def _anneal(
        self, energies: "_CachedEnergies", instance: Instance, rng: np.random.Generator
    ) -> Picks:
        conflict, knots = instance.conflict(self.pseudoknots), instance.knot_order(self.pseudoknots)
        conflicts = [frozenset(np.flatnonzero(row).tolist()) for row in conflict]
        stems = self._moves(instance, rng).tolist()
        # exp(-change / T) > u, with the logarithm taken once for all moves
        bars = (-np.log1p(-rng.random(len(stems))) * self.temperatures).tolist()
        now = best = self._start(instance, rng)
        for stem, bar in zip(stems, bars, strict=True):
            if self.max_energy_calls and energies.scorer.calls >= self.max_energy_calls:
                break
            moved = now - {stem} if stem in now else (now - conflicts[stem]) | {stem}
            if knots is not None and knots.is_exceeded(sorted(moved)):
                continue
            if energies[moved] - energies[now] < bar:
                now = moved
                if energies[now] < energies[best] - MIN_GAIN:
                    best = now
        return tuple(sorted(best))

    def _moves(self, instance: Instance, rng: np.random.Generator) -> IntArray:
        if not self.by_score:
            return rng.integers(instance.n_boxes, size=len(self.temperatures))
        share = instance.score / instance.score.sum(dtype=np.float64)
        return rng.choice(instance.n_boxes, size=len(self.temperatures), p=share)

    def _start(self, instance: Instance, rng: np.random.Generator) -> frozenset[int]:
        if not self.by_score:
            return frozenset()
        (scored,) = BestScoreAgent(self.pseudoknots).assemble([instance], rng)
        return frozenset(scored.picks or ())


class ExactAgent(SingleAgent):
    """The optimum over whole stems by dynamic programming; nested whatever the setting.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
        Taken for symmetry; the optimum has no pseudoknots.
    """

    name = "exact"

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        return assembly_of_picks(instance, instance.optimum.picks)


class RnafoldAgent(SingleAgent):
    """ViennaRNA's minimum free energy structure; uses no boxes.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
        Taken for symmetry; RNAfold predicts no pseudoknots.
    """

    name = "rnafold"

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        return Assembly(None, mfe(instance.seq).base_pairs, 0)


class _CachedEnergies(dict[frozenset[int], float]):
    """Free energy of each set met, evaluated once."""

    def __init__(self, instance: Instance, pseudoknots: Pseudoknots) -> None:
        self.scorer = set_scorer(instance, pseudoknots)

    def __missing__(self, picks: frozenset[int]) -> float:
        energy = self[picks] = self.scorer.total(sorted(picks))
        return energy


def beam_search(
    scorer: SetScorer,
    conflict: BoolArray,
    width: int,
    max_energy_calls: int | None = None,
    knots: KnotOrder | None = None,
) -> Picks:
    """Set of lowest free energy that a beam of `width` sets meets.

    Parameters
    ----------
    scorer : SetScorer
    conflict : ndarray, dtype=bool, shape (N, N)
        Diagonal True.
    width : int
    max_energy_calls : int, optional
        Extensions beyond it are not tried; the best sets' come first.
    knots : KnotOrder, optional
        Limit of the knot order.

    Returns
    -------
    tuple of int
        Rising; the smallest set among equals.
    """
    picked = np.zeros((1, len(conflict)), dtype=bool)
    energy = np.zeros(1)
    best, best_energy = picked[0], 0.0
    while len(picked):
        allowed = ~(picked @ conflict)
        if knots is not None:
            allowed &= ~knots.excluded_each(picked)
        if max_energy_calls is not None:
            n_left = max(max_energy_calls - scorer.calls, 0)
            allowed.flat[np.flatnonzero(allowed)[n_left:]] = False
        picked, energy = _next_beam(
            picked, energy[:, None] + scorer.changes(picked, allowed), width
        )
        if len(picked) and energy[0] < best_energy - MIN_GAIN:
            best, best_energy = picked[0], energy[0]
    return tuple(np.flatnonzero(best).tolist())


def _next_beam(picked: BoolArray, reached: FloatArray, width: int) -> tuple[BoolArray, FloatArray]:
    """Best `width` distinct sets one stem larger, lowest energy first.

    A set of k stems is reached from up to k smaller ones, hence at most ``width * k`` candidates
    are looked at for doubles.
    """
    size = int(picked[0].sum()) + 1
    order = np.argsort(reached, axis=None, kind="stable")[: width * size]
    order = order[np.isfinite(reached.flat[order])]
    rows, stems = np.unravel_index(order, reached.shape)
    grown = picked[rows]
    grown[np.arange(len(order)), stems] = True
    keep = first_of_each(grown)[:width]
    return grown[keep], reached.flat[order[keep]]


def first_of_each(sets: BoolArray) -> IntArray:
    """Rows that no earlier row equals, in order.

    Examples
    --------
    >>> first_of_each(np.array([[1, 0], [0, 1], [1, 0]], dtype=bool)).tolist()
    [0, 1]
    """
    packed = np.ascontiguousarray(np.packbits(sets, axis=1))
    keys = packed.view(np.dtype((np.void, max(packed.shape[1], 1)))).ravel()
    return np.sort(np.unique(keys, return_index=True)[1])
