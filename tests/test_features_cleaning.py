import numpy as np
import pytest

from boxfold.features.cleaning import canonical_pairs, is_canonical
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket


def cleaned(seq: str, structure: str) -> str:
    return dot_bracket(canonical_pairs(seq, base_pairs_from_dot_bracket(structure)), len(seq))


@pytest.mark.parametrize("pair", ["AU", "UA", "GC", "CG", "GU", "UG"])
def test_the_six_canonical_pairs_are_kept(pair):
    assert cleaned(f"{pair[0]}AAA{pair[1]}", "(...)") == "(...)"


@pytest.mark.parametrize("pair", ["AA", "AC", "AG", "CU", "GG", "UU", "NA", "GN", "NN"])
def test_other_pairs_and_unknown_bases_are_dropped(pair):
    assert cleaned(f"{pair[0]}AAA{pair[1]}", "(...)") == "....."


@pytest.mark.parametrize("n_unpaired, kept", [(0, False), (1, False), (2, False), (3, True)])
def test_hairpins_need_three_bases(n_unpaired, kept):
    seq = f"G{'A' * n_unpaired}C"
    assert len(canonical_pairs(seq, np.array([[0, len(seq) - 1]]))) == kept


def test_a_stem_loses_only_its_bad_pair_and_crossing_pairs_stay():
    assert cleaned("GGAGAAAACGCCC", "((((....)))).") == "((.(....).))."
    assert cleaned("GGGAACCCAAACCCAGGG", "(((..[[[...)))]]].") == "(((..[[....))).]]."


def test_empty_structure():
    pairs = canonical_pairs("ACGU", np.zeros((0, 2), dtype=np.int64))
    assert pairs.shape == (0, 2) and pairs.dtype == np.int64
    assert is_canonical("ACGU", pairs).tolist() == []
