"""Sequences that are nearly the same: what must not lie on both sides of a comparison.

The rule: the identity of two sequences is 1 - d / max(length), with d the fewest substitutions,
insertions and deletions that turn one into the other over their whole lengths (Levenshtein). No
k-mer bound goes before it: at 80 % the lossless ones let nearly all pairs of RNAs pass, and the
lengths alone leave so few that exact distances take seconds (10,814 against 2,026: 15 s).

Two unknown bases count as the same. A short sequence within a long one isn't found by this rule,
since the rest of the long one counts as deleted. The stricter rule ``within`` finds it: there the
ends of the longer sequence cost nothing and the identity is 1 - d / min(length).
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from boxfold.features.optional import require_package
from boxfold.features.structure import BoolArray, IntArray

_ROUNDING = 1e-9
"""Products such as .8 * 10 may miss the whole number that they stand for by this much."""


def similar_to(
    seqs: Sequence[str],
    others: Sequence[str],
    identity: float = 0.8,
    within: bool = False,
    progress: Callable[[Iterable[str], int], Iterable[str]] = lambda seqs, total: seqs,
) -> BoolArray:
    """Which sequences are at least `identity` identical to one of the others.

    Parameters
    ----------
    seqs, others : sequence of str
        Letters ``ACGUN``, as `normalize_sequence` returns them.
    identity : float
        In (0, 1]; see the module text for the rule.
    within : bool
        Whether the shorter sequence may lie anywhere within the longer one. Takes minutes where
        the other rule takes seconds; very short sequences are found by chance.
    progress : callable, optional
        Wraps `seqs` and their number, to show how far it is.

    Returns
    -------
    ndarray, dtype=bool, shape (len(seqs),)

    Raises
    ------
    InputError
        If edlib is not installed.
    ValueError
        If `identity` is out of range.

    Examples
    --------
    >>> similar_to(["GGGAAAACCC", "GGGAAAAGGG"], ["GGGAAUACCC"], identity=0.9).tolist()
    [True, False]
    """
    if not 0 < identity <= 1:
        raise ValueError(f"identity {identity}: allowed are values above 0, up to 1")
    require_package("edlib", "identity")
    known = sorted(set(others), key=lambda seq: (len(seq), seq))
    lengths = np.array([len(seq) for seq in known], dtype=np.int64)
    near = _is_within if within else _is_near
    found = [near(seq, known, lengths, identity) for seq in progress(seqs, len(seqs))]
    return np.array(found, dtype=bool)


def allowed_edits(length: int, identity: float) -> int:
    """Most edits between sequences of which the longer has this length.

    Examples
    --------
    >>> allowed_edits(10, 0.8), allowed_edits(9, 0.8), allowed_edits(9, 1.0)
    (2, 1, 0)
    """
    return int((1 - identity) * length + _ROUNDING)


def _is_near(seq: str, known: Sequence[str], lengths: IntArray, identity: float) -> bool:
    """Whether one of the known sequences, sorted by length, is near enough end to end."""
    # A longer sequence needs at least the difference of the lengths in edits.
    first = np.searchsorted(lengths, np.ceil(identity * len(seq) - _ROUNDING), side="left")
    last = np.searchsorted(lengths, len(seq) / identity + _ROUNDING, side="right")
    return any(
        _edits_suffice(seq, other, "NW", allowed_edits(max(len(seq), len(other)), identity))
        for other in known[int(first) : int(last)]
    )


def _is_within(seq: str, known: Sequence[str], lengths: IntArray, identity: float) -> bool:
    """Whether it is near enough to a part of a known sequence, or one to a part of it."""
    for other in known:
        shorter, longer = sorted((seq, other), key=len)
        if _edits_suffice(shorter, longer, "HW", allowed_edits(len(shorter), identity)):
            return True
    return False


def _edits_suffice(query: str, target: str, mode: str, most: int) -> bool:
    import edlib

    result = edlib.align(query, target, mode=mode, task="distance", k=most)
    return bool(result["editDistance"] >= 0)  # -1: more than k
