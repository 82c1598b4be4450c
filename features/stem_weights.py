"""What each stem adds to a sum of scores, by the probabilities of the boxes that S1 proposes.

Variants of one stem share its probability, so that none of them may reach a half. What they agree
on are pairs: a pair is as probable as all boxes that hold it together.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boxfold.features.box import stem_base_pairs
from boxfold.features.structure import IntArray

WeightForm = Literal["pairs", "boxes"]
FloatArray = NDArray[np.float64]

_CLIP = 1e-4


@dataclass(frozen=True)
class StemWeightConfig:
    """How stems are weighed.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    form: WeightForm = field(
        default="pairs",
        metadata={
            "help": "pairs: sum over pairs of probability minus threshold (expected accuracy); "
            "boxes: pairs times the log odds of the box over those of the threshold"
        },
    )
    threshold: float = field(
        default=0.2, metadata={"help": "probability of a pair (box) that is worth nothing"}
    )

    def __post_init__(self) -> None:
        if self.form not in get_args(WeightForm):
            raise ValueError(f"form is '{self.form}' (allowed: {', '.join(get_args(WeightForm))})")
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold is {self.threshold} (allowed: between 0 and 1)")


def pair_probabilities(boxes: IntArray, score: ArrayLike) -> tuple[IntArray, FloatArray]:
    """Base pairs that boxes hold, and how probable the boxes make them.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems.
    score : array_like of float, shape (N,)
        Probability of each box.

    Returns
    -------
    pairs : ndarray, dtype=int64, shape (P, 2)
        Each once, sorted.
    probability : ndarray, dtype=float64, shape (P,)
        Sum over the boxes that hold the pair, at most 1.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 8, 2, 2], [0, 1, 7, 2, 2]])
    >>> pairs, probability = pair_probabilities(boxes, [0.5, 0.25])
    >>> pairs.tolist(), probability.tolist()
    ([[0, 9], [1, 8], [2, 7]], [0.5, 0.75, 0.25])
    """
    pairs, _, total = _summed(boxes, score)
    return pairs, total


def greatest_by_pair(boxes: IntArray, value: ArrayLike) -> tuple[IntArray, FloatArray]:
    """Base pairs that boxes hold, and the greatest value of the boxes that hold each.

    Of shares of true pairs that is how probable pairs are: variants of a stem don't add up.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems.
    value : array_like of float, shape (N,)
        At least 0.

    Returns
    -------
    pairs : ndarray, dtype=int64, shape (P, 2)
        Each once, sorted.
    greatest : ndarray, dtype=float64, shape (P,)

    Examples
    --------
    >>> boxes = np.array([[0, 0, 8, 2, 2], [0, 1, 7, 2, 2]])
    >>> pairs, greatest = greatest_by_pair(boxes, [0.5, 0.75])
    >>> pairs.tolist(), greatest.tolist()
    ([[0, 9], [1, 8], [2, 7]], [0.5, 0.75, 0.75])
    """
    pairs, pair = _distinct(boxes)
    greatest = np.zeros(len(pairs))
    np.maximum.at(greatest, pair, np.repeat(np.asarray(value, dtype=float), boxes[:, 3]))
    return pairs, greatest


def stem_weights(
    boxes: IntArray, score: ArrayLike, config: StemWeightConfig | None = None
) -> FloatArray:
    """Weight of each stem, positive where it is worth being picked.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    score : array_like of float, shape (N,)
    config : StemWeightConfig, optional

    Returns
    -------
    ndarray, dtype=float64, shape (N,)
        In pairs for form ``pairs``, in natural log units for form ``boxes``.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 8, 2, 2], [0, 1, 7, 2, 2]])
    >>> stem_weights(boxes, [0.5, 0.25]).round(2).tolist()
    [0.85, 0.6]
    """
    config = config or StemWeightConfig()
    if config.form == "boxes":
        odds = np.log([config.threshold / (1 - config.threshold)])
        probability = np.clip(np.asarray(score, dtype=np.float64), _CLIP, 1 - _CLIP)
        return boxes[:, 3] * (np.log(probability / (1 - probability)) - odds)
    _, pair, probability = _summed(boxes, score)
    owner = np.repeat(np.arange(len(boxes)), boxes[:, 3])
    worth = probability[pair] - config.threshold
    return np.bincount(owner, worth, len(boxes)).astype(np.float64)


def shared_pairs(boxes: IntArray, base_pairs: IntArray) -> IntArray:
    """How many pairs of each stem are among the pairs of a structure.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    base_pairs : ndarray, dtype=int, shape (K, 2)

    Returns
    -------
    ndarray, dtype=int64, shape (N,)

    Examples
    --------
    >>> boxes = np.array([[0, 0, 8, 2, 2], [0, 1, 7, 2, 2]])
    >>> shared_pairs(boxes, np.array([[0, 9], [1, 8]])).tolist()
    [2, 1]
    """
    every = stem_base_pairs(boxes)
    width = max(int(every.max(initial=0)), int(base_pairs.max(initial=0))) + 1
    is_shared = np.isin(every @ [width, 1], base_pairs @ [width, 1])
    owner = np.repeat(np.arange(len(boxes)), boxes[:, 3])
    return np.bincount(owner[is_shared], minlength=len(boxes))


def _summed(boxes: IntArray, score: ArrayLike) -> tuple[IntArray, IntArray, FloatArray]:
    """Distinct pairs, which of them each pair of each box is, and their probabilities."""
    pairs, pair = _distinct(boxes)
    weight = np.repeat(np.asarray(score, dtype=np.float64), boxes[:, 3])
    return pairs, pair, np.minimum(np.bincount(pair, weight, len(pairs)), 1.0)


def _distinct(boxes: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct pairs (P, 2), sorted, and which of them each pair of each box is."""
    every = stem_base_pairs(boxes)
    width = int(every.max(initial=0)) + 1
    keys, pair = np.unique(every[:, 0] * width + every[:, 1], return_inverse=True)
    return np.stack(np.divmod(keys, width), axis=1), pair
