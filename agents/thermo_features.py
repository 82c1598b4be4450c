"""One row of numbers per stem by thermodynamics: loop energies in context, ensembles of structures.

Several sets of parameters are asked, since where they disagree none of them is to be trusted.
"""

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from boxfold.agents.box_features import (
    Company,
    FloatArray,
    box_company,
    pairs_of_stems,
    sums_over,
)
from boxfold.envs.instance import Instance
from boxfold.features.box import inner_pairs, outer_pairs
from boxfold.features.token_names import TOKEN_NAMES
from boxfold.rewards.energy_settings import ParameterSet
from boxfold.rewards.ensemble import pair_probabilities

CONTEXT_NAMES = ("best_inner_loop", "best_outer_loop", "voted_inner_loop", "voted_outer_loop")
"""Energy of the interior loop to another stem, kcal/mol, NaN if there is none: the lowest, and that
to the stem with most votes."""

_OF_TOKEN = ("gc", "extends_out", "extends_in", "loop_size", "is_triloop", "is_tetraloop",
             "stack", "hairpin", "exterior", "encloses", "enclosed", "beside")  # fmt: skip
ENERGY_NAMES = (*_OF_TOKEN, *CONTEXT_NAMES)
_TOKEN_COLUMNS = [TOKEN_NAMES.index(name) for name in _OF_TOKEN]

_PARTS = ("mean", "least", "outer", "inner", "paired", "rivals", "crossing", "total")
"""Of each set of parameters: probabilities of the stem's pairs (mean, least, outer, inner), mean
probability that its bases are paired at all, sum of the means of the boxes that share a base or
cross, and expected pairs of the structure by length."""
ALL_PARAMETERS: tuple[str, ...] = get_args(ParameterSet)


def ensemble_names(parameters: Sequence[str] = ALL_PARAMETERS) -> tuple[str, ...]:
    """Names of the columns of `ensemble_features`."""
    return tuple(f"{name}_{part}" for name in parameters for part in _PARTS)


def energy_features(instance: Instance) -> FloatArray:
    """Token and loop energies in context of all stems; shape (N, len(ENERGY_NAMES))."""
    if not instance.n_boxes:
        return np.zeros((0, len(ENERGY_NAMES)))
    loops = np.where(np.isfinite(instance.loop_energies), instance.loop_energies, np.nan)
    inwards = [_lowest(loops), _lowest(loops.T)]
    voted = [_of_most_voted(loops, instance.score), _of_most_voted(loops.T, instance.score)]
    context = np.stack([*inwards, *voted], axis=1)
    tokens = instance.tokens[:, _TOKEN_COLUMNS]
    return np.concatenate([tokens, context], axis=1).astype(np.float64)


def ensemble_features(instance: Instance, parameters: Sequence[str] = ALL_PARAMETERS) -> FloatArray:
    """Probabilities by sets of parameters; shape (N, len(ensemble_names(parameters)))."""
    if not instance.n_boxes:
        return np.zeros((0, len(ensemble_names(parameters))))
    grids = [pair_probabilities(instance.seq, name) for name in parameters]
    company = box_company(instance.boxes)
    return np.concatenate([ensemble_columns(grid, instance, company) for grid in grids], axis=1)


def ensemble_columns(grid: NDArray[np.float32], instance: Instance, company: Company) -> FloatArray:
    """Columns of one set, by its probabilities of all pairs (L, L); shape (N, 8)."""
    boxes = instance.boxes
    of_pairs = pairs_of_stems(grid, instance)
    sums = sums_over(company, of_pairs[:, 0])
    before = np.concatenate([[0.0], np.cumsum(grid.sum(axis=0) + grid.sum(axis=1))])
    outer, inner = outer_pairs(boxes), inner_pairs(boxes)
    strands = before[inner[:, 0] + 1] - before[outer[:, 0]]
    strands = strands + before[outer[:, 1] + 1] - before[inner[:, 1]]
    total = np.full(len(boxes), grid.sum() / len(instance.seq))
    rest = np.stack([strands / (2 * boxes[:, 3]), *sums.T, total], axis=1)
    return np.concatenate([of_pairs, rest], axis=1)


def _lowest(loops: FloatArray) -> FloatArray:
    """Lowest value of each row, NaN where all are."""
    lowest = np.where(np.isnan(loops), np.inf, loops).min(axis=1)
    return np.where(np.isfinite(lowest), lowest, np.nan)


def _of_most_voted(loops: FloatArray, score: NDArray[np.float32]) -> FloatArray:
    """Value of each row at the stem of highest score that has one, NaN where none has."""
    best = np.where(np.isnan(loops), -1.0, score).argmax(axis=1)
    return np.asarray(loops[np.arange(len(loops)), best])
