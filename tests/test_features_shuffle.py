from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.shuffle import dinucleotide_shuffle


def steps(seq: str) -> Counter[tuple[str, str]]:
    return Counter(pairwise(seq))


@settings(deadline=None, max_examples=200)
@given(st.text("ACGU", max_size=120), st.integers(0, 1000))
def test_counts_and_ends_are_kept(seq, seed):
    shuffled = dinucleotide_shuffle(seq, np.random.default_rng(seed))
    assert steps(shuffled) == steps(seq)
    assert shuffled[:1] == seq[:1] and shuffled[-1:] == seq[-1:]


def test_a_long_sequence_changes():
    rng = np.random.default_rng(0)
    seq = "".join(rng.choice(list("ACGU"), 100))
    one, two = (dinucleotide_shuffle(seq, rng) for _ in range(2))
    assert len({seq, one, two}) == 3


def test_every_walk_is_equally_likely():
    # All sequences with the steps of ACAGAUA: the three loops at A in any order.
    rng = np.random.default_rng(1)
    seen = Counter(dinucleotide_shuffle("ACAGAUA", rng) for _ in range(6000))
    assert set(seen) == {"ACAGAUA", "ACAUAGA", "AGACAUA", "AGAUACA", "AUACAGA", "AUAGACA"}
    assert all(abs(count - 1000) < 150 for count in seen.values())


def test_walks_through_several_letters_are_equally_likely():
    # A->B twice, B->A, B->B, so the walks from A to B are ABBAB and ABABB.
    rng = np.random.default_rng(2)
    seen = Counter(dinucleotide_shuffle("ABBAB", rng) for _ in range(4000))
    assert set(seen) == {"ABBAB", "ABABB"}
    assert abs(seen["ABBAB"] - 2000) < 200


def test_nothing_to_exchange():
    assert dinucleotide_shuffle("AAAAAAAA", np.random.default_rng(0)) == "AAAAAAAA"
