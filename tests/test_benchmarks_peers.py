"""Parts of the peers' table: matching by length, intervals, subsets; a small run of the whole."""

import sys

import numpy as np
import pandas as pd
import pytest

KNOT_SEQ = "GGGAACCCAACCCAAGGG"
KNOT, NESTED = "(((..[[[..)))..]]]", "(((.......)))....."


pytestmark = pytest.mark.usefixtures("benchmarks")


def test_short_ones_choose_first_and_nothing_is_taken_twice():
    from peer_rows import length_matched

    wanted = pd.Series({"a": 60, "b": 20, "c": 21})
    offered = pd.Series({"y": 40, "x": 40, "z": 30, "w": 80})
    # 20 takes 30; 21 the first of both 40; 60 the shorter of 40 and 80
    assert length_matched(wanted, offered) == ["z", "x", "y"]
    assert length_matched(wanted, offered[["w"]]) == ["w"]


def test_a_micro_ratio_and_its_interval():
    from peer_rows import ratio

    rng = np.random.default_rng(1)
    values = rng.normal(size=400)
    found = ratio(values, np.ones(400))
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert ratio(np.array([4.0, 0.0]), np.array([8.0, 8.0])).value == 0.25
    assert np.isnan(ratio(np.zeros(3), np.zeros(3)).value)


@pytest.fixture
def shared(tmp_path):
    tables = {
        "bprna_tr0": [("t", "RF1", KNOT_SEQ, NESTED)],
        "bprna_ts0": [
            ("n", "RF2", KNOT_SEQ, NESTED),
            ("k", "RF1", KNOT_SEQ, KNOT),
            ("m", "", KNOT_SEQ + "A", NESTED + "."),
        ],
        "rfam151": [("r", "RF1", KNOT_SEQ, NESTED)],
        "pseudobase_pp": [("p", "report", KNOT_SEQ, KNOT), ("q", "tune", KNOT_SEQ, KNOT)],
    }
    for name, rows in tables.items():
        second = {"rfam151": "family", "pseudobase_pp": "half"}.get(name, "rfam_acc")
        frame = pd.DataFrame(rows, columns=["id", second, "sequence", "dot_bracket"])
        if "family" not in frame:
            frame["family"] = name
        frame.to_csv(tmp_path / f"{name}.csv.gz", index=False)
    rows = [("ts0", "n"), ("ts0", "k"), ("rfam151", "r"), ("pseudobase", "p"), ("pseudobase", "q")]
    peers = pd.DataFrame(rows, columns=["set", "id"]).assign(tool="eager", dot_bracket=KNOT)
    peers.to_csv(tmp_path / "peers_public.csv.gz", index=False)
    return tmp_path


def test_the_whole_table(shared, monkeypatch, capsys):
    import peers

    ours = pd.DataFrame(
        [("n", "mine", NESTED), ("k", "mine", NESTED), ("n", "eager", NESTED)],
        columns=["id", "agent", "dot_bracket"],
    )
    ours.to_csv(shared / "ours.csv", index=False)
    flags = ["--shared", str(shared), "--ours", str(shared / "ours.csv"), "--out", str(shared)]
    monkeypatch.setattr(sys, "argv", ["peers.py", *flags])
    peers.main()
    assert pd.read_csv(shared / "matched.csv")["id"].tolist() == ["n"]
    table = pd.read_csv(shared / "peers.csv")
    value = table.set_index(["set", "subset", "tool", "metric"])["value"]
    of = value["ts0"]
    assert of["all", "eager", "f1"] == pytest.approx((6 / 9 + 1) / 2, abs=1e-4)
    assert of["all", "mine", "f1"] == pytest.approx((1 + 6 / 9) / 2, abs=1e-4)
    assert of["all", "eager", "false_knots"] == 1 and of["all", "mine", "false_knots"] == 0
    assert of["all", "eager", "knotted_f1"] == pytest.approx(12 / (12 + 6), abs=1e-4)
    assert of["length-matched", "eager", "false_knots_3"] == 1
    assert of["length-matched", "eager", "false_knots_4"] == 0
    assert of["new family", "mine", "f1"] == 1  # n, of RF2
    assert value["pseudobase", "all", "eager", "f1"] == 1
    assert table[(table["set"] == "pseudobase") & (table["subset"] == "all")]["n"].unique() == [1]
    assert "| mine | 2 | .833" in (shared / "peers.md").read_text()
    assert "### Rfam151" in capsys.readouterr().out
