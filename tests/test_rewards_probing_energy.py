"""Reactivities as energies of stems: values by hand, ViennaRNA's sums, units, gaps."""

import numpy as np
import pytest

from boxfold.features.box import boxes_to_array, stem_box
from boxfold.rewards.energy import EnergyModel
from boxfold.rewards.probing import probed_mfe
from boxfold.rewards.probing_energy import (
    ProbingEnergyConfig,
    log_odds_unpaired,
    probing_energies,
    scaled,
)

DEIGAN = ProbingEnergyConfig("stacks", scale=0)


def profile(*values):
    return np.array(values, dtype=np.float32)


def test_stacks_count_ends_once_and_inner_pairs_twice():
    react = profile(1, 0, 0, 0, 0, 0, 0, 0, 1, 0)  # base 0 at an end, base 8 inside
    boxes = boxes_to_array([stem_box(0, 9, 3), stem_box(0, 9, 2), stem_box(1, 8, 1)])
    high = 1.8 * np.log(2) - 0.6
    three = (high - 0.6) + 2 * (-0.6 + high) + (-0.6 - 0.6)
    two = (high - 0.6) + (-0.6 + high)
    assert probing_energies(boxes, react, DEIGAN) == pytest.approx([three, two, 0])


def test_stacks_are_what_viennarna_adds():
    seq = "GGGGAAAACCCC"
    react = profile(0, 0.1, 0, 0.4, 1, 2, 1, 0.8, 0.2, 0, np.nan, 0.05)
    boxes = boxes_to_array([stem_box(0, 11, 4)])
    folded = probed_mfe(seq, react)
    assert len(folded.base_pairs) == 4
    added = folded.free_energy - EnergyModel(seq).free_energy(folded.base_pairs)
    assert probing_energies(boxes, react, DEIGAN)[0] == pytest.approx(added, abs=0.03)


def test_bases_count_once_and_by_their_weight():
    react = profile(0, 1, 0, 0, 0, 0, 0, 0)
    boxes = boxes_to_array([stem_box(0, 7, 2), stem_box(0, 7, 1)])
    low, high = log_odds_unpaired(profile(0, 1))
    config = ProbingEnergyConfig("bases", weight=2.0, scale=0)
    expected = [2 * (3 * low + high), 2 * 2 * low]
    assert probing_energies(boxes, react, config) == pytest.approx(expected)


def test_log_odds_are_those_of_the_noise_model_and_never_fall():
    # x = .5: gamma density 1.404 e^(-.702) up to its shape of 1.006; paired t = (1 + .774 * .422 /
    # .083)^(-1 / .774), density t^1.774 e^(-t) / .083
    t = (1 + 0.774 * 0.422 / 0.083) ** (-1 / 0.774)
    ratio = np.log(1.404 * np.exp(-0.702)) - np.log(t**1.774 * np.exp(-t) / 0.083)
    assert log_odds_unpaired(profile(0.5))[0] == pytest.approx(ratio, abs=0.02)
    odds = log_odds_unpaired(np.linspace(0, 9, 500).astype(np.float32))
    assert (np.diff(odds) >= 0).all()
    assert odds[0] < -1 < 1 < odds[-1]


def test_missing_values_add_nothing():
    boxes = boxes_to_array([stem_box(0, 7, 3)])
    for form in ("stacks", "bases"):
        config = ProbingEnergyConfig(form)
        assert probing_energies(boxes, profile(*[np.nan] * 8), config).tolist() == [0.0]
    assert probing_energies(boxes[:0], profile(0, 1)).shape == (0,)


def test_units_do_not_matter_unless_asked_for():
    react = np.random.default_rng(0).gamma(1.0, 1.0, 50).astype(np.float32)
    boxes = boxes_to_array([stem_box(0, 30, 5), stem_box(8, 40, 4)])
    assert probing_energies(boxes, 8 * react) == pytest.approx(probing_energies(boxes, react))
    assert probing_energies(boxes, 8 * react, DEIGAN)[0] > probing_energies(boxes, react, DEIGAN)[0]


def test_high_values_are_scaled_without_the_outliers():
    react = profile(99, *[2.0] * 4, *[0.5] * 45)  # 50 values: 1 outlier, then 4
    assert scaled(react)[1] == 1
    assert scaled(react, 3.0)[-1] == pytest.approx(0.75)
    assert scaled(profile(0, 0)).tolist() == [0, 0]


@pytest.mark.parametrize("settings", [{"form": "pairs"}, {"scale": -1.0}, {"weight": np.nan}])
def test_a_config_out_of_range_is_refused(settings):
    with pytest.raises(ValueError, match=r"allowed|finite"):
        ProbingEnergyConfig(**settings)
