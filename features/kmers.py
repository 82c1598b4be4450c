"""Words of fixed length (k-mers) as integers: what two sequences share, without strings."""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.sequence import encode_bases

MAX_K = 31
"""Longest word that fits an int64 at two bits a base."""


def kmer_codes(seq: str, k: int) -> NDArray[np.int64]:
    """Code of the word that starts at each position; -1 where it holds an ``N``.

    Parameters
    ----------
    seq : str
        Letters ``ACGUN``.
    k : int
        1 to 31.

    Returns
    -------
    ndarray, dtype=int64, shape (max(L - k + 1, 0),)

    Raises
    ------
    ValueError
        If `k` is out of range.

    Examples
    --------
    >>> kmer_codes("ACGNU", 2).tolist()
    [1, 6, -1, -1]
    """
    if not 1 <= k <= MAX_K:
        raise ValueError(f"k is {k}, allowed are 1 to {MAX_K}")
    bases = encode_bases(seq).astype(np.int64)
    codes, width = np.zeros(len(bases) + 1, dtype=np.int64), 0  # the empty words
    words, word_width = bases & 3, 1
    while word_width <= k:  # words of 1, 2, 4, ... bases, put together as k is in binary
        if k & word_width:
            codes, width = _joined(codes, width, words, word_width), width + word_width
        words, word_width = _joined(words, word_width, words, word_width), 2 * word_width
    codes[windows_with(bases > 3, k)] = -1
    return codes


def windows_with(marked: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """For each window of `length` positions: does it hold a marked one?

    Returns
    -------
    ndarray, dtype=bool, shape (max(L - length + 1, 0),)

    Examples
    --------
    >>> windows_with(np.array([False, False, True, False]), 2).tolist()
    [False, True, True]
    """
    total = np.concatenate([[0], np.cumsum(marked)])
    return total[length:] > total[: max(len(total) - length, 0)]


class KmerSet:
    """Growing set of words of one length.

    Sorted arrays, a large one and a small one for the newest words, so that a look-up is a
    binary search and memory stays at 8 bytes a word.

    Parameters
    ----------
    k : int

    Examples
    --------
    >>> words = KmerSet(3)
    >>> words.add("ACGU")
    >>> words.marks("UACGG").tolist()
    [False, True, False]
    """

    _MAX_NEW = 4096

    def __init__(self, k: int) -> None:
        self.k = k
        self._old = np.zeros(0, dtype=np.int64)
        self._new = np.zeros(0, dtype=np.int64)

    def add(self, seq: str) -> None:
        """Add all words of `seq`; words with ``N`` never count."""
        codes = kmer_codes(seq, self.k)
        self._new = np.sort(np.concatenate([self._new, codes[codes >= 0]]))
        if len(self._new) > self._MAX_NEW:
            merged = np.concatenate([self._old, self._new])
            self._old = np.sort(merged, kind="stable")
            self._new = np.zeros(0, dtype=np.int64)

    def marks(self, seq: str) -> NDArray[np.bool_]:
        """Which words of `seq` are in the set.

        Returns
        -------
        ndarray, dtype=bool, shape (max(L - k + 1, 0),)
        """
        codes = kmer_codes(seq, self.k)
        return _contains(self._old, codes) | _contains(self._new, codes)

    def shares(self, seq: str) -> bool:
        """Whether any word of `seq` is in the set."""
        return bool(self.marks(seq).any())


def _joined(
    left: NDArray[np.int64], left_width: int, right: NDArray[np.int64], right_width: int
) -> NDArray[np.int64]:
    """Codes of words and the words right behind them."""
    n_words = max(len(left) - right_width, 0)
    return (left[:n_words] << 2 * right_width) | right[left_width : left_width + n_words]


def _contains(ordered: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(ordered):
        return np.zeros(len(codes), dtype=bool)
    place = np.minimum(np.searchsorted(ordered, codes), len(ordered) - 1)
    return ordered[place] == codes
