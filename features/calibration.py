"""Probabilities that mean what they say: a monotone correction, its fit, and how true it is.

A network's probabilities are often too sure, or sure of another kind of structure than the one
that is asked for. Two numbers on the logit scale correct both (Platt 1999, "Probabilistic outputs
for support vector machines"), keep the order and can't overfit.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

CLIP = 1e-3
"""Probabilities closer than this to 0 or 1 count as this close: boxes are never that certain."""

_STEPS = 100
_RIDGE = 1e-6


@dataclass(frozen=True)
class Calibration:
    """``sigmoid(slope * logit(p) + intercept)``; (1, 0) changes nothing.

    Raises
    ------
    ValueError
        If the slope isn't positive (the order of pairs would be lost) or a number isn't finite.

    Examples
    --------
    >>> Calibration().apply([0.0, 0.3]).tolist()
    [0.0, 0.3]
    >>> Calibration(slope=2.0).apply([0.5, 0.75]).round(3).tolist()
    [0.5, 0.9]
    """

    slope: float = field(default=1.0, metadata={"help": "of the logit, more than 0"})
    intercept: float = field(default=0.0, metadata={"help": "added to it"})

    def __post_init__(self) -> None:
        if not np.isfinite([self.slope, self.intercept]).all() or self.slope <= 0:
            raise ValueError(f"slope {self.slope}, intercept {self.intercept}: finite, slope > 0")

    def apply(self, probability: ArrayLike) -> FloatArray:
        """Calibrated probabilities; array_like in [0, 1] to float64 of the same shape."""
        raw = np.asarray(probability, dtype=np.float64)
        if (self.slope, self.intercept) == (1.0, 0.0):
            return raw
        return _sigmoid(self.slope * _logit(raw) + self.intercept)


IDENTITY = Calibration()


class Reliability(NamedTuple):
    """How true probabilities are.

    Attributes
    ----------
    mean, observed : ndarray, dtype=float64, shape (B,)
        Mean probability and share of true ones by bin of equal width; NaN in an empty bin.
    number : ndarray, dtype=int64, shape (B,)
    ece : float
        Expected calibration error: mean of ``|mean - observed|``, weighted by number.
    brier : float
        Mean squared difference of probability and truth.
    """

    mean: FloatArray
    observed: FloatArray
    number: NDArray[np.int64]
    ece: float
    brier: float


def fit_calibration(probability: ArrayLike, is_true: ArrayLike) -> Calibration:
    """Calibration of greatest likelihood, by Newton's method.

    Parameters
    ----------
    probability : array_like of float, shape (N,)
    is_true : array_like of bool, shape (N,)

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        If all are true or none is, or the probabilities say the opposite of the truth.

    Examples
    --------
    >>> fit_calibration([0.9] * 4 + [0.1] * 4, [1, 1, 1, 0, 1, 0, 0, 0]).slope.__round__(2)
    0.5
    """
    truth = np.asarray(is_true, dtype=np.float64)
    if not 0 < truth.sum() < len(truth):
        raise ValueError("calibration needs both true and false pairs")
    x = np.stack([_logit(np.asarray(probability, dtype=np.float64)), np.ones(len(truth))], axis=1)
    theta = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        found = _sigmoid(x @ theta)
        gradient = x.T @ (truth - found) - _RIDGE * theta
        curvature = (x * (found * (1 - found))[:, None]).T @ x + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        theta = theta + step / max(1.0, np.abs(step).max())  # a long step may overshoot
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(*map(float, theta))


def reliability(probability: ArrayLike, is_true: ArrayLike, bins: int = 10) -> Reliability:
    """Compare probabilities with the truth.

    Parameters
    ----------
    probability : array_like of float, shape (N,)
        In [0, 1].
    is_true : array_like of bool, shape (N,)
    bins : int

    Returns
    -------
    Reliability
        All NaN if there is nothing to compare.

    Examples
    --------
    >>> found = reliability([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 0], bins=2)
    >>> found.observed.tolist(), round(found.ece, 3), round(found.brier, 3)
    ([0.0, 0.5], 0.25, 0.21)
    """
    p, truth = np.asarray(probability, dtype=np.float64), np.asarray(is_true, dtype=np.float64)
    which = np.minimum((p * bins).astype(np.int64), bins - 1)
    count = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(which, p, bins) / count
        observed = np.bincount(which, truth, bins) / count
    if not len(p):
        return Reliability(mean, observed, count, float("nan"), float("nan"))
    ece = float(np.nansum(np.abs(mean - observed) * count) / len(p))
    return Reliability(mean, observed, count, ece, float(np.mean((p - truth) ** 2)))


def _logit(p: FloatArray) -> FloatArray:
    clipped = np.clip(p, CLIP, 1 - CLIP)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _sigmoid(x: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-np.clip(x, -50, 50)))
