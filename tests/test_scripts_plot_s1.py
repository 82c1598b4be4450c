import json

import numpy as np
import pandas as pd
import pytest
import torch

from boxfold.features.box import Box, BoxKind, stem_box
from boxfold.features.errors import InputError
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.inspection.record import Record, box_from_text, box_text, check_box, largest_stem
from boxfold.s1.metrics import METRIC_NAMES
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.run_folder import save_tensors
from boxfold.scripts import plot_s1

STEM, INTERIOR, HAIRPIN = BoxKind
TINY = NetworkConfig(channels=8, n_blocks=1, pixel_channels=4, hidden=8)
ROWS = [
    ("plain", "GGGGAAGGGGAAAACCCCAAACCCC", "((((..((((....))))...))))"),
    ("branched", "GGAGGGAAACCCGGGAAACCCCC", "((.(((...)))(((...)))))"),
    ("unknown", "GGGGAAAACCCC", ""),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("plot")
    torch.manual_seed(0)
    meta = {"kind": "s1", "network": vars(TINY)}
    save_tensors(path / "run" / "weights.safetensors", BoxNet(TINY).state_dict(), meta)
    (path / "run" / "config.json").write_text(json.dumps({"verb": "train-s1"}))
    metrics = {"step": [1, 2, 3], "train/loss": [3.0, 2.0, 1.0]}
    metrics |= {f"validation/{name}": [0.5, 0.75, 0.625] for name in METRIC_NAMES}
    metrics |= {"validation/score": [1.0, 3.0, 2.0]}
    pd.DataFrame(metrics).to_csv(path / "run" / "metrics.csv", index=False)
    pd.DataFrame(ROWS, columns=["id", "sequence", "dot_bracket"]).to_csv(
        path / "d.csv", index=False
    )
    return path


@pytest.fixture
def plot(folder, tmp_path):
    """Runs the verb; the flags name run folder and data where the drawing takes them."""

    def run(what, *flags, out="x.png"):
        takes = plot_s1.FLAGS[what]
        given = ["--run", folder / "run"] if "run" in takes else ["--data", folder / "d.csv"]
        given += ["--s1", folder / "run"] if "s1" in takes else []
        argv = [what, *given, *flags, "--out", tmp_path / out]
        return plot_s1.main([str(flag) for flag in argv])

    return run


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")


def test_progress(plot, tmp_path, capsys):
    assert plot("progress") == 0
    assert is_png(tmp_path / "x.png")
    table = pd.read_csv(tmp_path / "x.csv")
    assert table.columns.tolist() == ["name", "examples", "epoch", "value"]
    loss = table[table["name"] == "loss"]
    assert loss["examples"].tolist() == ["training"] * 3 and loss["value"].tolist() == [3, 2, 1]
    assert set(METRIC_NAMES) <= set(table["name"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "best epoch 2 of 3"
    assert lines[2].split() == ["stem/auroc", "-", "0.750"]


def test_grid(plot, tmp_path, capsys):
    assert plot("grid", "--max-boxes", 500) == 0  # the first record
    assert is_png(tmp_path / "x.png")
    table = pd.read_csv(tmp_path / "x.csv")
    targets = table[table["is_target"]]
    assert len(targets) == 4 and targets["kind"].tolist().count("stem") == 2
    n_found = targets["probability"].notna().sum()
    n_stems = ((table["kind"] == "stem") & table["probability"].notna()).sum()
    text = capsys.readouterr().out
    assert text.startswith(f"plain, method ends: {n_stems} stems and ")
    assert text.endswith(f", {n_found} of 4 target boxes among them\n")


def test_grid_without_network_or_structure(plot, tmp_path, capsys):
    flags = ("--method", "runs", "--max-boxes", 3)
    assert plot("grid", "--id", "unknown", *flags, out="x.svg") == 0
    table = pd.read_csv(tmp_path / "x.csv")
    assert table["kind"].tolist() == ["stem"] * 3 and table["is_target"].isna().all()
    assert table["probability"].is_monotonic_decreasing
    assert "target" not in capsys.readouterr().out


def test_multiloops_of_the_first_record_that_has_one(plot, tmp_path, capsys):
    assert plot("multiloops") == 0
    table = pd.read_csv(tmp_path / "x.csv")
    assert table[["role", "row", "col", "bases"]].to_numpy().tolist() == [
        ["outer", 1, 21, "GC"],
        ["inner", 3, 11, "GC"],
        ["inner", 12, 20, "GC"],
    ]
    assert capsys.readouterr().out.startswith("branched: 1 multi-branch loop\n")
    assert plot("multiloops", "--id", "plain", out="y.png") == 0
    assert capsys.readouterr().out == "plain: 0 multi-branch loops\n"
    assert len(pd.read_csv(tmp_path / "y.csv")) == 0


def test_shift_of_the_largest_stem_and_of_a_given_box(plot, tmp_path, capsys):
    assert plot("shift", "--outside", 3) == 0
    table = pd.read_csv(tmp_path / "x.csv")
    pixels = table.drop_duplicates(["line", "offset"])
    row = pixels[pixels["line"] == "top_row"]
    assert row["row"].unique().tolist() == [0]
    assert row["col"].tolist() == [24, 23, 22, 21, 20, 19, 18]  # 25 would be off the grid
    assert row["is_inside"].tolist() == [True] * 4 + [False] * 3
    assert capsys.readouterr().out.startswith("plain, stem:0:21:4:4: of the pixels ")
    assert plot("shift", "--box", "hairpin:9:9:6:6", "--id", "plain", "--overwrite") == 0
    table = pd.read_csv(tmp_path / "x.csv")
    assert set(table["head"]) == {"location_x", "location_y", "size"}
    said = table[table["is_right"] & (table["head"] == "size")]["value"]
    assert said.unique().tolist() == [6]
    assert "plain, hairpin:9:9:6:6" in capsys.readouterr().out


def test_shift_statistics(plot, folder, tmp_path, capsys):
    assert plot("shift-statistics", "--outside", 2) == 0
    assert is_png(tmp_path / "x.png")
    table = pd.read_csv(tmp_path / "x.csv").set_index(["kind", "line", "region", "offset"])
    corner = table.loc[("stem", "top_row", "inside", 0)]
    assert corner["n_pixels"] == 5  # two stems of one record, three of the other
    assert table.loc[("stem", "anti_diagonal", "inside", 3), "n_pixels"] == 2
    assert table.index.get_level_values("offset").min() == -2
    assert table["on_probability"].between(0, 1).all()
    voters = pd.read_csv(tmp_path / "x.voters.csv")
    assert voters["n_boxes"].tolist() == [5, 5, 1, 1, 3, 3]
    np.testing.assert_allclose(
        voters["n_proposal_norm"], voters["inside_per_area"] + voters["outside_per_area"], atol=1e-5
    )
    captured = capsys.readouterr()
    assert (
        captured.err == f"boxfold: {folder / 'd.csv'}: 1 sequences without dot_bracket, left out\n"
    )
    assert len(captured.out.splitlines()) == len(table) + 1 + len(voters) + 1


def test_bad_sequences_are_named_and_the_rest_is_counted(plot, tmp_path, capsys):
    assert plot("shift-statistics", "--max-length", 24) == 1
    assert "record 'plain' has 25 nt" in capsys.readouterr().err
    assert pd.read_csv(tmp_path / "x.voters.csv")["n_boxes"].tolist() == [3, 3, 0, 0, 2, 2]


def test_structures_without_boxes_are_an_error(folder, tmp_path, capsys):
    table = tmp_path / "open.csv"
    table.write_text("id,sequence,dot_bracket\na,GGGAAACCC,.........\n")
    flags = ["--data", str(table), "--s1", str(folder / "run"), "--out", str(tmp_path / "x.png")]
    assert plot_s1.main(["shift-statistics", *flags]) == 2
    assert "no structure has a box" in capsys.readouterr().err
    assert plot_s1.main(["shift", *flags]) == 2
    assert "record 'a' has no stem (say which --box)" in capsys.readouterr().err
    assert plot_s1.main(["grid", *flags]) == 0
    assert "0 of 0 target boxes" in capsys.readouterr().out


def test_same_command_same_bytes(plot, tmp_path):
    for name in ("a", "b"):
        assert plot("shift", out=f"{name}.png") == 0
    for suffix in ("png", "csv"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("what", "flags", "message"),
    [
        ("grid", ["--id", "absent"], "no record 'absent'"),
        ("grid", ["--box", "stem:0:21:4:4"], "--box: no flag of grid (it takes --data, --id,"),
        ("grid", ["--run", "x"], "--run: no flag of grid"),
        ("progress", ["--max-boxes", "3"], "--max-boxes: no flag of progress (it takes --run)"),
        ("multiloops", ["--id", "unknown"], "record 'unknown' has no dot_bracket"),
        ("shift", ["--id", "unknown"], "record 'unknown' has no dot_bracket"),
        ("shift", ["--box", "stem:0:21:4"], "'stem:0:21:4' is no box"),
        ("shift", ["--box", "stem:0:22:4:4"], "not above the diagonal of a grid of 25 nt"),
        ("shift", ["--outside", "-1"], "too small"),
        ("shift-statistics", ["--max-length", "5"], "no sequence of at most 5 nt"),
    ],
)
def test_bad_flags_are_one_line(plot, tmp_path, capsys, what, flags, message):
    assert plot(what, *flags) == 2
    error = capsys.readouterr().err.splitlines()
    assert message in error[-1] and error[-1].startswith("boxfold plot-s1: error:")
    assert not list(tmp_path.iterdir())


def test_missing_inputs_are_one_line(tmp_path, capsys):
    (tmp_path / "config.json").write_text("{}")
    cases = [
        (["grid"], "grid needs --data"),
        (["progress"], "progress needs --run"),
        (["progress", "--run", str(tmp_path)], "no epoch is finished yet"),
        (["progress", "--run", str(tmp_path / "absent")], "no run folder"),
        (["hexagon"], "invalid choice"),
    ]
    for argv, message in cases:
        assert plot_s1.main([*argv, "--out", str(tmp_path / "x.png")]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


def test_outputs_are_checked_first(plot, tmp_path, capsys):
    assert plot("multiloops", out="x.jpg") == 2
    assert "allowed: .png, .svg, .pdf" in capsys.readouterr().err
    (tmp_path / "x.csv").write_text("mine")
    assert plot("multiloops") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "x.csv").read_text() == "mine" and not (tmp_path / "x.png").exists()
    assert plot("multiloops", "--overwrite") == 0


def test_box_in_one_word_and_back():
    box = Box(INTERIOR, 3, 17, 4, 5)
    assert box_text(box) == "interior_loop:3:17:4:5" and box_from_text(box_text(box)) == box
    for text in ("stem:1:2:3", "bulge:1:2:3:4", "stem:1:2:3:x", "stem:-1:2:3:3", ""):
        with pytest.raises(InputError, match="is no box"):
            box_from_text(text)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        (Box(STEM, 0, 16, 5, 5), "not above the diagonal of a grid of 20 nt"),
        (Box(STEM, 10, 4, 3, 3), "not above"),
        (Box(INTERIOR, 18, 19, 4, 1), "not above"),
        (Box(STEM, 0, 16, 0, 0), "not above"),
        (Box(STEM, 0, 10, 3, 4), "only interior loops"),
    ],
)
def test_boxes_off_the_grid_are_refused(box, reason):
    with pytest.raises(InputError, match=reason):
        check_box(box, 20)
    check_box(Box(STEM, 0, 15, 5, 5), 20)
    check_box(Box(HAIRPIN, 3, 3, 5, 5), 20)


def test_largest_stem():
    pairs = base_pairs_from_dot_bracket("((...))(((...)))(((....)))")
    assert largest_stem(Record("a", "A" * 26, pairs)) == stem_box(7, 15, 3)
    with pytest.raises(InputError, match="'a' has no dot_bracket"):
        largest_stem(Record("a", "A" * 26, None))
    with pytest.raises(InputError, match="'a' has no stem"):
        largest_stem(Record("a", "A" * 26, pairs[:0]))
