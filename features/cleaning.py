"""Structures as they are known, reduced to what can be built: canonical pairs, real hairpins."""

import numpy as np

from boxfold.features.sequence import BASES, UNKNOWN, encode_bases
from boxfold.features.structure import CANONICAL_PAIRS, MIN_HAIRPIN, BoolArray, IntArray

_CAN_PAIR = np.array([[a + b in CANONICAL_PAIRS for b in BASES + UNKNOWN] for a in BASES + UNKNOWN])


def canonical_pairs(seq: str, base_pairs: IntArray) -> IntArray:
    """Pairs that are AU, GC or GU and enclose at least `MIN_HAIRPIN` bases; crossing ones too.

    Structures of experiments and of comparative analysis hold other pairs (10 % in bpRNA), and
    hairpins too short for any energy model. Each pair is judged alone, so the order is kept.

    Parameters
    ----------
    seq : str
        Letters ``ACGUN``; ``N`` pairs with nothing.
    base_pairs : ndarray, dtype=int, shape (K, 2)
        ``i < j``, within `seq`.

    Returns
    -------
    ndarray, dtype as given, shape (M, 2)
        M <= K.

    Examples
    --------
    >>> canonical_pairs("GAGAAACUUC", np.array([[0, 9], [1, 8], [2, 7], [3, 5]])).tolist()
    [[0, 9], [1, 8], [2, 7]]
    >>> canonical_pairs("GGAACC", np.array([[0, 5], [1, 4]])).tolist()
    [[0, 5]]
    """
    return base_pairs[is_canonical(seq, base_pairs)]


def is_canonical(seq: str, base_pairs: IntArray) -> BoolArray:
    """Which pairs `canonical_pairs` keeps; dtype=bool, shape (K,)."""
    codes = encode_bases(seq)
    i, j = base_pairs.reshape(-1, 2).T
    return _CAN_PAIR[codes[i], codes[j]] & (j - i > MIN_HAIRPIN)
