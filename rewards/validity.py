"""Why a structure, or an assembly of boxes, is not valid: reasons in words."""

import numpy as np

from boxfold.features.sequence import BASES, UNKNOWN
from boxfold.features.structure import CANONICAL_PAIRS, MIN_HAIRPIN, IntArray


def check_structure(seq: str, base_pairs: IntArray) -> tuple[str, ...]:
    """Reasons why pairs are no secondary structure of a sequence; empty if they are one.

    Checked are the alphabet, the range of positions, ``i < j``, one partner per base, hairpins of
    three or more bases, and canonical pairs (AU, GC, GU). Crossing pairs are no reason.

    Parameters
    ----------
    seq : str
    base_pairs : ndarray, dtype=int, shape (K, 2)
        Any integers.

    Returns
    -------
    tuple of str
        Positions in the text are 1-based, as users count.

    Examples
    --------
    >>> check_structure("GGAACC", np.array([[0, 5], [1, 4]]))
    ('pair 2-5 leaves a hairpin of 2 bases (at least 3)',)
    """
    if letters := "".join(sorted(set(seq) - set(BASES + UNKNOWN))):
        return (f"the sequence has letters other than ACGUN: {letters}",)
    pairs = np.asarray(base_pairs).reshape(-1, 2).tolist()
    reasons = [reason for i, j in pairs for reason in _pair_reasons(seq, i, j)]
    positions, counts = np.unique(np.asarray(pairs, dtype=np.int64), return_counts=True)
    shared = zip(positions[counts > 1], counts[counts > 1], strict=True)
    reasons += [f"position {position + 1} has {count} partners" for position, count in shared]
    return tuple(reasons)


def _pair_reasons(seq: str, i: int, j: int) -> list[str]:
    name = f"pair {i + 1}-{j + 1}"
    if min(i, j) < 0 or max(i, j) >= len(seq):
        return [f"{name} is outside of the {len(seq)} bases"]
    if i >= j:
        return [f"{name} is not in 5' to 3' order"]
    if seq[i] + seq[j] not in CANONICAL_PAIRS:
        return [f"{name} is {seq[i]}{seq[j]}, no canonical pair"]
    if j - i - 1 < MIN_HAIRPIN:
        return [f"{name} leaves a hairpin of {j - i - 1} bases (at least {MIN_HAIRPIN})"]
    return []
