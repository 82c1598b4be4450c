import numpy as np
import pandas as pd
import pytest

from boxfold.agents.comparison import (
    comparison_table,
    family_numbers,
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
    assert runs.shape == (200, 2) and np.allclose(runs["a1"] - runs["b2"], 0.3)


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


def test_each_method_is_compared_on_what_it_shares_with_the_first():
    rows = table()
    rows = rows[(rows["agent"] != "b1") | (rows["id"].astype(int) < 50)]
    found = comparison_table(
        rows, [["a1"], ["b1"], ["b2"]], ["energy_gap"], np.random.default_rng(0)
    )
    assert found["n"].tolist() == [200, 50, 200]
    assert np.allclose(found["difference"], [0, -0.3, -0.3])
    first = rows[(rows["agent"] == "a1") & (rows["id"].astype(int) < 50)]
    assert np.isclose(found["mean"][1], first["energy_gap"].mean() - 0.3)


def test_nothing_in_common_and_rows_that_occur_twice_are_refused():
    rows = table()
    rows.loc[rows["agent"] == "a1", "energy_gap"] = np.nan
    with pytest.raises(InputError, match="no sequence has 'energy_gap' for all of a1, b1"):
        runs_of(rows, ["a1", "b1"], "energy_gap")
    with pytest.raises(InputError, match=r"record '.*' of agent 'b1' occurs twice"):
        runs_of(pd.concat([rows, rows]), ["b1"], "energy_gap")


def test_families_drawn_as_wholes_widen_the_interval():
    # 20 families of 20 equal sequences: as uncertain as 20 sequences
    values = np.random.default_rng(1).normal(size=20)
    of_each = np.repeat(values, 20)[None]
    clusters = np.repeat(np.arange(20), 20)
    zero = np.zeros_like(of_each)
    whole = paired_difference(of_each, zero, np.random.default_rng(0), clusters=clusters)
    few = paired_difference(values[None], zero[:, :20], np.random.default_rng(0))
    assert np.allclose(whole, few)
    alone = paired_difference(of_each, zero, np.random.default_rng(0))
    assert np.isclose((whole.high - whole.low) / (alone.high - alone.low), 20**0.5, rtol=0.1)


def test_large_families_count_by_their_size():
    difference = np.array([[1.0] * 9 + [0.0]])
    clusters = np.array([0] * 9 + [1])
    found = paired_difference(
        difference, np.zeros_like(difference), np.random.default_rng(0), clusters=clusters
    )
    assert found == (0.9, 0.0, 1.0)


def test_sequences_without_a_family_are_their_own():
    families = pd.Series({"a": "x", "b": np.nan, "c": "x", "d": ""}).replace("", None)
    assert family_numbers(pd.Index(list("abcde")), families).tolist() == [0, 1, 0, 2, 3]


def test_the_verb_by_family_over_several_tables(tmp_path, capsys):
    rows = table()
    for agent in ("a1", "b1"):
        rows[rows["agent"] == agent].to_csv(tmp_path / f"{agent}.csv", index=False)
    data = pd.DataFrame({"id": [str(k) for k in range(200)]})
    data = data.assign(sequence="ACGU", dot_bracket="", family=[f"f{k % 7}" for k in range(200)])
    data.to_csv(tmp_path / "d.csv", index=False)
    flags = ["--table", str(tmp_path / "a1.csv"), str(tmp_path / "b1.csv"), "--runs", "a1"]
    flags += ["--all", "--metrics", "energy_gap", "--out", str(tmp_path / "c.csv"), "--overwrite"]
    assert compare.main([*flags, "--by", "family", "--data", str(tmp_path / "d.csv")]) == 0
    found = pd.read_csv(tmp_path / "c.csv")
    assert found["runs"].tolist() == ["a1", "b1"]
    assert found["difference_high"].round(3).tolist() == [0, -0.3]
    capsys.readouterr()
    assert compare.main([*flags, "--by", "family"]) == 2
    assert "no column 'family' in the table" in capsys.readouterr().err
