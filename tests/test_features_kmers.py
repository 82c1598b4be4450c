import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.kmers import KmerSet, kmer_codes, windows_with


def words(seq: str, k: int) -> list[str]:
    return [seq[start : start + k] for start in range(len(seq) - k + 1)]


@given(st.text("ACGUN", max_size=60), st.integers(1, 31))
def test_codes_are_the_words_in_base_four(seq, k):
    digits = {"A": "0", "C": "1", "G": "2", "U": "3"}
    expected = [
        -1 if "N" in word else int("".join(digits[base] for base in word), 4)
        for word in words(seq, k)
    ]
    assert kmer_codes(seq, k).tolist() == expected


@pytest.mark.parametrize("k", [0, 32])
def test_word_length_out_of_range(k):
    with pytest.raises(ValueError, match="allowed are 1 to 31"):
        kmer_codes("ACGU", k)


@given(st.lists(st.booleans(), max_size=20), st.integers(1, 8))
def test_windows_with_a_marked_position(marked, length):
    expected = [any(part) for part in (marked[s : s + length] for s in range(len(marked)))]
    n_windows = max(len(marked) - length + 1, 0)
    assert windows_with(np.array(marked, dtype=bool), length).tolist() == expected[:n_windows]


@given(st.lists(st.text("ACN", max_size=12), max_size=6), st.text("ACN", max_size=12))
def test_set_of_words_against_python_sets(added, asked):
    kmers = KmerSet(3)
    kmers._MAX_NEW = 8  # so that both arrays are used
    known = set()
    for seq in added:
        kmers.add(seq)
        known |= {word for word in words(seq, 3) if "N" not in word}
    expected = [word in known for word in words(asked, 3)]
    assert kmers.marks(asked).tolist() == expected
    assert kmers.shares(asked) == any(expected)
