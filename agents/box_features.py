"""One row of numbers per stem for learners of tables: its token, and what speaks for its pairs."""

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.instance import Instance
from boxfold.features.box import inner_pairs, outer_pairs, stem_base_pairs
from boxfold.features.relations import crosses, share_base
from boxfold.features.stem_weights import pair_probabilities as pairs_by_boxes
from boxfold.features.structure import BoolArray, IntArray
from boxfold.features.token_names import TOKEN_NAMES
from boxfold.rewards.ensemble import pair_probabilities as pairs_by_energy

FloatArray = NDArray[np.float64]

_SOURCES = ("boxes", "energy")
EXTRA_NAMES = (
    "n_pairs",
    *(f"{source}_{part}" for source in _SOURCES for part in ("mean", "least", "outer", "inner")),
    *(f"{source}_{of}" for source in _SOURCES for of in ("rivals", "crossing")),
)
"""Probabilities of a stem's pairs, by the boxes of the sequence and by its ensemble of structures:
mean, least, outer and inner; and the sum of the means of the boxes that share a base or cross."""

FEATURE_NAMES = (*TOKEN_NAMES, *EXTRA_NAMES)


def box_features(instance: Instance) -> FloatArray:
    """Features of all stems of an instance.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    ndarray, dtype=float64, shape (N, len(FEATURE_NAMES))
    """
    boxes = instance.boxes
    if not len(boxes):
        return np.zeros((0, len(FEATURE_NAMES)))
    grids = (grid_of_boxes(instance), pairs_by_energy(instance.seq))
    per_stem = [pairs_of_stems(grid, instance) for grid in grids]
    company = box_company(boxes)
    sums = [sums_over(company, columns[:, 0]) for columns in per_stem]
    extra = [boxes[:, 3:4], *per_stem, *sums]
    return np.concatenate([instance.tokens, *extra], axis=1).astype(np.float64)


def known_share(instance: Instance) -> FloatArray:
    """Share of the pairs of each stem that the known structure has, shape (N,).

    Raises
    ------
    ValueError
        If no structure is known.
    """
    if instance.reference is None:
        raise ValueError(f"'{instance.id}' has no known structure")
    grid = np.zeros((len(instance.seq),) * 2)
    grid[tuple(instance.reference.T)] = 1
    return pairs_of_stems(grid, instance)[:, 0]


Company = tuple[BoolArray, BoolArray]
"""Which other boxes share a base with each box, and which cross it; both (N, N), symmetric."""


def box_company(boxes: IntArray) -> Company:
    """`Company` of boxes (N, 5)."""
    return share_base(boxes) & ~np.eye(len(boxes), dtype=bool), crosses(boxes)


def sums_over(company: Company, value: FloatArray) -> FloatArray:
    """Sums of a value (N,) over the boxes that share a base, and over those that cross; (N, 2)."""
    return np.stack([others @ value for others in company], axis=1)


def grid_of_boxes(instance: Instance) -> FloatArray:
    """How probable the boxes make each pair, shape (L, L)."""
    pairs, probability = pairs_by_boxes(instance.boxes, instance.score)
    grid = np.zeros((len(instance.seq),) * 2)
    grid[tuple(pairs.T)] = probability
    return grid


def pairs_of_stems(grid: NDArray[np.floating], instance: Instance) -> FloatArray:
    """Mean, least, outer and inner value of the pairs of each stem of a grid; shape (N, 4)."""
    boxes = instance.boxes
    if not len(boxes):
        return np.zeros((0, 4))
    values = grid[tuple(stem_base_pairs(boxes).T)].astype(np.float64)
    starts = np.cumsum(boxes[:, 3]) - boxes[:, 3]
    mean = np.add.reduceat(values, starts) / boxes[:, 3]
    least = np.minimum.reduceat(values, starts)
    ends = [grid[tuple(pairs.T)] for pairs in (outer_pairs(boxes), inner_pairs(boxes))]
    return np.stack([mean, least, *ends], axis=1)
