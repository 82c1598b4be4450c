"""Free energies of sets of stems, as fast as search needs them.

Nested sets are scored loop by loop from tables, for many sets at once; knotted sets go through
the energy model one by one. Either way each energy is counted.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.instance import Instance
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import BoolArray, IntArray
from boxfold.rewards.pseudoknot import DEFAULT_PENALTIES, KnotPenalties, knotted_energy
from boxfold.rewards.stem_terms import stem_terms

FloatArray = NDArray[np.float64]


class SetScorer(Protocol):
    """Free energies of conflict-free sets of one instance's stems."""

    @property
    def calls(self) -> int:
        """Free energies asked for so far."""
        ...

    def total(self, picks: Sequence[int]) -> float:
        """Free energy of one set in kcal/mol."""
        ...

    def changes(self, picked: BoolArray, allowed: BoolArray) -> FloatArray:
        """Change in free energy if a stem is added to a set.

        Parameters
        ----------
        picked : ndarray, dtype=bool, shape (B, N)
            Sets of stems.
        allowed : ndarray, dtype=bool, shape (B, N)
            Stems to try: those that conflict with nothing in the set.

        Returns
        -------
        ndarray, dtype=float64, shape (B, N)
            kcal/mol, inf where not allowed.
        """
        ...


def set_scorer(instance: Instance, pseudoknots: Pseudoknots = "forbid") -> SetScorer:
    """Scorer for the sets that a pseudoknot mode allows: of the objective, if there is one.

    Parameters
    ----------
    instance : Instance
    pseudoknots : {"forbid", "allow"}

    Returns
    -------
    SetScorer
    """
    if instance.objective is not None:
        from boxfold.agents.reward_scorer import RewardScorer  # it imports this file

        return RewardScorer(instance)
    return NestedScorer(instance) if pseudoknots == "forbid" else KnottedScorer(instance)


class KnottedScorer:
    """Any set: knotted ones as `knotted_energy`, the others as `NestedScorer`.

    Parameters
    ----------
    instance : Instance
    penalties : KnotPenalties
    """

    def __init__(self, instance: Instance, penalties: KnotPenalties = DEFAULT_PENALTIES) -> None:
        self._instance, self._penalties = instance, penalties
        self._nested = NestedScorer(instance)
        self._n_knotted = 0

    @property
    def calls(self) -> int:
        """Free energies asked for so far."""
        return self._n_knotted + self._nested.calls

    def total(self, picks: Sequence[int]) -> float:
        """Free energy of one set in kcal/mol."""
        ordered = sorted(picks)
        if not self._instance.crossing[np.ix_(ordered, ordered)].any():
            return self._nested.total(ordered)
        self._n_knotted += 1
        pairs = self._instance.base_pairs(ordered)
        return float(knotted_energy(self._instance.model, pairs, self._penalties).total)

    def changes(self, picked: BoolArray, allowed: BoolArray) -> FloatArray:
        """Change in free energy if a stem is added to a set; see `SetScorer.changes`."""
        crossed = picked @ self._instance.crossing
        knotted = crossed | (crossed & picked).any(axis=1, keepdims=True)
        result = self._nested.changes(picked, allowed & ~knotted)
        for row in np.flatnonzero((allowed & knotted).any(axis=1)).tolist():
            picks = np.flatnonzero(picked[row]).tolist()
            before = self.total(picks)
            for stem in np.flatnonzero(allowed[row] & knotted[row]).tolist():
                result[row, stem] = self.total([*picks, stem]) - before
        return result


class NestedScorer:
    """Nested sets, by the loops that change; see `SetScorer`.

    A structure's energy is a sum over its loops (stacks, interior loops, hairpins, multi-branch
    loops, the exterior), so adding a stem changes two loops only: the one it splits and its own.

    Parameters
    ----------
    instance : Instance
    """

    def __init__(self, instance: Instance) -> None:
        self._n_calls = 0
        self._terms = terms = stem_terms(instance.model, instance.boxes)
        self._first, self._last = terms.outer.T.tolist()
        self._encloses = np.isfinite(terms.interior)  # (N, N), [a, b]: b inside a
        self._interior = np.where(self._encloses, terms.interior, 0.0)  # no inf - inf anywhere
        # Of a stem inside a loop: number, as a branch of it, index, as an exterior branch.
        index = np.arange(instance.n_boxes)
        columns = [np.ones(len(index)), terms.multi_branch, index, terms.exterior_branch]
        self._sums = np.stack(columns, axis=1)
        # Stems by span, so that the first picked one around a stem is its parent.
        self._by_span = np.argsort(terms.outer[:, 1] - terms.outer[:, 0], kind="stable")
        self._around = np.ascontiguousarray(self._encloses[self._by_span].T)  # [c, rank of a]

    @property
    def calls(self) -> int:
        """Free energies asked for so far."""
        return self._n_calls

    def total(self, picks: Sequence[int]) -> float:
        """Free energy of one set in kcal/mol."""
        self._n_calls += 1
        ordered = sorted(picks, key=lambda stem: self._first[stem])
        children: dict[int, list[int]] = {stem: [] for stem in [-1, *ordered]}
        open_stems: list[int] = []
        for stem in ordered:
            while open_stems and self._last[open_stems[-1]] < self._first[stem]:
                open_stems.pop()
            children[open_stems[-1] if open_stems else -1].append(stem)
            open_stems.append(stem)
        loops = sum(self._terms.stacks[stem] + self._loop(stem, children[stem]) for stem in ordered)
        return float(loops + self._terms.exterior_branch[children[-1]].sum())

    def _loop(self, stem: int, children: list[int]) -> float:
        if not children:
            return self._terms.hairpin[stem]
        if len(children) == 1:
            return self._interior[stem, children[0]]
        return self._terms.multi_closing[stem] + self._terms.multi_branch[children].sum()

    def changes(self, picked: BoolArray, allowed: BoolArray) -> FloatArray:
        """Change in free energy if a stem is added to a set; see `SetScorer.changes`."""
        self._n_calls += int(allowed.sum())
        terms, n = self._terms, picked.shape[1]
        parent = self._parents(picked)  # (B, N), n: exterior loop
        # moved[b, c, j]: picked j leaves its loop for the one that c closes
        moved = picked[:, None, :] & self._encloses & (parent[:, :, None] == parent[:, None, :])
        inside = moved.astype(np.float64) @ self._sums  # (B, N, 4)
        own = terms.stacks + self._loops(np.arange(n), inside)
        loops = _sums_per_loop(picked, parent, self._sums)  # (B, N + 1, 4)
        before = np.take_along_axis(loops, parent[:, :, None], axis=1)  # (B, N, 4)
        after = before - inside + self._sums
        split = np.minimum(parent, n - 1)
        in_loop = self._loops(split, after) - self._loops(split, before)
        outside = terms.exterior_branch - inside[..., 3]
        return np.where(allowed, own + np.where(parent < n, in_loop, outside), np.inf)

    def _parents(self, picked: BoolArray) -> IntArray:
        """Innermost picked stem around each stem, N where there is none; shape (B, N)."""
        around = picked[:, None, self._by_span] & self._around  # (B, N, N by span)
        return np.where(around.any(-1), self._by_span[around.argmax(-1)], picked.shape[1])

    def _loops(self, stem: IntArray, inside: FloatArray) -> FloatArray:
        """Energy of the loops that stems close, from the sums of the stems inside."""
        number = inside[..., 0]
        only = np.where(number == 1, inside[..., 2], 0).astype(np.int64)
        multiloop = self._terms.multi_closing[stem] + inside[..., 1]
        inner = np.where(number == 1, self._interior[stem, only], multiloop)
        return np.where(number == 0, self._terms.hairpin[stem], inner)


def _sums_per_loop(picked: BoolArray, parent: IntArray, values: FloatArray) -> FloatArray:
    """Sum the values (N, K) of the picked stems over each loop; (B, N + 1, K)."""
    n_sets, n = picked.shape
    rows, stems = np.nonzero(picked)
    slot = rows * (n + 1) + parent[rows, stems]
    sums = [np.bincount(slot, column[stems], n_sets * (n + 1)) for column in values.T]
    return np.stack(sums, axis=1).reshape(n_sets, n + 1, -1).astype(np.float64)
