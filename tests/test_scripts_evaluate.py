import numpy as np
import pandas as pd
import pytest

from boxfold.agents.evaluation import PER_SEQUENCE_COLUMNS, SUMMARY_COLUMNS
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops, run_proposals
from boxfold.s1.tables import (
    proposals_to_columns,
    read_proposals,
    write_dataset,
    write_proposals,
)
from boxfold.scripts import evaluate

RNAS = {
    "hairpin": ("GGGGAAAACCCC", "((((....))))"),
    "two": ("GGGGAAAACCCCAGGGGAAAACCCC", "((((....)))).((((....))))"),
    "nothing": ("AAAAAAAA", "........"),
    "unknown": ("GGCGCAAGCCUUACGGCAAGCCGA", None),
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "p.parquet"
    rows = [
        {"id": name, "sequence": seq, "dot_bracket": shape}
        | proposals_to_columns(run_proposals(seq, 64))
        for name, (seq, shape) in RNAS.items()
    ]
    write_proposals(pd.DataFrame(rows), path)
    return path


def run(*flags):
    return evaluate.main([str(flag) for flag in flags])


def test_writes_both_tables_and_prints_the_summary(table, tmp_path, capsys):
    out = tmp_path / "out"
    agents = ["random", "beam", "exact", "rnafold"]
    assert run("--data", table, "--agents", *agents, "--samples", 4, "--out", out) == 0
    summary = pd.read_csv(out / "summary.csv")
    assert tuple(summary.columns) == SUMMARY_COLUMNS
    assert summary["agent"].tolist() == ["random", "random x 4", "beam", "exact", "rnafold"]
    assert (summary["n"] == 4).all() and (summary["validity"] == 1).all()
    rows = pd.read_csv(out / "per_sequence.csv")
    assert tuple(rows.columns) == PER_SEQUENCE_COLUMNS
    assert rows["id"].tolist() == list(RNAS) * 5
    exact = rows[rows["agent"] == "exact"].set_index("id")
    assert exact.loc["two", "dot_bracket"] == RNAS["two"][1]
    assert exact.loc["nothing", ["dot_bracket", "f1", "free_energy"]].tolist() == ["." * 8, 1, 0]
    assert exact["f1"].isna().tolist() == [False, False, False, True]
    assert exact["free_energy"].notna().all()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == list(SUMMARY_COLUMNS)
    assert len({len(line) for line in lines}) == 1  # aligned
    assert lines[4].split()[:4] == ["exact", "4", "1.000", "1.000"]


def test_default_is_every_agent(table, tmp_path):
    from boxfold.agents.registry import load_agents

    assert run("--data", table, "--out", tmp_path / "out") == 0
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert summary["agent"].tolist() == [agent.name for agent in load_agents()]


def test_same_seed_same_bytes_but_for_the_seconds(table, tmp_path):
    texts = []
    for out in (tmp_path / "a", tmp_path / "b"):
        assert run("--data", table, "--agents", "random", "annealing", "--out", out) == 0
        frame = pd.read_csv(out / "per_sequence.csv").drop(columns="seconds")
        texts.append(frame.to_csv())
    assert texts[0] == texts[1]


def test_refuses_existing_tables_without_overwrite(table, tmp_path, capsys):
    flags = ["--data", table, "--agents", "exact", "--out", tmp_path]
    assert run(*flags) == 0
    capsys.readouterr()
    assert run(*flags) == 2
    assert "summary.csv: exists already" in capsys.readouterr().err
    assert run(*flags, "--overwrite") == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--agents", "baem"], "did you mean 'beam'"),
        (["--samples", "0"], "--samples: '0' is too small"),
        (["--max-boxes", "-1"], "--max-boxes: '-1' is too small"),
        (["--pseudoknots", "maybe"], "invalid choice: 'maybe'"),
    ],
)
def test_bad_flags_get_one_line(table, tmp_path, capsys, flags, message):
    assert run("--data", table, "--out", tmp_path / "out", *flags) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_bad_tables_get_one_line(tmp_path, capsys):
    other = tmp_path / "dataset.parquet"
    write_dataset(pd.DataFrame([{"id": "a", "sequence": "GGGAAAACCC"}]), other)
    text = tmp_path / "text.parquet"
    text.write_text("id,sequence\n")
    for path, message in (
        (other, "schema"),
        (text, "no parquet"),
        (tmp_path / "missing.parquet", "No such file"),
    ):
        assert run("--data", path, "--out", tmp_path / "out") == 2
        error = capsys.readouterr().err
        assert str(path) in error and message in error and error.count("\n") == 1


def test_an_empty_table_is_an_error(table, tmp_path, capsys):
    from boxfold.s1.tables import read_proposals

    empty = tmp_path / "empty.parquet"
    write_proposals(read_proposals(table).iloc[:0], empty)
    assert run("--data", empty, "--out", tmp_path / "out") == 2
    assert "holds no sequences" in capsys.readouterr().err


def test_a_failing_record_is_named_and_the_exit_code_is_one(table, tmp_path, capsys, monkeypatch):
    from boxfold.agents.search import ExactAgent

    whole = ExactAgent.assemble

    def failing(self, instances, rng, samples=1):
        if any(each.id == "two" for each in instances):
            raise RuntimeError("out of luck")
        return whole(self, instances, rng, samples)

    monkeypatch.setattr(ExactAgent, "assemble", failing)
    assert run("--data", table, "--agents", "exact", "beam", "--out", tmp_path / "out") == 1
    assert "two: exact failed: out of luck" in capsys.readouterr().err
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert summary["n"].tolist() == [3, 4]


def test_boxes_are_cut_and_cross_only_where_allowed(tmp_path):
    seq = "GGGGAACCCAACCCCAAAGGG"  # GGGG-CCCC and CCC-GGG cross
    stems = boxes_to_array([stem_box(0, 14, 4), stem_box(6, 20, 3)])
    evidence = np.zeros((2, len(EVIDENCE)), dtype=np.float32)
    score = np.array([0.9, 0.8], dtype=np.float32)
    columns = proposals_to_columns(Proposals(stems, score, evidence, *no_loops()))
    table, out = tmp_path / "p.parquet", tmp_path / "out"
    write_proposals(pd.DataFrame([{"id": "knot", "sequence": seq, **columns}]), table)

    def structure(*flags):
        flags = ("--data", table, "--agents", "greedy-s1", *flags, "--overwrite", "--out", out)
        assert run(*flags) == 0
        row = pd.read_csv(out / "per_sequence.csv").iloc[0]
        assert row["validity"] == 1
        return row["dot_bracket"]

    assert structure() == "((((.......))))......"
    assert structure("--pseudoknots", "allow") == "((((..[[[..))))...]]]"
    assert structure("--pseudoknots", "allow", "--max-boxes", 1) == "((((.......))))......"


def test_split_keeps_its_rows(table, tmp_path, capsys):
    frame = read_proposals(table)
    frame["split"] = ["train", "validation", "train", "validation"]
    write_proposals(frame, table)
    flags = ("--data", table, "--agents", "exact", "--out", tmp_path / "out")
    assert run(*flags, "--split", "validation") == 0
    rows = pd.read_csv(tmp_path / "out" / "per_sequence.csv")
    assert rows["id"].tolist() == ["two", "unknown"]
    frame["split"] = "train"
    write_proposals(frame, table)
    assert run(*flags, "--split", "validation", "--overwrite") == 2
    assert "holds no sequences of validation" in capsys.readouterr().err


def test_top_adds_the_best_of_k_and_the_diversity(table, tmp_path, capsys):
    flags = ["--data", table, "--agents", "exact", "random", "--samples", 2]
    assert run(*flags, "--top", 3, "--out", tmp_path / "top") == 0
    assert run(*flags, "--out", tmp_path / "one") == 0
    top, one = (pd.read_csv(tmp_path / name / "summary.csv") for name in ("top", "one"))
    assert top.columns.tolist() == [*SUMMARY_COLUMNS, "f1_best_of_3", "diversity"]
    assert top["f1"].tolist() == one["f1"].tolist()
    assert (top["f1_best_of_3"] >= top["f1"]).all()
    assert top["diversity"].between(0, 1).all() and (top["diversity"] > 0).any()
