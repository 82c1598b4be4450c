"""Synthetic transcripts: a Markov chain with human-like pairs of neighbouring bases.

So that everything works with no data at all. GC content is drawn for each sequence, since
real transcripts differ in it and folding depends on it; CpG is rare, as in vertebrates.
"""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.sequence import BASES

MEAN_GC = 0.49
GC_CONCENTRATION = 19.6
"""Beta distribution of the GC content: standard deviation .11, that of human 64-mers after
their sampling noise is taken off."""

NEIGHBOUR_RATIO = np.array(
    [  # second base: A     C     G     U
        [1.13, 0.82, 1.16, 0.87],  # first base A
        [1.17, 1.19, 0.46, 1.18],  # C: CpG less than half as often as by chance
        [1.06, 1.03, 1.09, 0.82],  # G
        [0.64, 0.97, 1.27, 1.14],  # U
    ]
)
"""Frequency of two neighbours over the product of their own, in human transcripts."""


def synthetic_sequence(length: int, rng: np.random.Generator, gc: float | None = None) -> str:
    """One sequence of the synthetic transcript model.

    Parameters
    ----------
    length : int
    rng : numpy.random.Generator
    gc : float, optional
        GC content that the model aims at, 0 to 1; drawn for the sequence if not given.

    Returns
    -------
    str
        Letters ``ACGU``.

    Raises
    ------
    ValueError
        If `length` is negative or `gc` is outside 0 to 1.

    Examples
    --------
    >>> synthetic_sequence(12, np.random.default_rng(1), gc=1.0)
    'GGCGCCGCCCGG'
    """
    if length < 0:
        raise ValueError(f"length is {length}, at least 0 is needed")
    if gc is None:
        gc = float(rng.beta(MEAN_GC * GC_CONCENTRATION, (1 - MEAN_GC) * GC_CONCENTRATION))
    composition = base_composition(gc)
    start = _drawn(np.cumsum(composition)[None, :], rng.random((1, 1)))
    steps = _drawn(np.cumsum(transitions(composition), axis=1), rng.random((max(length - 1, 0), 1)))
    codes = np.concatenate([np.repeat(start, 4, axis=1), steps])[:length]
    return "".join(np.array(list(BASES))[_composed(codes)[:, 0]])


def base_composition(gc: float) -> NDArray[np.float64]:
    """Shares of A, C, G, U at a GC content; A = U and C = G."""
    if not 0 <= gc <= 1:
        raise ValueError(f"GC content is {gc}, allowed are 0 to 1")
    return np.array([1 - gc, gc, gc, 1 - gc]) / 2


def transitions(composition: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of the next base (columns) after each base (rows), ACGU; rows sum to 1.

    Parameters
    ----------
    composition : ndarray, dtype=float64, shape (4,)

    Returns
    -------
    ndarray, dtype=float64, shape (4, 4)
    """
    weights = NEIGHBOUR_RATIO * composition
    return weights / weights.sum(axis=1, keepdims=True)


def _drawn(cumulative: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.intp]:
    """Next base for each step and each base before it; shape (steps, rows of `cumulative`)."""
    below = uniform[:, :, None] >= cumulative[None, :, :3]  # the last border is 1
    return below.sum(axis=2)


def _composed(steps: NDArray[np.intp]) -> NDArray[np.intp]:
    """Row t of the result is step t after step t-1 after ... step 0: log2(T) array operations."""
    chained = steps.copy()
    shift = 1
    while shift < len(chained):
        chained[shift:] = np.take_along_axis(chained[shift:], chained[:-shift], axis=1)
        shift *= 2
    return chained
