"""Energies of all loops that one or two stems can make: what the exact search adds up."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import inner_pairs, outer_pairs
from boxfold.features.structure import IntArray
from boxfold.rewards.energy import EnergyModel

EnergyArray = NDArray[np.float64]


class StemTerms(NamedTuple):
    """Energies of N stems in kcal/mol, apart from each other and two by two.

    Attributes
    ----------
    inner, outer : ndarray, dtype=int64, shape (N, 2)
        Inner and outer pair.
    stacks : ndarray, dtype=float64, shape (N,)
        Inside the stem.
    hairpin : ndarray, dtype=float64, shape (N,)
        Hairpin loop closed by the stem.
    interior : ndarray, dtype=float64, shape (N, N)
        Interior loop or stack closed by the first with the second inside; inf where the second
        does not lie inside the first.
    multi_closing, multi_branch, exterior_branch : ndarray, dtype=float64, shape (N,)
        The stem closing a multi-branch loop, as a branch of one, as a branch of the exterior loop.
    """

    inner: IntArray
    outer: IntArray
    stacks: EnergyArray
    hairpin: EnergyArray
    interior: EnergyArray
    multi_closing: EnergyArray
    multi_branch: EnergyArray
    exterior_branch: EnergyArray

    def of(self, stems: IntArray) -> "StemTerms":
        """Terms of some of the stems, given by index."""
        return StemTerms(
            inner=self.inner[stems],
            outer=self.outer[stems],
            stacks=self.stacks[stems],
            hairpin=self.hairpin[stems],
            interior=self.interior[stems[:, None], stems],
            multi_closing=self.multi_closing[stems],
            multi_branch=self.multi_branch[stems],
            exterior_branch=self.exterior_branch[stems],
        )


def stem_terms(model: EnergyModel, boxes: IntArray) -> StemTerms:
    """Terms of stem lines (N, 5) under the energy model of their sequence.

    Raises
    ------
    ValueError
        If a stem is out of range or not canonical.
    """
    inner, outer = inner_pairs(boxes), outer_pairs(boxes)
    return StemTerms(
        inner=inner,
        outer=outer,
        stacks=model.stem_stacks(boxes),
        hairpin=model.hairpins(inner),
        interior=_interiors(model, inner, outer),
        multi_closing=model.multiloop_closings(inner),
        multi_branch=model.multi_branches(outer),
        exterior_branch=model.exterior_branches(outer),
    )


def _interiors(model: EnergyModel, inner: IntArray, outer: IntArray) -> EnergyArray:
    """Interior loop energies of all stems by all stems, inf where not nested.

    Sub-runs of one helix share their ends, so each distinct pair of ends is evaluated once.
    """
    closing, of_closing = np.unique(inner, axis=0, return_inverse=True)
    inside, of_inside = np.unique(outer, axis=0, return_inverse=True)
    nested = (closing[:, None, 0] < inside[None, :, 0]) & (inside[None, :, 1] < closing[:, None, 1])
    energy = np.full(nested.shape, np.inf)
    a, b = np.nonzero(nested)
    energy[a, b] = model.interiors(closing[a], inside[b])
    return energy[of_closing][:, of_inside]
