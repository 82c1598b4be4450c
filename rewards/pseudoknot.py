"""Free energy of knotted structures: a nested part by ViennaRNA, and a charge per other stem.

The nested part is the heaviest set of stems without a crossing. Each other stem counts with its
stacking energy, its ends and a penalty; the loops that it enters stay charged as if it were not
there, so knots are judged on the cautious side.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import inner_pairs, outer_pairs, stem_base_pairs
from boxfold.features.loops import stems
from boxfold.features.relations import crosses
from boxfold.features.structure import BoolArray, IntArray, as_base_pairs
from boxfold.rewards.energy import EnergyModel


@dataclass(frozen=True)
class KnotPenalties:
    """Charges in kcal/mol for a stem that is not in the nested part."""

    stem: float = field(default=9.0, metadata={"help": "each removed stem"})
    several: float = field(default=3.0, metadata={"help": "if it crosses several kept stems"})
    nested: float = field(
        default=15.0,
        metadata={"help": "if it crosses another removed stem, or its knot lies within a knot"},
    )


class EnergyParts(NamedTuple):
    """Free energy of a structure: `total` = `nested` + `knots` (kcal/mol), stems in `knots`."""

    total: float
    nested: float
    knots: float
    n_removed: int


DEFAULT_PENALTIES = KnotPenalties()


def split_knots(model: EnergyModel, base_pairs: IntArray) -> tuple[IntArray, IntArray]:
    """Split a structure into a nested part and the stems that cross it.

    Whole stems stay or go; the nested part has the greatest sum of ``max(1, -stacking energy)``.
    A stem that crosses nothing always stays.

    Parameters
    ----------
    model : EnergyModel
    base_pairs : ndarray, dtype=int, shape (K, 2)

    Returns
    -------
    nested_pairs : ndarray, dtype=int64, shape (K', 2)
    removed : ndarray, dtype=int64, shape (M, 5)
        Stem lines, sorted by row.

    Raises
    ------
    ValueError
        If a base has two partners or a pair is not canonical.

    Examples
    --------
    >>> model = EnergyModel("GGGGAACCCAACCCCAAAGGG")
    >>> pairs = stem_base_pairs(np.array([[0, 0, 11, 4, 4], [0, 6, 18, 3, 3]]))
    >>> nested, removed = split_knots(model, pairs)
    >>> len(nested), removed.tolist()
    (4, [[0, 6, 18, 3, 3]])
    """
    lines = stems(as_base_pairs(base_pairs))
    kept = _kept(model, lines, crosses(lines))
    return as_base_pairs(stem_base_pairs(lines[kept])), lines[~kept]


def knotted_energy(
    model: EnergyModel, base_pairs: IntArray, penalties: KnotPenalties = DEFAULT_PENALTIES
) -> EnergyParts:
    """Free energy of a structure that may have crossing pairs.

    Parameters
    ----------
    model : EnergyModel
    base_pairs : ndarray, dtype=int, shape (K, 2)
    penalties : KnotPenalties

    Returns
    -------
    EnergyParts
        For a nested structure `total` is `EnergyModel.free_energy`.

    Raises
    ------
    ValueError
        With the reasons, if the structure is invalid for the sequence.
    """
    lines = stems(as_base_pairs(base_pairs))
    crossing = crosses(lines)
    kept = _kept(model, lines, crossing)
    nested = model.free_energy(stem_base_pairs(lines[kept]))
    removed = lines[~kept]
    ends = model.terminal_penalties(outer_pairs(removed))
    ends = ends + model.terminal_penalties(inner_pairs(removed))
    charge = _penalty(lines, crossing, kept, penalties)[~kept]
    knots = float((model.stem_stacks(removed) + ends + charge).sum())
    return EnergyParts(round(nested + knots, 2), nested, round(knots, 2), len(removed))


def _kept(model: EnergyModel, lines: IntArray, crossing: BoolArray) -> BoolArray:
    """Stems of the nested part, shape (N,)."""
    kept = crossing.sum(axis=1) == 0
    knotted = np.flatnonzero(~kept)
    if len(knotted):
        weight = np.maximum(1.0, -model.stem_stacks(lines[knotted]))
        kept[knotted[_heaviest_nested(outer_pairs(lines[knotted]), weight)]] = True
    return kept


def _heaviest_nested(chords: IntArray, weight: NDArray[np.float64]) -> list[int]:
    """Heaviest set of chords (M, 2) of which no two cross; all their ends differ.

    ``best[x, y]`` is the weight of the best set within ends x to y - 1, counted 5' to 3'. Of equal
    sets the one whose stems close first wins.
    """
    left, right = np.argsort(np.argsort(chords, axis=None)).reshape(-1, 2).T.tolist()
    n_ends = 2 * len(weight)
    chord_closed_by = dict(zip(right, range(len(weight)), strict=True))
    best = np.zeros((n_ends + 2, n_ends + 2))
    for y in range(n_ends):
        best[:, y + 1] = best[:, y]
        if (chord := chord_closed_by.get(y)) is not None:
            start = left[chord]
            with_chord = weight[chord] + best[: start + 1, start] + best[start + 1, y]
            best[: start + 1, y + 1] = np.maximum(best[: start + 1, y], with_chord)
    found, windows = [], [(0, n_ends)]
    while windows:
        x, y = windows.pop()
        while y > x and best[x, y] == best[x, y - 1]:
            y -= 1
        if y > x:
            chord = chord_closed_by[y - 1]
            found.append(chord)
            windows += [(x, left[chord]), (left[chord] + 1, y - 1)]
    return found


def _penalty(
    lines: IntArray, crossing: BoolArray, kept: BoolArray, penalties: KnotPenalties
) -> NDArray[np.float64]:
    """Charge of each stem as if it were removed, shape (N,)."""
    several = (crossing & kept).sum(axis=1) > 1
    nested = (crossing & ~kept).any(axis=1) | _knot_within_knot(outer_pairs(lines), crossing)
    return penalties.stem + penalties.several * several + penalties.nested * nested


def _knot_within_knot(chords: IntArray, crossing: BoolArray) -> BoolArray:
    """Stems whose knot (stems connected by crossings) lies within the span of another knot."""
    if not crossing.any():
        return np.zeros(len(chords), dtype=bool)
    n = len(chords)
    reached = crossing | np.eye(n, dtype=bool)
    knot = np.arange(n)
    for _ in range(n):  # each round carries the least index of a knot one crossing further
        knot = np.where(reached, knot[None, :], n).min(axis=1)
    same = knot[:, None] == knot[None, :]
    first = np.where(same, chords[None, :, 0], np.iinfo(np.int64).max).min(axis=1)
    last = np.where(same, chords[None, :, 1], -1).max(axis=1)
    is_knot = crossing.sum(axis=1) > 0
    within = (first[None, :] < first[:, None]) & (last[:, None] < last[None, :])
    return is_knot & (within & is_knot[None, :]).any(axis=1)
