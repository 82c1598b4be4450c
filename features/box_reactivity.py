"""What a probing experiment says of a box: numbers that an agent may observe beside its token."""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.reactivity import Reactivity
from boxfold.features.structure import IntArray

REACTIVITY_NAMES = (
    "strands",  # mean reactivity of the bases of both strands
    "inside",  # mean of the bases between the strands, at most MAX_INSIDE of them, else 0
    "largest",  # largest reactivity of the bases of both strands
    "known",  # share of the bases of both strands that have a value
)
"""Columns of `box_reactivity`. Reactivities are relative to the sequence's: mean 0, spread 1."""

MAX_INSIDE = 12
"""Most bases between the strands that count as the loop of a hairpin."""

MAX_REACTIVITY = 3.0
"""Bound of every column, on both sides."""


def box_reactivity(boxes: IntArray, reactivity: Reactivity | None) -> NDArray[np.float32]:
    """Reactivities of the bases of each box.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    reactivity : ndarray, dtype=float32, shape (L,), or None
        NaN where it is missing.

    Returns
    -------
    ndarray, dtype=float32, shape (N, len(REACTIVITY_NAMES))
        0 where nothing is known.

    Examples
    --------
    >>> values = np.array([0, 0, 1, 1, np.nan, 0, 0], dtype=np.float32)
    >>> box_reactivity(np.array([[0, 0, 5, 2, 2]]), values).astype(float).round(2).tolist()
    [[-0.71, 1.41, -0.71, 1.0]]
    """
    if reactivity is None or not len(boxes) or np.isnan(reactivity).all():
        return np.zeros((len(boxes), len(REACTIVITY_NAMES)), dtype=np.float32)
    known = ~np.isnan(reactivity)
    spread = max(float(np.nanstd(reactivity)), 1e-6)
    values = np.where(known, (reactivity - np.nanmean(reactivity)) / spread, 0.0).astype(float)
    row, col, n_rows, n_cols = (boxes[:, k].astype(np.int64) for k in (1, 2, 3, 4))
    sums, counts = (np.concatenate([[0.0], np.cumsum(each)]) for each in (values, known))
    totals, numbers = (
        each[row + n_rows] - each[row] + each[col + n_cols] - each[col] for each in (sums, counts)
    )
    n_inside = col - row - n_rows
    first, last = np.minimum(row + n_rows, col), col
    is_short = (n_inside > 0) & (n_inside <= MAX_INSIDE)
    inside = (sums[last] - sums[first]) / np.maximum(counts[last] - counts[first], 1)
    columns = (
        totals / np.maximum(numbers, 1),
        np.where(is_short, inside, 0.0),
        np.where(numbers > 0, _largest(boxes, np.where(known, values, -np.inf)), 0.0),
        numbers / np.maximum(n_rows + n_cols, 1),
    )
    bounded = np.clip(np.stack(columns, axis=1), -MAX_REACTIVITY, MAX_REACTIVITY)
    return bounded.astype(np.float32)


def _largest(boxes: IntArray, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest value over both strands, shape (N,)."""
    starts, sizes = boxes[:, [1, 2]].ravel(), boxes[:, [3, 4]].ravel()  # strand by strand
    strand = np.repeat(np.arange(len(starts)), sizes)
    place = np.arange(len(strand)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found = np.full(len(boxes), -np.inf)
    np.maximum.at(found, strand // 2, values[starts[strand] + place])
    return found
