"""Reward ``shape``: does a structure agree with a probing experiment. No programme optimises it."""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.errors import InputError
from boxfold.features.structure import BoolArray
from boxfold.rewards.plugin import Problem, Reward, Structure


class ProbingReward(Reward):
    """Area under the ROC curve of the reactivities: unpaired against paired bases; in [0, 1].

    The probability that an unpaired base reacts more than a paired one, ties counting half. Bases
    without a value are left out; .5 where all others are paired, or none is.
    """

    name = "shape"

    def score(self, instance: Problem, structure: Structure) -> dict[str, float]:
        """One component."""
        if instance.reactivity is None:
            raise InputError("no reactivities (--reactivities FILE, or a column reactivity)")
        is_paired = np.zeros(len(instance.seq), dtype=bool)
        is_paired[structure.base_pairs.ravel()] = True
        return {"shape": auroc(instance.reactivity, ~is_paired)}


def auroc(values: NDArray[np.floating], positive: BoolArray) -> float:
    """Probability that a positive has a higher value than a negative; ties half, NaN left out.

    Parameters
    ----------
    values : ndarray, dtype=float, shape (L,)
    positive : ndarray, dtype=bool, shape (L,)

    Examples
    --------
    >>> auroc(np.array([0.1, 0.9, 0.5, np.nan]), np.array([False, True, False, True]))
    1.0
    """
    known = ~np.isnan(values)
    values, positive = values[known], positive[known]
    n_positive = int(positive.sum())
    n_negative = len(values) - n_positive
    if not n_positive or not n_negative:
        return 0.5
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # mean rank of equal values, from 1
    above = ranks[which][positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))
