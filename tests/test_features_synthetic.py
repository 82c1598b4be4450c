import numpy as np
import pytest

from boxfold.features.sequence import encode_bases
from boxfold.features.synthetic import (
    NEIGHBOUR_RATIO,
    base_composition,
    synthetic_sequence,
    transitions,
)


def test_same_generator_same_sequence_and_another_seed_another():
    one, two, other = (synthetic_sequence(80, np.random.default_rng(s)) for s in (5, 5, 6))
    assert one == two != other
    assert set(one) <= set("ACGU") and len(one) == 80


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_short_lengths(length):
    assert len(synthetic_sequence(length, np.random.default_rng(0))) == length


def test_neighbours_follow_the_transition_matrix():
    codes = encode_bases(synthetic_sequence(200_000, np.random.default_rng(2), gc=0.45))
    counts = np.zeros((4, 4))
    np.add.at(counts, (codes[:-1], codes[1:]), 1)
    seen = counts / counts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(seen, transitions(base_composition(0.45)), atol=0.01)


def test_cpg_is_rare_and_gpc_is_not():
    codes = encode_bases(synthetic_sequence(100_000, np.random.default_rng(3), gc=0.5))
    shares = np.bincount(codes, minlength=4) / len(codes)
    cpg = np.mean((codes[:-1] == 1) & (codes[1:] == 2)) / (shares[1] * shares[2])
    gpc = np.mean((codes[:-1] == 2) & (codes[1:] == 1)) / (shares[2] * shares[1])
    assert cpg < 0.55 < 0.9 < gpc
    assert NEIGHBOUR_RATIO[1, 2] == NEIGHBOUR_RATIO.min()


def test_gc_content_is_drawn_for_each_sequence():
    rng = np.random.default_rng(4)
    seqs = [synthetic_sequence(400, rng) for _ in range(400)]
    gc = np.array([(s.count("G") + s.count("C")) / len(s) for s in seqs])
    assert abs(gc.mean() - 0.49) < 0.02
    assert 0.08 < gc.std() < 0.14  # without the draw it would be .025


@pytest.mark.parametrize(("length", "gc"), [(-1, 0.5), (5, 1.2)])
def test_impossible_arguments(length, gc):
    with pytest.raises(ValueError, match=r"length|GC content"):
        synthetic_sequence(length, np.random.default_rng(0), gc)
