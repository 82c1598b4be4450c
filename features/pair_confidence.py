r"""How sure a structure is: a probability for each of its pairs, and its expected F1.

Both come from the boxes that S1 proposed. A pair is as probable as all boxes that hold it together,
or as an agent says that judges boxes (`boxfold.features.stem_weights`), calibrated.

With confidences c of the K pairs of a structure, 0 where no box holds the pair, and the sum E of
the calibrated probabilities of all pairs that boxes hold, the structure's confidence is

    2 * sum(c) / (K + E),

the F1 of which numerator and denominator are replaced by their expectations. Expected accuracy
from pair probabilities is due to Lu, Gloor & Mathews 2009 (RNA 15:1805, the predictor MaxExpect);
this form of it, as pseudo-expected F-score, to Hamada, Sato & Asai 2010 (BMC Bioinformatics
11:586). E leaves out pairs that no box holds. The empty structure is right (F1 of 1) if there is
no true pair at all: ``exp(-E)``, as if pairs came independently.
"""

from typing import NamedTuple

import numpy as np

from boxfold.features.calibration import IDENTITY, Calibration, FloatArray
from boxfold.features.structure import IntArray


class Confidence(NamedTuple):
    """How sure a structure is.

    Attributes
    ----------
    pairs : ndarray, dtype=float64, shape (K,)
        Probability of each pair, in the order of the structure's pairs.
    structure : float
        Expected F1, in [0, 1].
    """

    pairs: FloatArray
    structure: float


def confidence(
    held: IntArray,
    probability: FloatArray,
    base_pairs: IntArray,
    calibration: Calibration = IDENTITY,
) -> Confidence:
    """Confidence of a structure by the pairs that the boxes of its sequence hold.

    Parameters
    ----------
    held : ndarray, dtype=int, shape (P, 2)
        As of `pair_probabilities` or `greatest_by_pair`.
    probability : ndarray, dtype=float64, shape (P,)
        Of each.
    base_pairs : ndarray, dtype=int, shape (K, 2)
        The structure, made of these pairs or not.
    calibration : Calibration

    Returns
    -------
    Confidence

    Examples
    --------
    >>> held = np.array([[0, 9], [1, 8], [2, 7]])
    >>> found = confidence(held, np.array([0.5, 0.75, 0.25]), np.array([[0, 9], [1, 8]]))
    >>> found.pairs.tolist(), round(found.structure, 3)
    ([0.5, 0.75], 0.714)
    """
    sure = calibration.apply(probability)
    of_pairs = pair_values(held, sure, base_pairs)
    return Confidence(of_pairs, structure_confidence(of_pairs, float(sure.sum())))


def structure_confidence(pairs: FloatArray, expected_pairs: float) -> float:
    """Expected F1 of a structure; see the module.

    Parameters
    ----------
    pairs : ndarray, dtype=float64, shape (K,)
        Probabilities of its pairs.
    expected_pairs : float
        Expected number of true pairs.

    Examples
    --------
    >>> structure_confidence(np.array([1.0, 1.0]), 2.0), structure_confidence(np.zeros(0), 0.0)
    (1.0, 1.0)
    """
    if not len(pairs):
        return float(np.exp(-expected_pairs))
    return float(min(2 * pairs.sum() / (len(pairs) + expected_pairs), 1.0))


def pair_values(held: IntArray, values: FloatArray, wanted: IntArray) -> FloatArray:
    """Values of wanted pairs, 0 for those that are not held.

    Parameters
    ----------
    held : ndarray, dtype=int, shape (P, 2)
        Each once, sorted, as of `pair_probabilities`.
    values : ndarray, dtype=float64, shape (P,)
    wanted : ndarray, dtype=int, shape (K, 2)

    Returns
    -------
    ndarray, dtype=float64, shape (K,)
    """
    if not len(held) or not len(wanted):
        return np.zeros(len(wanted))
    width = int(max(held.max(), wanted.max())) + 1
    keys, sought = held @ [width, 1], wanted @ [width, 1]
    at = np.minimum(np.searchsorted(keys, sought), len(keys) - 1)
    return np.where(keys[at] == sought, values[at], 0.0)


def base_confidence(
    held: IntArray, probability: FloatArray, base_pairs: IntArray, length: int
) -> FloatArray:
    """How sure a structure is of each base: of its pair, or that it has none.

    Parameters
    ----------
    held : ndarray, dtype=int, shape (P, 2)
        As of `confidence`.
    probability : ndarray, dtype=float64, shape (P,)
        Of each, calibrated.
    base_pairs : ndarray, dtype=int, shape (K, 2)
    length : int

    Returns
    -------
    ndarray, dtype=float64, shape (length,)
        The probability of the pair of a paired base; of others 1 minus the sum over all pairs that
        hold it, at least 0.

    Examples
    --------
    >>> held, half = np.array([[0, 5], [1, 4]]), np.array([0.75, 0.25])
    >>> base_confidence(held, half, np.array([[0, 5]]), 6).tolist()
    [0.75, 0.75, 1.0, 1.0, 0.75, 0.75]
    """
    paired = np.bincount(held.ravel(), np.repeat(probability, 2), minlength=length)
    sure = np.maximum(1 - paired, 0.0)
    sure[base_pairs] = pair_values(held, probability, base_pairs)[:, None]
    return sure


def is_known(pairs: IntArray, reference: IntArray) -> FloatArray:
    """1 where a pair is in a structure, else 0.

    Parameters
    ----------
    pairs : ndarray, dtype=int, shape (P, 2)
    reference : ndarray, dtype=int, shape (K, 2)
        Sorted.

    Examples
    --------
    >>> is_known(np.array([[0, 9], [1, 7]]), np.array([[0, 9], [1, 8]])).tolist()
    [1.0, 0.0]
    """
    return pair_values(reference, np.ones(len(reference)), pairs)
