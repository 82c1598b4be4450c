"""How well two structures agree: F1, sensitivity and PPV over base pairs."""

from typing import NamedTuple

import numpy as np

from boxfold.features.structure import BoolArray, IntArray


class Agreement(NamedTuple):
    """Agreement of a predicted structure with its reference, each in [0, 1].

    Two empty structures agree completely (all 1); otherwise an empty one scores 0 throughout.

    Attributes
    ----------
    f1 : float
        Harmonic mean of sensitivity and ppv, exact base pairs.
    f1_shift : float
        The same if (i, j) also matches (i±1, j) and (i, j±1).
    sensitivity : float
        Share of the reference's pairs that are predicted.
    ppv : float
        Share of the predicted pairs that the reference has (precision).
    """

    f1: float
    f1_shift: float
    sensitivity: float
    ppv: float


def agreement(predicted: IntArray, reference: IntArray) -> Agreement:
    """Compare two structures over base pairs.

    Parameters
    ----------
    predicted, reference : ndarray, dtype=int, shape (K, 2) and (M, 2)

    Returns
    -------
    Agreement

    Examples
    --------
    >>> predicted = np.array([[0, 9], [1, 7]])
    >>> agreement(predicted, np.array([[0, 9], [1, 8], [2, 7]])).sensitivity.__round__(3)
    0.333
    >>> agreement(predicted, np.array([[0, 9], [1, 8]]))
    Agreement(f1=0.5, f1_shift=1.0, sensitivity=0.5, ppv=0.5)
    """
    if not len(predicted) and not len(reference):
        return Agreement(1.0, 1.0, 1.0, 1.0)
    if not len(predicted) or not len(reference):
        return Agreement(0.0, 0.0, 0.0, 0.0)
    distance = np.abs(predicted[:, None, :] - reference[None, :, :]).sum(axis=2)
    sensitivity, ppv = _shares(distance == 0)
    shift_sensitivity, shift_ppv = _shares(distance <= 1)
    return Agreement(
        _harmonic(sensitivity, ppv), _harmonic(shift_sensitivity, shift_ppv), sensitivity, ppv
    )


def _shares(matches: BoolArray) -> tuple[float, float]:
    """Share of columns (reference) and of rows (prediction) with a match."""
    return float(matches.any(axis=0).mean()), float(matches.any(axis=1).mean())


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
