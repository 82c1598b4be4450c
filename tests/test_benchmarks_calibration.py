"""Fitting and reporting confidence on a small table, with weights that never learnt."""

import sys

import numpy as np
import pytest

from boxfold.features.calibration import Calibration
from boxfold.s1.calibration_file import CALIBRATION, load_calibration

KNOWN = {
    "a": ("GGGGAAAACCCC", "((((....))))"),
    "b": ("GGCGAAAGCCAAGGCGAAAGCC", "(((....)))..(((....)))"),
}


@pytest.fixture(scope="module")
def calibration(benchmarks):
    import calibration

    return calibration


def example(calibration):
    held = np.array([[0, 9], [1, 8], [2, 7]]), np.array([0.5, 0.75, 0.25])
    structure, known = np.array([[0, 9], [1, 8]]), np.array([[1, 8], [2, 7]])
    return calibration.Seen(held, structure, known)


def test_pairs_of_boxes_and_numbers_by_hand(calibration):
    raw, truth = calibration.offered_pairs([example(calibration)])
    assert raw.tolist() == [0.5, 0.75, 0.25] and truth.tolist() == [0, 1, 1]
    numbers, bins = calibration.report([example(calibration)] * 2, Calibration())
    assert np.isnan(numbers["pearson"][0]) and np.isnan(numbers["spearman"][0])  # constant
    assert numbers["ece_boxes"][0] == pytest.approx((0.5 + 0.25 + 0.75) / 3)
    assert numbers["brier_structures"][0] == pytest.approx((0.5**2 + 0.25**2) / 2)
    assert numbers["f1"][0] == 0.5
    assert numbers["confidence"][0] == pytest.approx(2 * 1.25 / 3.5)
    assert bins["pairs"].tolist() == [0, 0, 2, 0, 0, 2, 0, 2, 0, 0]
    assert bins["shown"].tolist() == [0, 0, 0, 0, 0, 2, 0, 2, 0, 0]


def test_a_run_writes_numbers_that_are_found(
    calibration, untrained_s1, tmp_path, monkeypatch, capsys
):
    table, out = tmp_path / "known.csv", tmp_path / "out"
    rows = [f"{name},{seq},{shape}" for name, (seq, shape) in KNOWN.items()]
    table.write_text("\n".join(["id,sequence,dot_bracket", *rows]) + "\n")
    flags = ["--s1", untrained_s1, "--fit", table, "--report", table, "--out", out]
    monkeypatch.setattr(sys, "argv", ["calibration.py", *map(str, flags)])
    monkeypatch.setattr(calibration, "fit_calibration", lambda *pairs: Calibration(0.75, -0.5))
    calibration.main()
    assert load_calibration(out) == Calibration(0.75, -0.5)
    assert (out / "calibration.md").read_text() in capsys.readouterr().out
    assert calibration.place("real").name == f"real_{CALIBRATION}"
    assert calibration.place(str(out)) == out / CALIBRATION


def test_correlations(calibration):
    assert calibration.correlation(np.array([1.0, 2, 3]), np.array([2.0, 4, 6])) == pytest.approx(1)
    assert calibration.correlation(np.array([1.0, 2, 1]), np.array([-1.0, -2, -1])) < -0.99
