"""The Boltzmann ensemble of a sequence, and what it says; energies in kcal/mol at 37 C."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket
from boxfold.rewards.energy import fold_compound, loaded, partition_function
from boxfold.rewards.energy_settings import EnergySettings

_RESCALED_LENGTH = 400  # longer sequences need scaled sums, for which ViennaRNA folds them first


class Ensemble(NamedTuple):
    """A folded sequence and how much of its ensemble that structure is.

    Attributes
    ----------
    base_pairs : ndarray, dtype=int64, shape (K, 2)
    free_energy : float
        Of the structure, kcal/mol.
    mfe_frequency : float
        Boltzmann probability of the structure, in [0, 1].
    diversity : float
        Mean base-pair distance between two structures of the ensemble.
    ends : ndarray, dtype=float32, shape (3, L, L), or None
        See `end_probabilities`; only where asked for.
    """

    base_pairs: IntArray
    free_energy: float
    mfe_frequency: float
    diversity: float
    ends: NDArray[np.float32] | None = None


def ensemble(seq: str, ends: bool = False) -> Ensemble:
    """`mfe` with its frequency in the ensemble, the ensemble's diversity and, if asked, `ends`."""
    compound, text, energy = partition_function(seq)
    return Ensemble(
        base_pairs_from_dot_bracket(text),
        round(energy, 2),
        float(compound.pr_structure(text)),
        float(compound.mean_bp_distance()),
        _end_maps(compound, len(seq)) if ends else None,
    )


def end_probabilities(seq: str) -> NDArray[np.float32]:
    """Exact ensemble probabilities that a pair exists, and that a stem begins or ends with it.

    Soft targets of the *ends* heads. Outer end: paired while (i-1, j+1) is not; inner end: paired
    while (i+1, j-1) is not. Filled for ``i < j``.

    Returns
    -------
    ndarray, dtype=float32, shape (3, L, L)
        Paired, outer end, inner end; each in [0, 1], ends at most paired.
    """
    compound, _, _ = partition_function(seq)
    return _end_maps(compound, len(seq))


def _end_maps(compound: Any, length: int) -> NDArray[np.float32]:
    paired = pair_matrix(compound, length)
    stacked = np.zeros_like(paired)  # with the next pair inwards
    for entry in compound.stack_prob(1e-8):
        stacked[entry.i - 1, entry.j - 1] = entry.p
    inner_end = paired - stacked
    outer_end = paired.copy()
    outer_end[1:, :-1] -= stacked[:-1, 1:]
    maps = np.stack([paired, outer_end, inner_end])
    return np.clip(maps, 0, np.minimum(paired, 1)).astype(np.float32)


def pair_probabilities(
    seq: str, parameters: str = "turner2004", max_span: int = -1
) -> NDArray[np.float32]:
    """Exact probability of each pair (i, j), ``i < j``, in the Boltzmann ensemble.

    Parameters
    ----------
    seq : str
    parameters : str
        One of `PARAMETER_SETS`.
    max_span : int
        Most bases from i to j; -1: no limit. Time grows by L max_span^2 with it, by L^3 without.

    Returns
    -------
    ndarray, dtype=float32, shape (L, L)
        0 in the lower triangle.

    Raises
    ------
    ValueError
        If the sequence is empty or has other letters than ``ACGUN``.
    """
    with loaded(parameters):
        settings = EnergySettings(parameters=parameters)  # type: ignore[arg-type]  # `loaded` checks
        compound = fold_compound(seq, settings, max_span)
        if len(seq) > _RESCALED_LENGTH:
            compound.exp_params_rescale(compound.mfe()[1])
        compound.pf()  # inside, too: Boltzmann factors are made here
    return pair_matrix(compound, len(seq)).astype(np.float32)


def pair_matrix(compound: Any, length: int) -> NDArray[np.float64]:
    """Pair probabilities (length, length) of a filled compound; 0 in the lower triangle."""
    return np.array(compound.bpp(), dtype=np.float64).reshape(length + 1, -1)[1:, 1:]
