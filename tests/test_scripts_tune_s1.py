import dataclasses
import json
import shlex
import shutil
import sys

import pandas as pd
import pytest

from boxfold.s1.run_folder import RunFolder
from boxfold.s1.search_space import SETTINGS
from boxfold.s1.training import DivergedError, S1Trainer
from boxfold.s1.training_config import TrainS1Config
from boxfold.scripts import cli

SMALL = "--channels 8 --n-blocks 1 --hidden 8 --pixel-channels 4 --objective score".split()
SMALL += "--epochs 3 --trial-examples 48 --random-trials 2 --whole-trials 1 --seed 3".split()
SMALL += "--loops-weight 1 --boxes-weight 1".split()
SEARCHED = ["learning_rate", "batch_pixels", "competition", "ends_weight"]


def tune(windows, out, *flags):
    return cli.main(["tune-s1", "--data", str(windows), *SMALL, "--out", str(out), *flags])


@pytest.fixture(scope="module")
def search(windows, tmp_path_factory):
    """Folder of a search of six trials."""
    out = tmp_path_factory.mktemp("tune") / "search"
    assert tune(windows, out, "--n-trials", "6") == 0
    return out


def test_the_table_has_every_trial_and_what_was_searched(search):
    table = pd.read_csv(search / "trials.csv")
    assert list(table) == ["trial", "state", "value", "epochs", *SEARCHED]
    assert table["trial"].tolist() == list(range(6))
    assert table["state"][0] == "whole" and set(table["state"]) <= {"whole", "stopped"}
    assert (table["epochs"][table["state"] == "whole"] == 3).all()
    for setting in SETTINGS:
        if setting.name in table:
            assert table[setting.name].between(setting.low, setting.high).all()
            assert table[setting.name].nunique() > 1


def test_trials_below_the_median_are_stopped(search):
    table = pd.read_csv(search / "trials.csv")
    stopped = table[table["state"] == "stopped"]
    assert len(stopped)
    for trial, epochs in zip(stopped["trial"], stopped["epochs"], strict=True):
        metrics = RunFolder(search / f"trial_{trial:03d}").metrics()
        assert len(metrics) == epochs < 3
        before = table[(table["trial"] < trial) & (table["state"] == "whole")]["trial"]
        runs = [RunFolder(search / f"trial_{other:03d}").metrics() for other in before]
        scores = pd.Series([run["validation/score"][epochs - 1] for run in runs])
        assert metrics["validation/score"].max() < scores.median()


def test_a_trial_is_a_run_of_train_s1_within_the_budget(search):
    row = pd.read_csv(search / "trials.csv").iloc[0]
    run = RunFolder(search / "trial_000")
    config = run.config()
    assert config["verb"] == "train-s1" and (run.path / "finished").exists()
    assert (config["epochs"], config["epoch_examples"], config["seed"]) == (3, 16, 3)
    assert (config["network"]["channels"], config["network"]["hidden"]) == (8, 8)
    assert config["learning_rate"] == row["learning_rate"]
    assert config["network"]["competition"] == row["competition"]
    assert row["value"] == pytest.approx(run.metrics()["validation/score"].max())


def test_the_command_of_the_best_trial_makes_its_weights(search, tmp_path):
    table = pd.read_csv(search / "trials.csv")
    best = json.loads((search / "best.json").read_text())
    whole = table[table["state"] == "whole"]
    assert best["trial"] == whole["value"].idxmax()
    assert best["value"] == pytest.approx(whole["value"].max())
    program, *flags = shlex.split(best["command"])
    assert program == "boxfold" and flags[-2:] == ["--out", str(search / "best")]
    assert cli.main([*flags[:-1], str(tmp_path / "again")]) == 0
    again, run = RunFolder(tmp_path / "again"), RunFolder(best["run"])
    for name in ("weights.safetensors", "config.json", "metrics.csv"):
        assert (again.path / name).read_bytes() == (run.path / name).read_bytes()
    stored = {name: best["config"][name] for name in TrainS1Config().to_dict()}
    assert stored == {name: run.config()[name] for name in stored}


def test_a_stopped_trial_can_be_trained_to_its_end(search, tmp_path):
    table = pd.read_csv(search / "trials.csv")
    trial = table["trial"][table["state"] == "stopped"].iloc[0]
    shutil.copytree(search / f"trial_{trial:03d}", tmp_path / "run")
    *flags, _ = shlex.split((tmp_path / "run" / "command.txt").read_text())[1:]
    assert cli.main([*flags, str(tmp_path / "run"), "--resume"]) == 0
    assert RunFolder(tmp_path / "run").metrics()["step"].tolist() == [1, 2, 3]


def interrupt(monkeypatch, where):
    """Ctrl-C in trial 3: in its first epoch, after it, or before the study heard of its end."""
    method = {"first epoch": "_train_epoch", "after an epoch": "_end_epoch", "told": "fit"}[where]
    original, calls = getattr(S1Trainer, method), []

    def interrupted(self, *args):
        result = None
        is_third = self.run.path.name == "trial_003"
        if where != "first epoch" or not is_third:
            result = original(self, *args)
        if is_third:
            raise KeyboardInterrupt
        calls.append(self.run.path.name)
        return result

    monkeypatch.setattr(S1Trainer, method, interrupted)


@pytest.mark.parametrize("where", ["first epoch", "after an epoch", "told"])
def test_an_interrupted_search_makes_the_same_trials(where, search, windows, tmp_path, monkeypatch):
    out = tmp_path / "search"
    with monkeypatch.context() as patch:
        interrupt(patch, where)
        assert tune(windows, out, "--n-trials", "6") == 130
    assert len(pd.read_csv(out / "trials.csv")) == 3
    assert tune(windows, out, "--n-trials", "4", "--resume") == 0
    assert len(pd.read_csv(out / "trials.csv")) == 4
    assert tune(windows, out, "--n-trials", "6", "--resume") == 0
    assert (out / "trials.csv").read_bytes() == (search / "trials.csv").read_bytes()
    first, second = (json.loads((path / "best.json").read_text()) for path in (out, search))
    assert [first[key] for key in ("trial", "value")] == [second[key] for key in ("trial", "value")]
    assert first["config"] == second["config"]
    weights = [path / "trial_003" / "weights.safetensors" for path in (out, search)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_trial_that_diverges_does_not_end_the_search(windows, tmp_path, monkeypatch, capsys):
    step = S1Trainer._step

    def diverging(self, examples):
        if self.run.path.name == "trial_000" and self.progress.epoch == 1:
            raise DivergedError("no number")
        return step(self, examples)

    monkeypatch.setattr(S1Trainer, "_step", diverging)
    assert tune(windows, tmp_path / "one", "--n-trials", "1") == 0
    assert "no trial was trained to its end" in capsys.readouterr().out
    assert not (tmp_path / "one" / "best.json").exists()
    assert tune(windows, tmp_path / "one", "--n-trials", "2", "--resume") == 0
    table = pd.read_csv(tmp_path / "one" / "trials.csv")
    assert table["state"].tolist() == ["diverged", "whole"]
    assert table["epochs"].tolist() == [1, 3]
    assert json.loads((tmp_path / "one" / "best.json").read_text())["trial"] == 1


def test_a_search_that_is_done_writes_its_results_again(search, windows):
    table = (search / "trials.csv").read_bytes()
    (search / "trials.csv").unlink()
    assert tune(windows, search, "--n-trials", "6", "--resume") == 0
    assert (search / "trials.csv").read_bytes() == table


def test_the_objective_is_the_kept_epoch_s(search, windows, tmp_path):
    flags = ["--n-trials", "1", "--objective", "ends/stem_recall"]
    assert tune(windows, tmp_path / "recall", *flags) == 0
    metrics = RunFolder(tmp_path / "recall" / "trial_000").metrics()
    kept = metrics["validation/score"].idxmax()
    table = pd.read_csv(tmp_path / "recall" / "trials.csv")
    assert table["value"].tolist() == [pytest.approx(metrics["validation/ends/stem_recall"][kept])]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--objective", "loss"], "invalid choice: 'loss'"),
        (["--n-trials", "0"], "'0' is too small"),
        (["--epoch-examples", "9"], "unrecognized arguments: --epoch-examples 9"),
        (["--trial-examples", "0"], "--trial-examples 0 is too small"),
    ],
)
def test_bad_flags_are_one_line(flags, message, windows, tmp_path, call):
    outcome = call("tune-s1", "--data", windows, *SMALL, "--out", tmp_path / "x", *flags)
    assert outcome.is_one_line("tune-s1", message)
    assert not (tmp_path / "x").exists()


def test_missing_optuna_is_one_line(windows, tmp_path, call, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    outcome = call("tune-s1", "--data", windows, "--out", tmp_path / "x")
    assert outcome.is_one_line("tune-s1", "Optuna is not installed", "-e '.[tune]'")


def test_a_damaged_study_is_one_line(search, windows, tmp_path, call):
    out = tmp_path / "search"
    assert tune(windows, out, "--n-trials", "1") == 0
    (out / "study.sqlite3").write_bytes(b"no database" * 1000)
    outcome = call("tune-s1", "--data", windows, *SMALL, "--out", out, "--resume")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1 and "study.sqlite3: no study of Optuna" in outcome.err


def test_torchrun_is_refused(windows, tmp_path, call, monkeypatch):
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "0"), ("MASTER_ADDR", "localhost")):
        monkeypatch.setenv(name, value)
    outcome = call("tune-s1", "--data", windows, "--out", tmp_path / "x")
    assert outcome.is_one_line("tune-s1", "without torchrun")


def test_every_setting_is_a_field_that_can_be_given():
    config = TrainS1Config()
    names = {item.name for each in (config, config.network) for item in dataclasses.fields(each)}
    assert {setting.name for setting in SETTINGS} <= names
