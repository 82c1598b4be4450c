"""Pseudoknots of whole structures: which have one, which pairs make it, how well it is found."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from boxfold.features.loops import stems
from boxfold.features.relations import crosses
from boxfold.features.structure import BoolArray, IntArray, crossing_pairs

MIN_KNOT_PAIRS = 3
"""Fewest pairs of a crossing stem that counts as a knot."""


class KnotCounts(NamedTuple):
    """Pairs that cross another pair of their own structure.

    Attributes
    ----------
    tp : int
        In both structures, and crossing in both.
    predicted, known : int
        Crossing pairs of the prediction and of the reference.
    """

    tp: int
    predicted: int
    known: int


def is_knotted(base_pairs: IntArray, min_pairs: int = MIN_KNOT_PAIRS, both: bool = False) -> bool:
    """Whether a stem of at least `min_pairs` pairs crosses another stem.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
        In the canonical form of `as_base_pairs`.
    min_pairs : int
        A stem is a run of stacked pairs; a bulge ends it.
    both : bool
        Whether the other stem needs as many pairs.

    Examples
    --------
    >>> from boxfold.features.structure import base_pairs_from_dot_bracket
    >>> knot = base_pairs_from_dot_bracket("((((..[[.))))..]]")
    >>> [is_knotted(knot, 3), is_knotted(knot, 5), is_knotted(knot, 3, both=True)]
    [True, False, False]
    """
    lines = stems(base_pairs)
    is_large = lines[:, 3] >= min_pairs
    if both:
        lines, is_large = lines[is_large], is_large[is_large]
    return bool(crosses(lines)[is_large].any())


def knotted_pairs(base_pairs: IntArray) -> BoolArray:
    """Which pairs cross another one of the same structure; dtype=bool, shape (K,).

    Examples
    --------
    >>> knotted_pairs(np.array([[0, 20], [1, 8], [5, 12]])).tolist()
    [False, True, True]
    """
    return np.asarray(crossing_pairs(base_pairs.reshape(-1, 2)).any(axis=1))


def knot_counts(predicted: IntArray, reference: IntArray) -> KnotCounts:
    """Count the knotted pairs of two structures, and those that they share.

    Parameters
    ----------
    predicted, reference : ndarray, dtype=int, shape (K, 2) and (M, 2)

    Returns
    -------
    KnotCounts

    Examples
    --------
    >>> knot_counts(np.array([[0, 8], [5, 12], [6, 11]]), np.array([[0, 8], [5, 12]]))
    KnotCounts(tp=2, predicted=3, known=2)
    """
    found, known = ({tuple(pair) for pair in pairs[knotted_pairs(pairs)].tolist()}
                    for pairs in (predicted, reference))  # fmt: skip
    return KnotCounts(len(found & known), len(found), len(known))


def knotted_f1(counts: Sequence[KnotCounts]) -> float:
    """Micro F1 over the knotted pairs of many structures; NaN if there are none at all.

    Examples
    --------
    >>> knotted_f1([KnotCounts(2, 3, 2), KnotCounts(0, 0, 3)])
    0.5
    """
    tp, predicted, known = np.sum(np.array(counts, dtype=np.int64).reshape(-1, 3), axis=0)
    return float(2 * tp / (predicted + known)) if predicted + known else float("nan")


def false_knots(
    predicted: Sequence[IntArray], references: Sequence[IntArray], min_pairs: int = MIN_KNOT_PAIRS
) -> float:
    """Share of the structures without a knot in the reference that are predicted with one.

    Parameters
    ----------
    predicted, references : sequence of ndarray, dtype=int, shape (K, 2)
        The same RNAs in the same order.
    min_pairs : int
        What a knot is, in both: see `is_knotted`.

    Returns
    -------
    float
        NaN if every reference is knotted.
    """
    nested = [
        structure
        for structure, reference in zip(predicted, references, strict=True)
        if not is_knotted(reference, min_pairs)
    ]
    found = [is_knotted(structure, min_pairs) for structure in nested]
    return float(np.mean(found)) if found else float("nan")


def false_knot_curve(
    predicted: Sequence[IntArray],
    references: Sequence[IntArray],
    min_pairs: Sequence[int] = (1, 2, 3, 4),
) -> dict[int, float]:
    """`false_knots` by the fewest pairs of a crossing stem.

    Examples
    --------
    >>> from boxfold.features.structure import base_pairs_from_dot_bracket
    >>> knot, nested = map(base_pairs_from_dot_bracket, ("((.[[.))..]]", "((....))...."))
    >>> false_knot_curve([knot, nested], [nested, nested])
    {1: 0.5, 2: 0.5, 3: 0.0, 4: 0.0}
    """
    return {size: false_knots(predicted, references, size) for size in min_pairs}
