"""When two structures are different enough to be shown both, and how different several are."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from boxfold.features.agreement import agreement
from boxfold.features.structure import IntArray

MIN_DIFFERENCE = 3
"""Fewest pairs that one of two structures has and the other has not: less is frayed ends."""


def pairs_apart(one: IntArray, other: IntArray) -> int:
    """Pairs that exactly one of two structures (K, 2) and (M, 2) has.

    Examples
    --------
    >>> pairs_apart(np.array([[0, 9], [1, 8]]), np.array([[0, 9], [2, 7], [3, 6]]))
    3
    """
    return len(_as_set(one) ^ _as_set(other))


def is_new(base_pairs: IntArray, others: Iterable[IntArray]) -> bool:
    """Whether a structure differs from all others by at least `MIN_DIFFERENCE` pairs."""
    return all(pairs_apart(base_pairs, other) >= MIN_DIFFERENCE for other in others)


def diversity(structures: Sequence[IntArray]) -> float:
    """Mean of 1 - F1 over all two of several structures; 0 if there is only one.

    Examples
    --------
    >>> diversity([np.array([[0, 9], [1, 8]]), np.array([[0, 9], [2, 7]])])
    0.5
    """
    apart = [1 - agreement(one, other).f1 for one, other in combinations(structures, 2)]
    return float(np.mean(apart)) if apart else 0.0


def _as_set(base_pairs: IntArray) -> set[tuple[int, ...]]:
    return {tuple(pair) for pair in base_pairs.tolist()}
