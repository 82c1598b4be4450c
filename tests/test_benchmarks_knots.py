"""Sets on which knots are measured, points of the curve by hand, and one run of the whole."""

import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.tables import read_sequences

KNOT_SEQ = "GGGAACCCAACCCAAGGG"
KNOT, NESTED = "(((..[[[..)))..]]]", "(((.......)))....."


pytestmark = pytest.mark.usefixtures("benchmarks")


@pytest.fixture
def shared(tmp_path):
    tables = {
        "bprna_tr0": [("t", "RF2", KNOT_SEQ, NESTED), ("u", "RF9", KNOT_SEQ, KNOT)],
        "bprna_vl0": [("v", "RF3", KNOT_SEQ, KNOT), ("w", "", KNOT_SEQ, KNOT)],
        "bprna_ts0": [
            ("far", "RF1", KNOT_SEQ + "AAA", NESTED + "..."),
            ("near", "RF1", KNOT_SEQ + "A", NESTED + "."),
            ("unknown", "RF1", KNOT_SEQ[:-1] + "N", NESTED),
            ("knotted", "RF1", KNOT_SEQ, KNOT),
        ],
        "rfam151": [("r", "RF1", KNOT_SEQ, NESTED)],
        "pseudobase_pp": [("p", "report", KNOT_SEQ, KNOT), ("q", "tune", KNOT_SEQ, KNOT)],
    }
    for name, rows in tables.items():
        second = {"rfam151": "family", "pseudobase_pp": "half"}.get(name, "rfam_acc")
        frame = pd.DataFrame(rows, columns=["id", second, "sequence", "dot_bracket"])
        frame.to_csv(tmp_path / f"{name}.csv.gz", index=False)
    rows = [("pseudobase", "p", "eager", KNOT), ("ts0", "near", "eager", KNOT + ".")]
    rows += [("pseudobase", "p", "hotknots", NESTED), ("pseudobase", "q", "eager", NESTED)]
    peers = pd.DataFrame(rows, columns=["set", "id", "tool", "dot_bracket"])
    peers.to_csv(tmp_path / "peers_public.csv.gz", index=False)
    return tmp_path


def dinucleotides(seq):
    return Counter(pairwise(seq))


def test_the_four_sets(shared, tmp_path):
    from knot_sets import SETS, write_sets

    write_sets(shared, (0, 7), tmp_path / "sets")
    tables = {name: tmp_path / "sets" / f"{name}.csv" for name in SETS}
    report, matched, shuffled, flanked = (read_sequences(path) for path in tables.values())
    assert report[["id", "dot_bracket"]].values.tolist() == [["p", KNOT]]
    assert matched["id"].tolist() == ["near"]
    assert shuffled["id"].tolist() == ["near_shuffle0", "near_shuffle7"]
    assert shuffled["dot_bracket"].isna().all() and (shuffled["origin"] == "near").all()
    for seq in shuffled["sequence"]:
        assert dinucleotides(seq) == dinucleotides(KNOT_SEQ + "A") and seq != KNOT_SEQ + "A"
    assert flanked["id"].tolist() == ["p_flanks0", "p_flanks7"]
    moved = base_pairs_from_dot_bracket(KNOT) + 30
    for row in flanked.itertuples():
        assert len(row.sequence) == 18 + 60 and row.sequence[30:48] == KNOT_SEQ
        assert base_pairs_from_dot_bracket(row.dot_bracket).tolist() == moved.tolist()
    assert (tmp_path / "sets/knotted_families.txt").read_text() == "rfam_acc=RF3\nrfam_acc=RF9\n"
    before = {name: path.read_bytes() for name, path in tables.items()}
    write_sets(shared, (0, 7), tmp_path / "sets")
    assert {name: path.read_bytes() for name, path in tables.items()} == before


def test_a_flank_is_cut_or_made_of_several_shuffles():
    from knot_sets import flank

    rng = np.random.default_rng(1)
    whole = flank(KNOT_SEQ, rng, 18)
    assert dinucleotides(whole) == dinucleotides(KNOT_SEQ)
    long = flank(KNOT_SEQ, rng, 40)
    assert len(long) == 40 and long[:18] != long[18:36]
    assert all(dinucleotides(x) == dinucleotides(KNOT_SEQ) for x in (long[:18], long[18:36]))


def test_ours_at_the_rates_of_peers():
    from knot_peers import against_peers

    curve = pd.DataFrame(
        {"agent": "a", "charge": [0.0, 1.0, 2.0], "matched_3": [0.4, 0.2, 0.2],
         "report_f1": [0.9, 0.8, 0.6], "report_knotted_f1": [0.7, 0.6, 0.5]}
    )  # fmt: skip
    ours = [pd.Series({"x": each, "y": each}) for each in curve["report_f1"]]
    peers = pd.DataFrame({"peer": ["b", "c"], "source": "stated", "rate": [0.3, 0.1], "f1": 0.5})
    found = against_peers(curve, ours, peers, dict.fromkeys("bc", pd.Series({"y": 0.5})))
    at_b = found.iloc[0]
    assert (at_b["charge"], at_b["matched_3"], at_b["report_f1"]) == (1.0, 0.2, 0.8)
    assert [at_b["ahead"], at_b["low"], at_b["high"]] == pytest.approx([0.3] * 3)
    assert found.iloc[1][["charge", "ahead"]].isna().all()


def test_an_exact_agent_is_asked_again_only_where_it_built_a_knot():
    from knot_curve import restructured

    from boxfold.agents.agent import Assembly
    from boxfold.envs.instance import instance_from_sequence

    class Counting:
        name, can_sample, asked = "counting", False, 0

        def assemble(self, instances, rng, samples=1):
            self.asked += len(instances)
            return [Assembly(None, np.zeros((0, 2), dtype=int), 0) for _ in instances]

    agent, rnas = Counting(), [instance_from_sequence(KNOT_SEQ, 8)] * 2
    knot, nested = map(base_pairs_from_dot_bracket, (KNOT, NESTED))
    found = restructured(agent, rnas, [nested, knot])
    assert [len(pairs) for pairs in found] == [3, 0] and agent.asked == 1
    assert len(restructured(agent, rnas, None)) == 2 and agent.asked == 3


def test_one_run_of_sets_boxes_and_curve(shared, untrained_s1, monkeypatch, capsys):
    import knot_curve

    out = shared / "out"
    flags = ["--shared", shared, "--data", shared / "sets", "--s1", untrained_s1, "--out", out]
    flags += ["--max-boxes", "64", "--agents", "evidence-beam", "--charges", "-20", "inf"]
    monkeypatch.setattr(sys, "argv", ["knot_curve.py", *map(str, flags)])
    assert knot_curve.main() == 0
    curve = pd.read_csv(out / "curve.csv")
    assert curve["charge"].tolist() == [-20, np.inf]
    nested = curve.iloc[1]
    assert nested["report_knotted_f1"] == 0 and nested["matched_1"] == nested["shuffled_1"] == 0
    assert curve.loc[0, "matched_1"] == 1  # what knots is paid for
    peers = pd.read_csv(out / "peers.csv").set_index(["peer", "source"])
    assert peers.loc[("eager", "measured"), ["rate", "f1", "knotted_f1"]].tolist() == [1, 1, 1]
    at_stated = peers.loc[("hotknots", "stated")]
    assert at_stated[["rate", "charge", "matched_3"]].tolist() == [0.19, -20, 0]  # the lower charge
    structures = pd.read_csv(out / "structures.csv")
    assert len(structures) == 2 * 4 and structures["dot_bracket"].str.len().min() == 18
    assert (out / "curve.md").read_text() in capsys.readouterr().out
    assert (out / "curve.png").read_bytes().startswith(b"\x89PNG")
