"""One assembly problem: a sequence, its proposed boxes and everything that is computed once."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.objective import Objective
from boxfold.features.box import stem_base_pairs
from boxfold.features.knot_order import DEFAULT_MAX_ORDER, KnotOrder
from boxfold.features.proposals import Proposals, run_proposals
from boxfold.features.relations import Pseudoknots, conflict_matrix, crosses
from boxfold.features.structure import (
    BoolArray,
    IntArray,
    as_base_pairs,
    base_pairs_from_dot_bracket,
)
from boxfold.features.tokens import box_tokens
from boxfold.rewards.energy import EnergyModel
from boxfold.rewards.exact import Optimum, StemOptimum
from boxfold.rewards.loop_bonus import LoopBonus
from boxfold.rewards.pseudoknot import knotted_energy
from boxfold.rewards.reward import reward_scale


@dataclass(eq=False)
class Instance:
    """A sequence with the boxes that an agent may pick.

    Derived values are computed on first use and kept; all of it can be pickled.

    Attributes
    ----------
    id : str
    seq : str
        Upper-case ACGUN, 5' to 3'.
    proposals : Proposals
        Already cut to the number of boxes wanted.
    reference : ndarray, dtype=int64, shape (K, 2), or None
        Known structure, only used to judge; never seen by an agent.
    energy_calls : int
        Free energies evaluated so far by `energy`.
    reactivity : ndarray, dtype=float32, shape (L,), or None
        Of a probing experiment; NaN where it is missing.
    texts : dict of str to str
        Further columns of the table that it came from.
    objective : Objective or None
        What agents minimise by `cost`; None: the free energy.

    Examples
    --------
    >>> hairpin = instance_from_sequence("GGGGAAAACCCC", max_boxes=4)
    >>> hairpin.boxes[0].tolist(), hairpin.energy([]), hairpin.energy([0]) < -4
    ([0, 0, 8, 4, 4], 0.0, True)
    """

    id: str
    seq: str
    proposals: Proposals
    reference: IntArray | None = None
    energy_calls: int = field(default=0, repr=False)
    reactivity: NDArray[np.float32] | None = field(default=None, repr=False)
    texts: dict[str, str] = field(default_factory=dict, repr=False)
    objective: Objective | None = field(default=None, repr=False)
    _solvers: dict[float, StemOptimum] = field(default_factory=dict, init=False, repr=False)
    _optima: dict[float, Optimum] = field(default_factory=dict, init=False, repr=False)
    _cuts: dict[int, "Instance"] = field(default_factory=dict, init=False, repr=False)

    @property
    def boxes(self) -> IntArray:
        """Proposed stems, best first; dtype=int64, shape (N, 5)."""
        return self.proposals.boxes

    @cached_property
    def all_boxes(self) -> IntArray:
        """Proposed stems, then the proposed loops; dtype=int64, shape (N + M, 5)."""
        return np.concatenate([self.proposals.boxes, self.proposals.loops])

    @property
    def score(self) -> NDArray[np.float32]:
        """S1's score of each stem in [0, 1], shape (N,)."""
        return self.proposals.score

    @property
    def evidence(self) -> NDArray[np.float32]:
        """S1's evidence for each stem, shape (N, len(EVIDENCE))."""
        return self.proposals.evidence

    @property
    def n_boxes(self) -> int:
        """Number of stems that can be picked."""
        return len(self.proposals.boxes)

    @cached_property
    def model(self) -> EnergyModel:
        """Energy model of the sequence."""
        return EnergyModel(self.seq)

    @property
    def solver(self) -> StemOptimum:
        """Exact optimum of free energy over whole, nested stems of this instance."""
        return self.solver_with(loop_weight=0.0)

    def solver_with(self, loop_weight: float) -> StemOptimum:
        """Exact optimum of the free energy plus weighted S1 evidence for loops, see `LoopBonus`.

        Parameters
        ----------
        loop_weight : float
            kcal/mol per natural log unit; 0 for the free energy alone.
        """
        if loop_weight not in self._solvers:
            terms = self.loop_bonus(loop_weight).by_stem(self.boxes) if loop_weight else ()
            self._solvers[loop_weight] = StemOptimum(self.model, self.boxes, *terms)
        return self._solvers[loop_weight]

    def loop_bonus(self, loop_weight: float) -> LoopBonus:
        """Loop energies by S1's probabilities of the proposed loops."""
        return LoopBonus(self.proposals.loops, self.proposals.loop_score, loop_weight)

    @property
    def optimum(self) -> Optimum:
        """Best nested choice of stems and its free energy: teacher and ruler, never observed."""
        return self.optimum_with(loop_weight=0.0)

    def optimum_with(self, loop_weight: float) -> Optimum:
        """Solution of `solver_with`."""
        if loop_weight not in self._optima:
            self._optima[loop_weight] = self.solver_with(loop_weight).solve()
        return self._optima[loop_weight]

    @property
    def scale(self) -> float:
        """Energy in kcal/mol by which rewards are divided: max(2, |optimum|)."""
        return float(reward_scale(self.optimum.energy))

    @cached_property
    def token_energies(self) -> NDArray[np.float64]:
        """Stacks, hairpin closed by the inner pair and exterior branch of each stem, kcal/mol.

        Shape (N, 3).
        """
        terms = self.solver.terms
        return np.stack([terms.stacks, terms.hairpin, terms.exterior_branch], axis=1)

    @cached_property
    def loop_energies(self) -> NDArray[np.float64]:
        """Interior loop (or stack) that a stem closes with another next inside, kcal/mol.

        Shape (N, N), closing stem first; inf where the second does not lie inside the first.
        """
        return self.solver.terms.interior

    @cached_property
    def tokens(self) -> NDArray[np.float32]:
        """Tokens of the stems, shape (N, N_TOKEN_FEATURES); proposed loops are evidence in them."""
        return box_tokens(
            self.seq,
            self.boxes,
            self.score,
            self.evidence,
            self.token_energies,
            loops=self.proposals.loops,
            loop_score=self.proposals.loop_score,
        )

    @cached_property
    def crossing(self) -> BoolArray:
        """Which stems cross, shape (N, N)."""
        return crosses(self.boxes)

    @cached_property
    def stem_pairs(self) -> list[IntArray]:
        """Base pairs of each stem, N arrays of shape (n_rows, 2)."""
        return np.split(stem_base_pairs(self.boxes), np.cumsum(self.boxes[:, 3])[:-1])

    def cut(self, max_boxes: int) -> "Instance":
        """The same sequence with at most `max_boxes` stems and loops, the best of each.

        Returns
        -------
        Instance
            This one if it is small enough, otherwise another one, the same at every call.
        """
        if max(self.n_boxes, len(self.proposals.loops)) <= max_boxes:
            return self
        if max_boxes not in self._cuts:
            self._cuts[max_boxes] = replace(self.fresh(), proposals=self.proposals.best(max_boxes))
        return self._cuts[max_boxes]

    def only(self, stems: IntArray) -> "Instance":
        """The same sequence with some of the stems, in the given order, and all loops."""
        return replace(self.fresh(), proposals=self.proposals.only(stems))

    def fresh(self) -> "Instance":
        """The same problem with nothing computed or counted yet."""
        objective = None if self.objective is None else self.objective.fresh()
        return replace(self, energy_calls=0, objective=objective)

    def conflict(self, pseudoknots: Pseudoknots = "forbid") -> BoolArray:
        """Which stems can't be picked together, shape (N, N); see `conflict_matrix`."""
        return self._conflict_nested if pseudoknots == "forbid" else self._conflict_knotted

    @cached_property
    def _conflict_nested(self) -> BoolArray:
        return conflict_matrix(self.boxes, "forbid")

    @cached_property
    def _conflict_knotted(self) -> BoolArray:
        return conflict_matrix(self.boxes, "allow")

    def knot_order(
        self, pseudoknots: Pseudoknots, max_order: int = DEFAULT_MAX_ORDER
    ) -> KnotOrder | None:
        """Limit of the knot order of picked stems; None where `conflict` forbids all knots."""
        return KnotOrder(self.crossing, max_order) if pseudoknots == "allow" else None

    def stems_of(self, picks: Iterable[int]) -> list[int]:
        """The stems among picks of `all_boxes`, in the same order."""
        return [pick for pick in picks if pick < self.n_boxes]

    def base_pairs(self, picks: Iterable[int]) -> IntArray:
        """Structure of picked stems.

        Parameters
        ----------
        picks : iterable of int
            Indices of stems, in any order.

        Returns
        -------
        ndarray, dtype=int64, shape (K, 2)

        Raises
        ------
        ValueError
            If two picks pair one base.
        """
        return as_base_pairs([pair for pick in picks for pair in self.stem_pairs[pick].tolist()])

    def energy(self, picks: Iterable[int]) -> float:
        """Free energy of picked stems, counted in `energy_calls`.

        Parameters
        ----------
        picks : iterable of int
            Indices of stems, in any order; they may cross.

        Returns
        -------
        float
            kcal/mol; 0 for no picks. Knotted structures as in `knotted_energy`.

        Raises
        ------
        ValueError
            If two picks share a base.
        """
        picks = list(picks)
        self.energy_calls += 1
        if not picks:
            return 0.0
        pairs = np.concatenate([self.stem_pairs[pick] for pick in picks])
        if self.crossing[picks][:, picks].any():
            return float(knotted_energy(self.model, as_base_pairs(pairs)).total)
        return self.model.free_energy(pairs)

    def cost(self, picks: Iterable[int]) -> float:
        """What agents minimise, kcal/mol: `energy`, or `Objective.cost` if there is one."""
        return self.energy(picks) if self.objective is None else self.objective.cost(self, picks)


def instance_from_sequence(
    seq: str, max_boxes: int, id: str = "sequence", dot_bracket: str | None = None
) -> Instance:
    """Instance whose boxes are the maximal canonical runs of a sequence.

    Parameters
    ----------
    seq : str
        Upper-case ACGUN.
    max_boxes : int
        Most stems proposed.
    id : str
    dot_bracket : str, optional
        Known structure.

    Returns
    -------
    Instance
    """
    reference = None if dot_bracket is None else base_pairs_from_dot_bracket(dot_bracket)
    return Instance(id, seq, run_proposals(seq, max_boxes), reference)
