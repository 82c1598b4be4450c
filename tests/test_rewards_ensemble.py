"""What the ensemble says, under several sets of energy parameters."""

import numpy as np
import pytest

from boxfold.rewards.energy import PARAMETER_SETS, EnergyModel, mfe
from boxfold.rewards.ensemble import end_probabilities, pair_probabilities

SEQ = "GGCUAGCUAUGCAUGCCUAGGAUUCGACUUGCAUGCUAGCUUGACC"


def test_pair_probabilities_are_those_of_the_ends() -> None:
    assert np.allclose(pair_probabilities(SEQ), end_probabilities(SEQ)[0], atol=1e-5)


def test_each_base_pairs_at_most_once_under_all_parameters() -> None:
    found = {name: pair_probabilities(SEQ, name) for name in PARAMETER_SETS}
    for maps in found.values():
        assert not np.tril(maps).any()
        assert (maps.sum(axis=0) + maps.sum(axis=1)).max() <= 1 + 1e-5
    assert np.abs(found["turner2004"] - found["andronescu2007"]).max() > 0.01


def test_other_parameters_change_nothing_that_comes_after() -> None:
    before = mfe(SEQ), EnergyModel(SEQ).free_energy(mfe(SEQ).base_pairs)
    pair_probabilities(SEQ, "andronescu2007")
    after = mfe(SEQ), EnergyModel(SEQ).free_energy(mfe(SEQ).base_pairs)
    assert after[0].free_energy == before[0].free_energy and after[1] == before[1]


def test_long_sequences_stay_in_range() -> None:
    seq = SEQ * 10  # 460 bases: sums are scaled
    assert np.allclose(pair_probabilities(seq), end_probabilities(seq)[0], atol=1e-4)


def test_unknown_parameters_are_named() -> None:
    with pytest.raises(ValueError, match=r"'vienna' \(allowed: turner2004"):
        pair_probabilities(SEQ, "vienna")


def test_a_span_limit_forbids_long_pairs_only() -> None:
    limited = pair_probabilities(SEQ, max_span=20)
    i, j = np.nonzero(limited > 1e-6)
    assert 10 < (j - i).max() < 20
    assert np.array_equal(pair_probabilities(SEQ, max_span=len(SEQ)), pair_probabilities(SEQ))
