"""Folding with reactivities as pseudo-energies: what RNAfold does with probing data."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boxfold.features.reactivity import Reactivity
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.energy import Folded, fold_compound
from boxfold.rewards.ensemble import pair_matrix

SLOPE, INTERCEPT = 1.8, -0.6
"""Deigan's parameters, kcal/mol."""

_MISSING = -999.0  # ViennaRNA's sign for no value


def probed_mfe(
    seq: str, reactivity: Reactivity, slope: float = SLOPE, intercept: float = INTERCEPT
) -> Folded:
    """Structure of minimum free energy and pseudo-energy by Deigan et al. 2009.

    Each base in a stack gets ``slope * ln(reactivity + 1) + intercept`` (PNAS 106, 97).

    Parameters
    ----------
    seq : str
        Letters ``ACGUN``.
    reactivity : ndarray, dtype=float32, shape (L,)
        Not negative; NaN, where it is missing, adds nothing.
    slope, intercept : float
        kcal/mol.

    Returns
    -------
    Folded
        Its energy holds the pseudo-energies.

    Raises
    ------
    ValueError
        If the profile is of another length than the sequence.

    Examples
    --------
    >>> unknown = np.full(12, np.nan, dtype=np.float32)
    >>> probed_mfe("GGGGAAAACCCC", unknown).free_energy
    -5.4
    """
    compound = _probed_compound(seq, reactivity, slope, intercept)
    text, energy = compound.mfe()
    return Folded(base_pairs_from_dot_bracket(text), round(energy, 2))


def probed_pair_probabilities(
    seq: str, reactivity: Reactivity, slope: float = SLOPE, intercept: float = INTERCEPT
) -> NDArray[np.float32]:
    """Probability of each pair in the ensemble with these pseudo-energies, see `probed_mfe`.

    Returns
    -------
    ndarray, dtype=float32, shape (L, L)
        0 in the lower triangle.
    """
    compound = _probed_compound(seq, reactivity, slope, intercept)
    compound.exp_params_rescale(compound.mfe()[1])
    compound.pf()
    return pair_matrix(compound, len(seq)).astype(np.float32)


def _probed_compound(seq: str, reactivity: Reactivity, slope: float, intercept: float) -> Any:
    if len(reactivity) != len(seq):
        raise ValueError(f"{len(reactivity)} reactivities, the sequence has {len(seq)} bases")
    if np.isinf(reactivity).any() or not np.isfinite([slope, intercept]).all():
        raise ValueError("reactivities, slope and intercept must be finite")
    compound = fold_compound(seq)
    values = np.where(np.isnan(reactivity), _MISSING, np.clip(reactivity, 0, None))
    compound.sc_add_SHAPE_deigan([_MISSING, *values.astype(float).tolist()], slope, intercept)
    return compound
