import numpy as np
import pandas as pd
import pytest

from boxfold.agents.comparison import (
    comparison_table,
    interquartile_mean,
    paired_difference,
    runs_of,
)
from boxfold.features.errors import InputError
from boxfold.scripts import compare


def table():
    rng = np.random.default_rng(0)
    gaps = rng.gamma(1.0, size=200)
    rows = [
        {"id": str(k), "agent": agent, "energy_gap": gap + shift}
        for agent, shift in (("a1", 0.0), ("a2", 0.2), ("b1", -0.3), ("b2", -0.3))
        for k, gap in enumerate(gaps)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=1)


def test_a_shift_of_all_sequences_has_no_width():
    values = np.random.default_rng(1).normal(size=(2, 50))
    found = paired_difference(values - 0.5, values, np.random.default_rng(0))
    assert np.allclose(found, -0.5) and found.excludes_zero


def test_the_interval_has_the_width_of_the_standard_error():
    values = np.random.default_rng(1).normal(size=(1, 400))
    found = paired_difference(values, np.zeros((3, 400)), np.random.default_rng(0))
    error = values.std() / 20
    assert found.value == values.mean()
    assert np.isclose(found.high - found.low, 2 * 1.96 * error, rtol=0.05)
    assert not paired_difference(values, values.copy(), np.random.default_rng(0)).excludes_zero


def test_interquartile_mean_of_runs():
    values = np.array([[0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 103.0]])
    found = interquartile_mean(values, np.random.default_rng(0))
    assert found.value == 1.5 and found.low == found.high == 1.5
    values[1, 1] = 2.0
    found = interquartile_mean(values, np.random.default_rng(0))
    assert found.low == 1.5 and found.value == 1.75 and found.high == 2.0


def test_runs_are_lined_up_by_sequence():
    runs = runs_of(table(), ["a1", "b2"], "energy_gap")
    assert runs.shape == (2, 200) and np.allclose(runs[0] - runs[1], 0.3)


def test_a_table_has_one_row_per_metric_and_method():
    rng = np.random.default_rng(0)
    found = comparison_table(table(), [["a1", "a2"], ["b1", "b2"]], ["energy_gap"], rng)
    assert found["runs"].tolist() == ["a1 a2", "b1 b2"]
    assert np.allclose(found["difference"], [0.0, -0.4])
    assert np.allclose(found["spread"], [0.2 / 2**0.5, 0.0])
    assert found["difference_high"][1] < 0


@pytest.mark.parametrize(
    ("agents", "metric", "reason"),
    [(["c"], "energy_gap", "no agent 'c'"), (["a1"], "f1", "no column 'f1'")],
)
def test_unknown_names_are_refused(agents, metric, reason):
    with pytest.raises(InputError, match=reason):
        runs_of(table(), agents, metric)


def test_the_verb_prints_and_writes(tmp_path, capsys):
    table().to_csv(tmp_path / "t.csv", index=False)
    flags = ["--table", str(tmp_path / "t.csv"), "--runs", "a1", "a2", "--runs", "b1"]
    out = str(tmp_path / "c.csv")
    assert compare.main([*flags, "--metrics", "energy_gap", "--out", out]) == 0
    assert "a1 a2" in capsys.readouterr().out
    assert pd.read_csv(out)["difference"].round(3).tolist() == [0.0, -0.4]
    assert compare.main([*flags, "--metrics", "energy_gap", "--out", out]) != 0  # exists
    assert compare.main(["--table", str(tmp_path / "no.csv"), "--runs", "a1"]) != 0
