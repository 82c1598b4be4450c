"""The best set of whole stems by free energy, exactly: teacher, ruler and ceiling of assembly.

A stem's energy inside depends on nothing outside of it, so one sweep from the 3' end solves for
each stem the best loop that it can close: a hairpin, an interior loop (of any size; size zero is a
stack) or a multi-branch loop. Nested sets only. With dangles 2, as used here, branches of a loop
do not depend on each other.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from boxfold.features.relations import conflict_matrix
from boxfold.features.structure import BoolArray, IntArray
from boxfold.rewards.energy import EnergyModel
from boxfold.rewards.stem_terms import EnergyArray, StemTerms, stem_terms

_TIE_COST = 1e-4  # kcal/mol per stem; ViennaRNA's energies are multiples of .01
_FORCED_BONUS = 1e5  # kcal/mol; no structure comes near, and float64 still resolves 1e-10 beside it
_NO_STEM = -1


class Optimum(NamedTuple):
    """Best set of stems: `picks`, sorted indices of boxes, and its `energy` in kcal/mol.

    The energy includes the bonuses of loops, if any were given.
    """

    picks: tuple[int, ...]
    energy: float


class StemOptimum:
    """Exact search over sets of whole stem boxes of one sequence. Picklable.

    Parameters
    ----------
    model : EnergyModel
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems of canonical pairs; any of them may share bases, cross or be equal.
    hairpin_bonus : ndarray, dtype=float, shape (N,), optional
        Added (kcal/mol, negative is good) when the stem closes a hairpin.
    interior_bonus : ndarray, dtype=float, shape (N, N), optional
        Added at [a, b] when stem a closes an interior loop or a stack whose inner stem is b.

    Raises
    ------
    ValueError
        If a box is no stem, or a stem is not canonical or out of range.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 8, 4, 4], [0, 0, 9, 3, 3], [0, 3, 8, 1, 1]])
    >>> StemOptimum(EnergyModel("GGGGAAAACCCC"), boxes).solve()
    Optimum(picks=(0,), energy=-5.4)
    """

    def __init__(
        self,
        model: EnergyModel,
        boxes: IntArray,
        hairpin_bonus: EnergyArray | None = None,
        interior_bonus: EnergyArray | None = None,
    ) -> None:
        self._model = model
        self._boxes = np.asarray(boxes, dtype=np.int64).reshape(-1, 5)
        self._hairpin_bonus = 0.0 if hairpin_bonus is None else hairpin_bonus
        self._interior_bonus = 0.0 if interior_bonus is None else interior_bonus

    def solve(self, forced: Sequence[int] = ()) -> Optimum:
        """Best set among all that contain `forced`; of equal energies the one with fewest stems.

        Parameters
        ----------
        forced : sequence of int
            Indices of boxes that must be in the set.

        Returns
        -------
        Optimum

        Raises
        ------
        ValueError
            If the forced boxes share a base or cross.

        Examples
        --------
        >>> boxes = np.array([[0, 0, 8, 4, 4], [0, 0, 9, 3, 3], [0, 3, 8, 1, 1]])
        >>> StemOptimum(EnergyModel("GGGGAAAACCCC"), boxes).solve(forced=[1])
        Optimum(picks=(1, 2), energy=-5.4)
        """
        forced = sorted(set(forced))
        usable = self._usable(forced)
        if not len(usable):
            return Optimum(tuple(forced), 0.0)
        bonus = np.full(len(self._boxes), _TIE_COST)
        bonus[forced] -= _FORCED_BONUS
        sweep = _Sweep(self.terms.of(usable), bonus[usable])
        picks = usable[sweep.picks()]
        energy = sweep.best - float(bonus[picks].sum())
        return Optimum(tuple(sorted(picks.tolist())), round(energy, 6) + 0.0)

    def _usable(self, forced: list[int]) -> IntArray:
        """Forced boxes and all that are compatible with them."""
        hits = self._conflict[forced]
        if hits[:, forced].sum() > len(forced):
            raise ValueError(f"forced boxes {forced} share a base or cross")
        usable = hits.sum(axis=0) == 0
        usable[forced] = True
        return np.flatnonzero(usable)

    @cached_property
    def terms(self) -> StemTerms:
        """Energies of all loops that two boxes can make; computed at the first use."""
        terms = stem_terms(self._model, self._boxes)
        return terms._replace(
            hairpin=terms.hairpin + self._hairpin_bonus,
            interior=terms.interior + self._interior_bonus,
        )

    @cached_property
    def _conflict(self) -> BoolArray:
        return conflict_matrix(self._boxes)


class _Sweep:
    """The dynamic programme over one set of stems, from the 3' end to the 5' end.

    Row r of a table stands for the stems that start at or after the r-th distinct start (the last
    row: none), column c for those that end at or before the c-th distinct inner end. `one` and
    `two` hold the least energy of at least one, at least two branches of a multi-branch loop in
    that window; `*_first` hold the 5'-most of these branches.
    """

    def __init__(self, terms: StemTerms, bonus: EnergyArray) -> None:
        self._terms, self._bonus = terms, bonus
        starts = np.unique(terms.outer[:, 0])
        ends = np.unique(terms.inner[:, 1] - 1)
        self._row = np.searchsorted(starts, terms.outer[:, 0]).tolist()
        self._row_inside = np.searchsorted(starts, terms.inner[:, 0] + 1).tolist()
        self._row_after = np.searchsorted(starts, terms.outer[:, 1] + 1).tolist()
        self._col_inside = np.searchsorted(ends, terms.inner[:, 1] - 1).tolist()
        self._col = np.searchsorted(ends, terms.outer[:, 1]).tolist()
        shape = len(starts) + 1, len(ends)
        self._one, self._two = np.full(shape, np.inf), np.full(shape, np.inf)
        self._one_first = np.full(shape, _NO_STEM)
        self._two_first = np.full(shape, _NO_STEM)
        self._exterior = np.zeros(shape[0])
        self._exterior_first = np.full(shape[0], _NO_STEM)
        self._closed = np.full(len(bonus), np.inf)  # energy of a stem and all inside of it
        self._child = np.full(len(bonus), _NO_STEM)  # inner stem if that is an interior loop
        self._is_multi = np.zeros(len(bonus), dtype=bool)
        self._run()

    @property
    def best(self) -> float:
        """Least energy, bonuses included."""
        return float(self._exterior[0])

    def picks(self) -> list[int]:
        """Stems of the best set."""
        found: list[int] = []
        row = 0
        while (stem := self._exterior_first[row]) != _NO_STEM:
            self._collect(int(stem), found)
            row = self._row_after[stem]
        return found

    def _run(self) -> None:
        stems_at: list[list[int]] = [[] for _ in self._exterior[1:]]
        for stem, row in enumerate(self._row):
            stems_at[row].append(stem)
        for row in range(len(stems_at) - 1, -1, -1):
            for table in (self._one, self._two, self._one_first, self._two_first):
                table[row] = table[row + 1]
            self._exterior[row] = self._exterior[row + 1]
            self._exterior_first[row] = self._exterior_first[row + 1]
            for stem in stems_at[row]:
                self._close(stem)
                self._add_branch(row, stem)
                self._add_exterior(row, stem)

    def _close(self, stem: int) -> None:
        """Best loop inside of a stem."""
        terms = self._terms
        best = terms.hairpin[stem]
        with_child = terms.interior[stem] + self._closed
        child = int(with_child.argmin())
        if with_child[child] < best:
            best, self._child[stem] = with_child[child], child
        multi = (
            terms.multi_closing[stem] + self._two[self._row_inside[stem], self._col_inside[stem]]
        )
        if multi < best:
            best, self._is_multi[stem] = multi, True
        self._closed[stem] = terms.stacks[stem] + self._bonus[stem] + best

    def _add_branch(self, row: int, stem: int) -> None:
        """The stem as the 5'-most branch, alone or with the best ones after it."""
        here, after = np.s_[row, self._col[stem] :], np.s_[self._row_after[stem], self._col[stem] :]
        branch = self._closed[stem] + self._terms.multi_branch[stem]
        more = self._one[after]
        for table, first, energy in (
            (self._one, self._one_first, branch + np.minimum(more, 0)),
            (self._two, self._two_first, branch + more),
        ):
            better = energy < table[here]
            np.copyto(table[here], energy, where=better)
            np.copyto(first[here], stem, where=better)

    def _add_exterior(self, row: int, stem: int) -> None:
        rest = self._exterior[self._row_after[stem]]
        energy = self._closed[stem] + self._terms.exterior_branch[stem] + rest
        if energy < self._exterior[row]:
            self._exterior[row], self._exterior_first[row] = energy, stem

    def _collect(self, stem: int, found: list[int]) -> None:
        """Add a stem and all stems inside of it to `found`."""
        found.append(stem)
        if self._is_multi[stem]:
            for branch in self._branches(self._row_inside[stem], self._col_inside[stem]):
                self._collect(branch, found)
        elif self._child[stem] != _NO_STEM:
            self._collect(int(self._child[stem]), found)

    def _branches(self, row: int, col: int) -> Iterator[int]:
        stem = int(self._two_first[row, col])
        yield stem
        row = self._row_after[stem]
        stem = int(self._one_first[row, col])
        yield stem
        while self._one[row := self._row_after[stem], col] < 0:
            stem = int(self._one_first[row, col])
            yield stem
