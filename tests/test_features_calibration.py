"""Calibration of probabilities, and how true they are."""

import numpy as np
import pytest

from boxfold.features.calibration import IDENTITY, Calibration, fit_calibration, reliability


def test_identity_changes_nothing():
    values = [0.0, 1e-6, 0.4, 1.0]
    assert IDENTITY.apply(values).tolist() == values


def test_calibrations_keep_the_order_and_stay_probabilities():
    found = Calibration(0.5, -1.0).apply(np.linspace(0, 1, 50))
    assert (np.diff(found) >= 0).all() and 0 < found.min() and found.max() < 1
    assert found[25] == pytest.approx(1 / (1 + np.exp(1 - 0.5 * np.log(25 / 24))))


@pytest.mark.parametrize("numbers", [(0.0, 0.0), (-1.0, 0.0), (1.0, np.nan), (np.inf, 0.0)])
def test_what_loses_the_order_is_refused(numbers):
    with pytest.raises(ValueError, match="slope > 0"):
        Calibration(*numbers)


@pytest.mark.parametrize("truth", [Calibration(0.6, -0.4), Calibration(1.8, 0.7), IDENTITY])
def test_a_fit_finds_the_numbers_that_made_the_data(truth):
    rng = np.random.default_rng(0)
    p = rng.uniform(0.01, 0.99, 200_000)
    is_true = rng.random(len(p)) < truth.apply(p)
    found = fit_calibration(p, is_true)
    assert found.slope == pytest.approx(truth.slope, abs=0.03)
    assert found.intercept == pytest.approx(truth.intercept, abs=0.03)
    assert reliability(found.apply(p), is_true).ece < 0.005
    assert reliability(p, is_true).ece > 0.02 or truth == IDENTITY


@pytest.mark.parametrize("truth", [[1, 1], [0, 0], []])
def test_a_fit_needs_true_and_false_ones(truth):
    with pytest.raises(ValueError, match="both true and false"):
        fit_calibration([0.5] * len(truth), truth)


def test_what_says_the_opposite_of_the_truth_has_no_calibration():
    with pytest.raises(ValueError, match="slope > 0"):
        fit_calibration([0.1, 0.2, 0.8, 0.9, 0.5, 0.5], [1, 1, 0, 0, 0, 1])


def test_reliability_by_hand():
    found = reliability([0.05, 0.15, 1.0, 0.95], [0, 1, 1, 1])
    assert found.number.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert found.mean[[0, 1, 9]].tolist() == pytest.approx([0.05, 0.15, 0.975])
    assert found.observed[[0, 1, 9]].tolist() == [0, 1, 1] and np.isnan(found.mean[5])
    assert found.ece == pytest.approx((0.05 + 0.85 + 2 * 0.025) / 4)
    assert found.brier == pytest.approx((0.05**2 + 0.85**2 + 0.05**2) / 4)
    assert np.isnan(reliability([], []).ece)
