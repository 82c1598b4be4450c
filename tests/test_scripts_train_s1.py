import argparse
import re
from dataclasses import dataclass, field

import pandas as pd
import pytest
import torch

from boxfold.features.errors import InputError
from boxfold.s1.run_folder import RunFolder, load_tensors, save_tensors
from boxfold.s1.tables import read_dataset, write_dataset
from boxfold.scripts import cli
from boxfold.scripts.overrides import add_override_arguments, given_flags, overridden
from boxfold.scripts.s1_data import load_split

SMALL = "--channels 8 --n-blocks 1 --hidden 8 --pixel-channels 4 --epochs 1 --epoch-examples 6"


def train(windows, out, *flags):
    return cli.main(["train-s1", "--data", str(windows), *SMALL.split(), "--out", str(out), *flags])


@pytest.fixture(scope="module")
def start(windows, tmp_path_factory):
    """A short training."""
    out = tmp_path_factory.mktemp("train") / "start"
    assert train(windows, out) == 0
    return out


def table(path, **columns):
    n = len(columns["group"])
    seqs = {"sequence": ["GGGAAAACCC"] * n, "dot_bracket": ["(((....)))"] * n}
    ids = {"id": [f"{path.stem}{index}" for index in range(n)]}
    write_dataset(pd.DataFrame(ids | seqs | columns), path)
    return str(path)


def test_a_group_that_validates_in_any_table_trains_in_none(tmp_path):
    t, v = "train", "validation"
    first = table(tmp_path / "a.parquet", group=["g1", "g2", "g2", "g3"], split=[v, t, t, t])
    second = table(tmp_path / "b.parquet", group=["g1", "g1", "g4", "g3"], split=[t, t, t, v])
    lines = []
    train_rows, held_out = load_split([first, second], None, lines.append)
    assert train_rows["id"].tolist() == ["a1", "a2", "b2"]
    assert held_out["id"].tolist() == ["a0", "b3"]
    assert lines == ["training rows: before 6, after 3 (3 dropped, their group validates)"]


def test_groups_of_given_validation_tables_are_dropped(tmp_path):
    first = table(tmp_path / "a.parquet", group=["g1", "g2", None], split=["train"] * 3)
    second = table(tmp_path / "b.parquet", group=["g2", None], split=["train"] * 2)
    lines = []
    train_rows, held_out = load_split([first], [second], lines.append)
    assert train_rows["id"].tolist() == ["a0", "a2"]  # no group is no group in common
    assert held_out["id"].tolist() == ["b0", "b1"]
    assert lines == ["training rows: before 3, after 2 (1 dropped, their group validates)"]


def test_synthetic_groups_of_two_tables_have_only_their_names_in_common(tmp_path):
    first = table(tmp_path / "a.parquet", group=["synthetic:0", "g1"], split=["train"] * 2)
    second = table(tmp_path / "b.parquet", group=["synthetic:0", "g1"], split=["train"] * 2)
    train_rows, _ = load_split([first], [second], lambda line: None)
    assert train_rows["id"].tolist() == ["a0"]


def test_the_number_of_dropped_rows_is_printed(windows, tmp_path, capsys):
    rows = read_dataset(windows)
    rows["group"] = rows["group"].str.replace("synthetic:", "gene")
    both = [tmp_path / "first.parquet", tmp_path / "second.parquet"]
    write_dataset(rows, both[0])
    held_out = rows[rows["split"] == "validation"]
    write_dataset(held_out.assign(split="train", id=held_out["id"] + "/again"), both[1])
    assert train(windows, tmp_path / "run", "--data", *map(str, both)) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "training rows: before 60, after 48 (12 dropped, their group validates)",
        "48 training and 12 validation examples",
    ]


def test_no_competition_and_hard_targets_are_flags(windows, tmp_path):
    assert train(windows, tmp_path / "run", "--competition", "0", "--no-soft") == 0
    config = RunFolder(tmp_path / "run").config()
    assert (config["network"]["competition"], config["soft"]) == (0, False)
    tensors, _ = load_tensors(tmp_path / "run" / "weights.safetensors", "s1")
    assert not [name for name in tensors if "competition" in name]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--competition -1", "--competition -1 is too small (at least 0)"),
        ("--channels 0", "--channels 0 is too small (at least 1)"),
        ("--soft 1", "unrecognized arguments: 1"),
        ("--init nowhere", "nowhere: no such weights file"),
    ],
)
def test_bad_flags_are_one_line(flags, message, windows, tmp_path, call):
    outcome = call("train-s1", "--data", windows, "--out", tmp_path / "x", *flags.split())
    assert outcome.is_one_line("train-s1", message)
    assert not (tmp_path / "x").exists()


@dataclass(frozen=True)
class Switches:
    """A config with switches."""

    soft: bool = field(default=True, metadata={"help": "soft targets"})
    loud: bool = field(default=False, metadata={"help": "say more"})
    warm_start: bool = field(default=False, metadata={"help": "set elsewhere"})
    size: int = field(default=3, metadata={"help": "a number", "zero": True})


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", Switches()),
        ("--no-soft --loud", Switches(soft=False, loud=True)),
        ("--soft --no-loud --size 0", Switches(size=0)),
    ],
)
def test_switches_are_overridden_as_numbers_are(flags, expected):
    parser = argparse.ArgumentParser()
    add_override_arguments(parser, {"switches": Switches()})
    assert "--no-soft" in parser.format_help() and "warm-start" not in parser.format_help()
    found = overridden(Switches(), parser.parse_args(flags.split()))
    assert found == expected
    assert overridden(Switches(), parser.parse_args(given_flags(found, Switches()))) == found


def test_fields_can_be_left_without_a_flag():
    parser = argparse.ArgumentParser()
    add_override_arguments(parser, {"switches": Switches()}, without=("loud",))
    assert "--soft" in parser.format_help() and "--loud" not in parser.format_help()


@pytest.mark.parametrize("verb", ["train-agent", "train-supervised"])
def test_other_verbs_got_no_new_switches(verb, capsys):
    with pytest.raises(SystemExit):
        cli.main([verb, "--help"])
    text = capsys.readouterr().out
    switches = {"loop-energies", "background", "box-sequence", "strand-swap", "reactivity"}
    if verb == "train-agent":
        switches |= {"mask", "critic-terms"}
    assert set(re.findall("--no-([a-z-]+)", text)) == switches and "--warm-start" not in text
    assert ("--full-recall-only" in text) == (verb == "train-supervised")


def test_a_training_starts_from_the_weights_of_another(start, windows, tmp_path):
    flags = ["--learning-rate", "0", "--seed", "7", "--init"]
    for name, init in (("run", start), ("file", start / "weights.safetensors")):
        assert train(windows, tmp_path / name, *flags, str(init)) == 0
        assert RunFolder(tmp_path / name).config()["init"] == str(init)
        expected, _ = load_tensors(start / "weights.safetensors", "s1")
        found, _ = load_tensors(tmp_path / name / "weights.safetensors", "s1")
        assert expected.keys() == found.keys()
        for tensor in expected:
            torch.testing.assert_close(found[tensor], expected[tensor], rtol=0, atol=0)
    assert RunFolder(start).config()["init"] is None


def test_a_start_of_another_shape_is_one_line(start, windows, tmp_path, call):
    flags = [*SMALL.split(), "--channels", "16", "--competition", "0", "--init", start]
    outcome = call("train-s1", "--data", windows, "--out", tmp_path / "x", *flags)
    assert outcome.is_one_line("train-s1", "same network", "channels 8, not 16")
    assert "competition 48, not 0" in outcome.err and "hidden" not in outcome.err
    assert not (tmp_path / "x").exists()


def test_weights_of_an_agent_are_no_start(windows, tmp_path, call):
    path = tmp_path / "agent.safetensors"
    save_tensors(path, {"x": torch.zeros(1)}, {"kind": "assembly"})
    flags = ["--data", windows, "--out", tmp_path / "x", "--init", path]
    assert call("train-s1", *flags).is_one_line("train-s1", "holds 'assembly', needed: 's1'")


def test_a_run_is_resumed_with_its_own_start_only(start, windows, tmp_path):
    config = RunFolder(start).config()
    run = tmp_path / "run"
    RunFolder.open(run, config, "x", resume=False, overwrite=False)
    with pytest.raises(InputError, match="differing in: init"):
        RunFolder.open(run, config | {"init": "other"}, "x", resume=True, overwrite=False)
    older = {name: value for name, value in config.items() if name != "init"}
    assert RunFolder.open(run, older, "x", resume=True, overwrite=False).path == run
