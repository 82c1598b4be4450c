"""Shares over boxes with standard errors over sequences, and the bins that reports use."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boxfold.features.structure import IntArray

LENGTH_LABELS = ("<=60", "61-100", "101-150", "151-200", ">200")
_LENGTH_STARTS = (61, 101, 151, 201)

NUMBER_LABELS = ("1-3", "4-6", "7-9", "10-12", "13-16", "17-24", ">24")
_NUMBER_STARTS = (4, 7, 10, 13, 17, 25)


class Share(NamedTuple):
    """A mean and its standard error; nan where there was nothing."""

    value: float
    error: float


def clustered_share(values: ArrayLike, cluster: ArrayLike) -> Share:
    """Mean of values with a standard error that takes those of one cluster as one draw.

    Parameters
    ----------
    values : array_like, shape (N,)
        Numbers or flags.
    cluster : array_like of int, shape (N,)
        Not negative; the sequence that each value belongs to.

    Returns
    -------
    Share

    Examples
    --------
    >>> clustered_share([1, 1, 0, 0], [0, 0, 1, 1])
    Share(value=0.5, error=0.5)
    """
    values, cluster = np.asarray(values, dtype=np.float64), np.asarray(cluster, dtype=np.int64)
    if not len(values):
        return Share(float("nan"), float("nan"))
    mean = values.mean()
    residual = np.bincount(cluster, values - mean)[np.unique(cluster)]
    n = len(residual)
    if n < 2:
        return Share(float(mean), float("nan"))
    error = np.sqrt((residual**2).sum() * n / (n - 1)) / len(values)
    return Share(float(mean), float(error))


def all_of_each(found: ArrayLike, cluster: ArrayLike) -> NDArray[np.bool_]:
    """Whether every value of each cluster is true; clusters in rising order.

    Examples
    --------
    >>> all_of_each([True, False, True], [4, 4, 9]).tolist()
    [False, True]
    """
    cluster = np.asarray(cluster, dtype=np.int64)
    missing = np.bincount(cluster, ~np.asarray(found, dtype=bool))
    return missing[np.unique(cluster)] == 0


def length_labels(lengths: ArrayLike) -> NDArray[np.str_]:
    """Label of each sequence length, of `LENGTH_LABELS`."""
    return np.array(LENGTH_LABELS)[np.digitize(np.asarray(lengths), _LENGTH_STARTS)]


def number_labels(numbers: IntArray) -> NDArray[np.str_]:
    """Label of each number of boxes, of `NUMBER_LABELS`."""
    return np.array(NUMBER_LABELS)[np.digitize(numbers, _NUMBER_STARTS)]
