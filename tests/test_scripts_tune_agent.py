import dataclasses
import json
import shlex
import shutil
import sys

import pandas as pd
import pytest

from boxfold.agents.clone import CloneTrainer
from boxfold.agents.sb3_training import RLTrainer
from boxfold.agents.search_space import SETTINGS
from boxfold.agents.training import EpochTrainer
from boxfold.agents.validation import score_of
from boxfold.features.errors import DivergedError
from boxfold.s1.run_folder import RunFolder
from boxfold.scripts import cli
from boxfold.scripts.train_agent import default_config

SMALL = "--embed-dim 8 --n-heads 2 --n-encoder-layers 1 --feedforward-dim 8 --relation-dim 4"
SMALL += " --pair-dim 2 --max-boxes 8 --validation-instances 3 --seed 3"
SEARCH = "--random-trials 2 --whole-trials 1"
CLONE = f"{SMALL} {SEARCH} --algorithm clone --epochs 3 --trial-instances 18".split()
PPO = f"{SMALL} {SEARCH} --algorithm ppo --n-envs 4 --n-steps 8 --batch-size 16".split()
PPO += "--trial-steps 128 --validations 2".split()
METRICS = ["eval/energy_gap", "eval/best_energy_gap"]


def tune(proposals, out, *flags):
    return cli.main(["tune-agent", "--data", str(proposals), "--out", str(out), *flags])


def scores(run):
    """Score of each validation of a run."""
    frame = run.metrics().dropna(subset=METRICS)
    return [score_of(row) for row in frame[METRICS].to_dict("records")]


@pytest.fixture(scope="module")
def search(proposals, tmp_path_factory):
    """Folder of a search of five trials of clone."""
    out = tmp_path_factory.mktemp("tune") / "search"
    assert tune(proposals, out, *CLONE, "--n-trials", "5") == 0
    return out


def test_the_table_has_every_trial_and_what_was_searched(search):
    table = pd.read_csv(search / "trials.csv")
    names = [setting.name for setting in SETTINGS["clone"]]
    assert list(table) == ["trial", "state", "value", "validations", *names]
    assert table["trial"].tolist() == list(range(5)) and table["state"][0] == "whole"
    assert (table["validations"][table["state"] == "whole"] == 3).all()
    for setting in SETTINGS["clone"]:
        assert table[setting.name].between(setting.low, setting.high).all()
        assert table[setting.name].nunique() > 1


def test_trials_above_the_median_are_stopped(search):
    table = pd.read_csv(search / "trials.csv")
    assert (table["state"] == "stopped").any()
    for trial, n_done, state in zip(
        table["trial"], table["validations"], table["state"], strict=True
    ):
        found = scores(RunFolder(search / f"trial_{trial:03d}"))
        assert len(found) == n_done
        if state == "stopped":
            before = table[(table["trial"] < trial) & (table["state"] == "whole")]["trial"]
            others = [scores(RunFolder(search / f"trial_{other:03d}")) for other in before]
            assert min(found) > pd.Series([each[n_done - 1] for each in others]).median()


def test_a_trial_is_a_run_of_train_agent_within_the_budget(search):
    row = pd.read_csv(search / "trials.csv").iloc[0]
    run = RunFolder(search / "trial_000")
    config = run.config()
    assert config["verb"] == "train-agent" and (run.path / "finished").exists()
    assert (config["epochs"], config["epoch_instances"], config["seed"]) == (3, 6, 3)
    assert config["network"]["embed_dim"] == 8 and config["learning_rate"] == row["learning_rate"]
    assert row["value"] == pytest.approx(min(scores(run)))


def test_the_command_of_the_best_trial_makes_its_weights(search, tmp_path):
    table = pd.read_csv(search / "trials.csv")
    best = json.loads((search / "best.json").read_text())
    whole = table[table["state"] == "whole"]
    assert best["trial"] == whole["value"].idxmin()
    assert best["value"] == pytest.approx(whole["value"].min())
    program, *flags = shlex.split(best["command"])
    assert program == "boxfold" and flags[-2:] == ["--out", str(search / "best")]
    assert cli.main([*flags[:-1], str(tmp_path / "again")]) == 0
    for name in ("weights.safetensors", "config.json", "metrics.csv"):
        again = (tmp_path / "again" / name).read_bytes()
        assert again == (RunFolder(best["run"]).path / name).read_bytes()


def test_a_stopped_trial_can_be_trained_to_its_end(search, tmp_path):
    table = pd.read_csv(search / "trials.csv")
    trial = table["trial"][table["state"] == "stopped"].iloc[0]
    shutil.copytree(search / f"trial_{trial:03d}", tmp_path / "run")
    *flags, _ = shlex.split((tmp_path / "run" / "command.txt").read_text())[1:]
    assert cli.main([*flags, str(tmp_path / "run"), "--resume"]) == 0
    assert RunFolder(tmp_path / "run").metrics()["step"].tolist() == [1, 2, 3]


def interrupted(trainer, method, number, before):
    """The method of a trainer with Ctrl-C in one trial, before or behind what it does."""
    original = getattr(trainer, method)

    def replacement(self, *args):
        is_it = self.run.path.name == f"trial_{number:03d}"
        if is_it and before:
            raise KeyboardInterrupt
        result = original(self, *args)
        if is_it:
            raise KeyboardInterrupt
        return result

    return replacement


@pytest.mark.parametrize(
    ("method", "before"),
    [("_checkpoint", True), ("fit", False)],
)
def test_an_interrupted_search_makes_the_same_trials(
    method, before, search, proposals, tmp_path, monkeypatch
):
    out = tmp_path / "search"
    with monkeypatch.context() as patch:
        patch.setattr(EpochTrainer, method, interrupted(EpochTrainer, method, 3, before))
        assert tune(proposals, out, *CLONE, "--n-trials", "5") == 130
    assert len(pd.read_csv(out / "trials.csv")) == 3
    assert tune(proposals, out, *CLONE, "--n-trials", "5", "--resume") == 0
    assert (out / "trials.csv").read_bytes() == (search / "trials.csv").read_bytes()
    for name in ("weights.safetensors", "metrics.csv"):
        files = [path / "trial_003" / name for path in (out, search)]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_ppo_in_chunks_and_interrupted(proposals, tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert tune(proposals, whole, *PPO, "--n-trials", "2") == 0
    table = pd.read_csv(whole / "trials.csv")
    assert table["validations"][0] == 3  # its start, and both halves of its steps
    run = RunFolder(whole / "trial_000")
    assert run.config()["chunk_updates"] == 2 and run.config()["steps"] == 128
    assert table["value"][0] == pytest.approx(min(scores(run)))
    for before in (True, False):
        with monkeypatch.context() as patch:
            method = interrupted(RLTrainer, "_checkpoint", 1, before)
            patch.setattr(RLTrainer, "_checkpoint", method)
            resume = () if before else ("--resume",)
            assert tune(proposals, cut, *PPO, "--n-trials", "2", *resume) == 130
    assert tune(proposals, cut, *PPO, "--n-trials", "2", "--resume") == 0
    assert (cut / "trials.csv").read_bytes() == (whole / "trials.csv").read_bytes()


def test_a_start_is_kept_and_what_is_given_is_not_searched(search, proposals, tmp_path):
    start = str(search / "trial_000")
    flags = [*SMALL.split()[-6:], "--algorithm", "reinforce", "--init", start, "--samples", "2"]
    flags += ["--trial-instances", "8", "--kl-weight", "0.5", "--reward", "potential"]
    assert tune(proposals, tmp_path / "x", *flags, "--n-trials", "1") == 0
    table = pd.read_csv(tmp_path / "x" / "trials.csv")
    assert list(table)[4:] == ["learning_rate", "batch_instances", "best_weight"]
    run = RunFolder(tmp_path / "x" / "trial_000")
    words = shlex.split((run.path / "command.txt").read_text())
    assert words[words.index("--init") + 1] == start and "--embed-dim" not in words
    assert words[words.index("--kl-weight") + 1] == "0.5"
    assert words[words.index("--reward") + 1] == "potential"
    assert run.config()["network"]["embed_dim"] == 8


def test_a_trial_that_diverges_does_not_end_the_search(proposals, tmp_path, monkeypatch):
    def diverging(self, rows):
        raise DivergedError("no number")

    monkeypatch.setattr(CloneTrainer, "batch_loss", diverging)
    assert tune(proposals, tmp_path / "x", *CLONE, "--n-trials", "1") == 0
    assert pd.read_csv(tmp_path / "x" / "trials.csv")["state"].tolist() == ["diverged"]
    assert not (tmp_path / "x" / "best.json").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--n-trials", "0"], "'0' is too small"),
        (["--minutes", "3"], "unrecognized arguments: --minutes 3"),
        (["--trial-instances", "0"], "--trial-instances 0 is too small"),
        (["--ent-coef", "1"], "--ent-coef means nothing for clone"),
    ],
)
def test_bad_flags_are_one_line(flags, message, proposals, tmp_path, call):
    outcome = call("tune-agent", "--data", proposals, *CLONE, "--out", tmp_path / "x", *flags)
    assert outcome.is_one_line("tune-agent", message)
    assert not (tmp_path / "x").exists()


def test_missing_optuna_is_one_line(proposals, tmp_path, call, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    outcome = call("tune-agent", "--data", proposals, *CLONE, "--out", tmp_path / "x")
    assert outcome.is_one_line("tune-agent", "Optuna is not installed", "-e '.[tune]'")


@pytest.mark.parametrize("algorithm", SETTINGS)
def test_every_setting_is_a_field_that_can_be_given(algorithm):
    fields = {item.name: item for item in dataclasses.fields(default_config(algorithm, False))}
    for setting in SETTINGS[algorithm]:
        item = fields[setting.name]
        assert setting.low < setting.high and item.type in (int, float)
        assert isinstance(setting.step, int) == (item.type is int)
