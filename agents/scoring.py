"""Free energies of sets of stems, as fast as search needs them.

Nested sets are scored loop by loop from tables, for many sets at once; knotted sets go through
the energy model one by one. Either way each energy is counted.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.instance import Instance
from boxfold.features.box import inner_pairs, outer_pairs
from boxfold.features.relations import Pseudoknots, encloses
from boxfold.features.structure import BoolArray, IntArray

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
    """Scorer for the sets that a pseudoknot mode allows.

    Parameters
    ----------
    instance : Instance
    pseudoknots : {"forbid", "allow"}

    Returns
    -------
    SetScorer
    """
    return NestedScorer(instance) if pseudoknots == "forbid" else KnottedScorer(instance)


class KnottedScorer:
    """Any set: knotted ones through the instance's own energy, the others as `NestedScorer`.

    Parameters
    ----------
    instance : Instance
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
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
        return self._instance.energy(ordered)

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

    A structure's energy is a sum over its loops (assembly of stems, interior loops, hairpins,
    multiloops, exterior), so adding a stem changes two loops only: the one it splits and its own.

    Parameters
    ----------
    instance : Instance
    """

    def __init__(self, instance: Instance) -> None:
        boxes, model = instance.boxes, instance.model
        self._n_calls = 0
        outer, inner = outer_pairs(boxes), inner_pairs(boxes)
        self._first, self._last = outer.T.tolist()
        self._encloses = encloses(boxes)  # (N, N), [a, b]: b inside a
        # Stems by span, so that the first picked one around a stem is its parent.
        self._by_span = np.argsort(outer[:, 1] - outer[:, 0], kind="stable")
        self._around = np.ascontiguousarray(self._encloses[self._by_span].T)  # [c, rank of a]
        self._stacks = model.stem_stacks(boxes)
        self._hairpin = model.hairpins(inner)
        self._branch = model.multi_branches(outer)
        self._exterior = model.exterior_branches(outer)
        self._closing = model.multiloop_closings(inner)
        a, b = np.nonzero(self._encloses)
        self._interior = np.zeros(self._encloses.shape)
        self._interior[a, b] = model.interiors(inner[a], outer[b])

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
        loops = sum(self._stacks[stem] + self._loop(stem, children[stem]) for stem in ordered)
        return float(loops + self._exterior[children[-1]].sum())

    def _loop(self, stem: int, children: list[int]) -> float:
        if not children:
            return self._hairpin[stem]
        if len(children) == 1:
            return self._interior[stem, children[0]]
        return self._closing[stem] + self._branch[children].sum()

    def changes(self, picked: BoolArray, allowed: BoolArray) -> FloatArray:
        """Change in free energy if a stem is added to a set; see `SetScorer.changes`."""
        self._n_calls += int(allowed.sum())
        n_sets, n = picked.shape
        parent = self._parents(picked)  # (B, N), n: exterior loop
        child = _loop_sums(picked, parent, self._branch)  # (B, N + 1, 3)
        # moved[b, c, j]: picked j leaves its loop for the one that c closes
        moved = picked[:, None, :] & self._encloses & (parent[:, :, None] == parent[:, None, :])
        weights = np.stack([np.ones(n), self._branch, np.arange(n), self._exterior], axis=1)
        inside = moved.astype(np.float64) @ weights  # (B, N, 4)
        stem = np.broadcast_to(np.arange(n), (n_sets, n))
        own = self._stacks + self._loops(stem, inside)
        before = np.take_along_axis(child, parent[:, :, None], axis=1)  # (B, N, 3)
        added = np.stack([np.ones(n), self._branch, np.arange(n)], axis=1)
        after = before - inside[..., :3] + added
        split = np.minimum(parent, n - 1)
        in_loop = self._loops(split, after) - self._loops(split, before)
        outside = self._exterior - inside[..., 3]
        return np.where(allowed, own + np.where(parent < n, in_loop, outside), np.inf)

    def _parents(self, picked: BoolArray) -> IntArray:
        """Innermost picked stem around each stem, N where there is none; shape (B, N)."""
        around = picked[:, None, self._by_span] & self._around  # (B, N, N by span)
        return np.where(around.any(-1), self._by_span[around.argmax(-1)], picked.shape[1])

    def _loops(self, stem: IntArray, inside: FloatArray) -> FloatArray:
        """Energy of the loops that stems close, from (number, branches, index) sums inside."""
        number = inside[..., 0]
        only = np.where(number == 1, inside[..., 2], 0).astype(np.int64)
        multiloop = self._closing[stem] + inside[..., 1]
        inner = np.where(number == 1, self._interior[stem, only], multiloop)
        return np.where(number == 0, self._hairpin[stem], inner)


def _loop_sums(picked: BoolArray, parent: IntArray, branch: FloatArray) -> FloatArray:
    """Sum number, branch energies and indices of the picked stems per loop; (B, N + 1, 3)."""
    n_sets, n = picked.shape
    rows, stems = np.nonzero(picked)
    slot = rows * (n + 1) + parent[rows, stems]
    size = n_sets * (n + 1)
    sums = [np.bincount(slot, values, size) for values in (None, branch[stems], stems)]
    return np.stack(sums, axis=1).reshape(n_sets, n + 1, 3).astype(np.float64)
