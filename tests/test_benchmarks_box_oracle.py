"""Parts of the box oracle benchmark, and one run of it on boxes of a small S1."""

import sys

import numpy as np
import pandas as pd
import pytest

from boxfold.features.structure import base_pairs_from_dot_bracket


@pytest.fixture(scope="module")
def oracle(benchmarks):
    import box_oracle

    return box_oracle


def test_stems_of_structures_come_by_votes_then_size(oracle):
    texts = ["((...))(((...)))", "((...)).........", ".......(((...)))", "((...))..(...).."]
    found = oracle.voted_stems([base_pairs_from_dot_bracket(text) for text in texts])
    assert found.tolist() == [[0, 0, 5, 2, 2], [0, 7, 13, 3, 3], [0, 9, 13, 1, 1]]
    assert oracle.voted_stems([]).shape == (0, 5)


def test_sources_take_turns(oracle):
    a, b, c = ([0, k, 20 + k, 2, 2] for k in range(3))
    assert oracle.in_turn([np.array([a, b]), np.array([b, c])]).tolist() == [a, b, c]
    assert oracle.in_turn([np.zeros((0, 5), dtype=int)]).shape == (0, 5)


def test_a_run_writes_both_tables(oracle, untrained_s1, tmp_path, monkeypatch, capsys):
    seq, known = "GGGGAAAACCCCAAGGCAAAGCC", "((((.A..))))..(((...)))a"
    table = tmp_path / "known.csv"
    # the pair of A and a is AC: no box can hold it
    table.write_text(f"id,sequence,dot_bracket\nx,{seq}A,{known}\n")
    flags = ["--sizes", "1", "8", "--samples", "50", "--out", str(tmp_path)]
    argv = ["box_oracle", "--data", str(table), "--s1", str(untrained_s1), *flags]
    monkeypatch.setattr(sys, "argv", argv)
    oracle.main()
    rows = pd.read_csv(tmp_path / "box_oracle.csv").set_index(["source", "max_boxes"])
    assert len(rows) == 8 and rows["proven"].all()
    runs = rows.loc["runs"]
    assert runs.loc[8, "f1_cleaned"] == pytest.approx(1)
    assert runs.loc[8, "f1_given"] == pytest.approx(14 / 15, abs=1e-5)
    assert runs.loc[1, "f1_cleaned"] == pytest.approx(8 / 11, abs=1e-5)
    assert (rows["f1_given"] <= rows["f1_cleaned"] + 1e-6).all()
    assert (tmp_path / "box_oracle.md").read_text() in capsys.readouterr().out
