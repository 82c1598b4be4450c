import json

import numpy as np
import pandas as pd
import pytest
import torch

from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.run_folder import save_tensors
from boxfold.s1.tables import proposals_of_row, read_proposals, write_dataset
from boxfold.scripts import evaluate_s1, propose

TINY = NetworkConfig(channels=8, n_blocks=1, pixel_channels=4, hidden=8)
ROWS = [
    ("one", "GGGGAAAACCCC", "((((....))))"),
    ("two", "GGGGAAGGGGAAAACCCCAAACCCC", "((((..((((....))))...))))"),
    ("none", "AAAAAAAA", "........"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("propose")
    torch.manual_seed(0)
    meta = {"kind": "s1", "network": vars(TINY)}
    save_tensors(path / "run" / "weights.safetensors", BoxNet(TINY).state_dict(), meta)
    frame = pd.DataFrame(ROWS, columns=["id", "sequence", "dot_bracket"])
    write_dataset(frame.assign(colour=["red", "green", "blue"]), path / "d.parquet")
    frame.to_csv(path / "d.csv", index=False)
    return path


def run_propose(*flags):
    return propose.main([str(flag) for flag in flags])


def run_evaluate(*flags):
    return evaluate_s1.main([str(flag) for flag in flags])


def test_table_histograms_and_counts(folder, tmp_path, capsys):
    out = tmp_path / "p.parquet"
    flags = ("--data", folder / "d.parquet", "--s1", folder / "run", "--max-boxes", 1000)
    assert run_propose(*flags, "--out", out) == 0
    table = read_proposals(out)
    assert table["id"].tolist() == ["one", "two", "none"]
    assert table["colour"].tolist() == ["red", "green", "blue"]
    first = proposals_of_row(table.iloc[0])
    assert [0, 0, 8, 4, 4] in first.boxes.tolist()
    assert len(proposals_of_row(table.iloc[2]).boxes) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "examples with all target stems found: before 3, after 3" in printed
    counts = pd.read_csv(tmp_path / "p.histogram.csv")
    assert counts.columns.tolist() == ["kind", "length", "before", "after"]
    stems = counts[counts["kind"] == "stem"]["after"].sum()
    assert stems == table["box_n"].map(len).sum()
    assert (tmp_path / "p.histogram.png").read_bytes().startswith(b"\x89PNG")


def test_csv_columns_are_carried_and_each_rule_is_counted(folder, tmp_path, capsys):
    source = tmp_path / "d.csv"
    source.write_text(f"id,sequence,dot_bracket,colour\none,{'GACU' * 10},,red\n")

    def counts(*rules):
        flags = ("--data", source, "--s1", folder / "run", "--method", "on", "--on-threshold", 0)
        assert run_propose(*flags, *rules, "--overwrite", "--out", tmp_path / "p.parquet") == 0
        lines = capsys.readouterr().out.splitlines()[1:10]
        return {line[:18].strip(): np.array(line[18:].split(), dtype=int) for line in lines}

    plain = counts()
    assert read_proposals(tmp_path / "p.parquet")["colour"].tolist() == ["red"]
    rules = ["votes", "probability", "out_of_range", "shape", "hairpin", "noncanonical"]
    names = ["offered", *(f"- {rule}" for rule in rules), "- over max-boxes", "kept"]
    assert list(plain) == names
    assert plain["- votes"].tolist() == plain["- probability"].tolist() == [0, 0, 0]
    strict = counts("--min-votes", 2, "--min-probability", 0.55, "--min-hairpin", 5)
    for table in (plain, strict):
        assert (sum(table[name] for name in names[:-1]) == table["kept"]).all()
    assert strict["offered"].tolist() == plain["offered"].tolist()
    assert strict["- votes"][0] < 0 and strict["- probability"].sum() < 0
    assert counts("--keep-noncanonical")["- noncanonical"].tolist() == [0, 0, 0]
    assert plain["- noncanonical"].sum() < 0


def test_same_command_same_bytes(folder, tmp_path):
    for name in ("a", "b"):
        flags = ("--data", folder / "d.csv", "--s1", folder / "run", "--method", "union")
        assert run_propose(*flags, "--out", tmp_path / f"{name}.parquet") == 0
    for end in (".parquet", ".histogram.csv", ".histogram.png"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()


def test_runs_from_fasta_without_weights(tmp_path, capsys):
    fasta = tmp_path / "x.fa"
    fasta.write_text(f">one\nggggaaaacccc\n>long\n{'A' * 50}\n")
    out = tmp_path / "p.parquet"
    code = run_propose("--data", fasta, "--method", "runs", "--max-length", 40, "--out", out)
    assert code == 1
    table = read_proposals(out)
    assert table["id"].tolist() == ["one"]
    assert table["box_n"].iloc[0].tolist()[0] == 4  # the best by stacking energy
    captured = capsys.readouterr()
    assert "record 'long' has 50 nt" in captured.err
    assert "target" not in captured.out  # nothing to compare with


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--method", "vote"], "invalid choice"),
        (["--on-threshold", "1.5"], "out of range"),
        (["--min-hairpin", "2"], "--min-hairpin 2: at least 3"),
        (["--max-boxes", "0"], "too small"),
        (["--s1", "nowhere"], "nowhere"),
        (["--max-length", "5"], "no sequence of at most 5 nt"),
    ],
)
def test_bad_flags_are_one_line(folder, tmp_path, capsys, flags, message):
    weights = ["--s1", folder / "run"] if "--s1" not in flags else []
    out = ["--out", tmp_path / "p.parquet"]
    assert run_propose("--data", folder / "d.csv", *weights, *flags, *out) == 2
    error = capsys.readouterr().err.splitlines()
    assert message in error[-1] and error[-1].startswith("boxfold propose: error:")
    assert not (tmp_path / "p.parquet").exists()


def test_existing_output_needs_overwrite(folder, tmp_path, capsys):
    out = tmp_path / "p.parquet"
    flags = ("--data", folder / "d.csv", "--method", "runs", "--out", out)
    assert run_propose(*flags) == 0
    assert run_propose(*flags) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run_propose(*flags, "--overwrite") == 0


def test_metrics_json_has_exactly_the_keys(folder, tmp_path, capsys):
    out = tmp_path / "quality"
    flags = ("--data", folder / "d.parquet", "--s1", folder / "run", "--max-boxes", 500)
    assert run_evaluate(*flags, "--out", out) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    square = ["auroc", "auprc", "location_x", "location_y", "size", "size_l1"]
    axes = ["size_x", "size_y", "size_x_l1", "size_y_l1"]
    assert {group: list(values) for group, values in metrics.items()} == {
        "stem": square,
        "interior_loop": square[:4] + axes,
        "hairpin": square,
        "box_recall": ["stem", "interior_loop", "hairpin"],
    }
    assert metrics["box_recall"]["stem"] == 1.0
    assert 0 <= metrics["stem"]["auroc"] <= 1
    recall = pd.read_csv(out / "box_recall.csv")
    assert recall["method"].tolist() == ["ends", "on", "votes", "union", "both", "rank", "runs"]
    assert np.isclose(recall.set_index("method").loc["runs", "stem"], 1.0)
    assert "box_recall: stem 1.000" in capsys.readouterr().out


def test_undefined_metrics_are_null(folder, tmp_path):
    table = tmp_path / "x.csv"
    table.write_text("id,sequence,dot_bracket\na,GGGAAAACCC,(((....)))\n")
    out = tmp_path / "out"
    flags = ("--data", table, "--s1", folder / "run", "--methods", "runs", "--out", out)
    assert run_evaluate(*flags) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["interior_loop"]["auroc"] is None
    assert metrics["box_recall"] == {"stem": 1.0, "interior_loop": None, "hairpin": 0.0}


def test_nothing_to_compare_with_is_an_error(folder, tmp_path, capsys):
    fasta = tmp_path / "x.fa"
    fasta.write_text(">one\nGGGGAAAACCCC\n")
    assert run_evaluate("--data", fasta, "--s1", folder / "run", "--out", tmp_path / "out") == 2
    assert "no sequence has a dot_bracket" in capsys.readouterr().err
