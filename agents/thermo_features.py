"""What an ensemble of structures says of each stem: columns of numbers by one set of parameters."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boxfold.agents.box_features import (
    Company,
    FloatArray,
    pairs_of_stems,
    sums_over,
)
from boxfold.envs.instance import Instance
from boxfold.features.box import inner_pairs, outer_pairs

_PARTS = ("mean", "least", "outer", "inner", "paired", "rivals", "crossing", "total")
"""Of each set of parameters: probabilities of the stem's pairs (mean, least, outer, inner), mean
probability that its bases are paired at all, sum of the means of the boxes that share a base or
cross, and expected pairs of the structure by length."""


def ensemble_names(parameters: Sequence[str]) -> tuple[str, ...]:
    """Names of the `ensemble_columns` of some sets."""
    return tuple(f"{name}_{part}" for name in parameters for part in _PARTS)


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
