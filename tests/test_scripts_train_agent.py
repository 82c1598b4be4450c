import json

import pandas as pd
import pytest

from boxfold.agents.learned import load_learned
from boxfold.s1.run_folder import RunFolder
from boxfold.scripts import cli
from boxfold.scripts.agent_data import validation_rows

SMALL = ["--embed-dim", "8", "--n-heads", "2", "--feedforward-dim", "8", "--max-boxes", "16"]


def run(verb, proposals, out, *flags, small=SMALL):
    return cli.main([verb, "--data", str(proposals), *small, "--out", str(out), *flags])


@pytest.fixture(scope="module")
def clone(proposals, tmp_path_factory):
    out = tmp_path_factory.mktemp("agents") / "clone"
    assert run("train-agent", proposals, out, "--algorithm", "clone", "--epochs", "1") == 0
    return out


def test_a_run_keeps_its_settings_and_its_command(clone):
    config = RunFolder(clone).config()
    assert (config["verb"], config["algorithm"], config["epochs"]) == ("train-agent", "clone", 1)
    assert config["network"]["embed_dim"] == 8 and config["assembly"]["max_boxes"] == 16
    assert (clone / "finished").exists() and (clone / "command.txt").read_text().strip()


def test_ppo_starts_from_a_run_and_takes_over_its_shape(clone, proposals, tmp_path):
    flags = ["--algorithm", "ppo", "--init", str(clone), "--reward", "potential", "--n-envs", "4"]
    flags += ["--n-steps", "8", "--batch-size", "16", "--chunk-updates", "1", "--steps", "32"]
    assert run("train-agent", proposals, tmp_path / "ppo", *flags, small=SMALL[-2:]) == 0
    config = json.loads((tmp_path / "ppo" / "config.json").read_text())
    assert config["warm_start"] and config["network"]["embed_dim"] == 8
    assert config["assembly"]["reward"]["mode"] == "potential"
    assert config["clip_range"] == 0.1


def test_an_agent_that_picks_loops_without_a_mask_is_evaluated_as_it_was_trained(
    proposals, tmp_path, capsys
):
    flags = ["--algorithm", "ppo", "--action-types", "all", "--no-mask", "--critic-terms"]
    flags += ["--n-envs", "4", "--n-steps", "8", "--batch-size", "16", "--steps", "32"]
    out = tmp_path / "loops"
    assert run("train-agent", proposals, out, *flags, "--chunk-updates", "1") == 0
    config = RunFolder(out).config()
    assert config["critic_terms"] and config["assembly"]["max_boxes"] == 32
    learned = load_learned(out / "weights.safetensors")
    assert (learned.action_types, learned.mask) == ("all", False)
    words = ["evaluate", "--data", str(proposals), "--agents", str(out), "--out", str(tmp_path)]
    assert cli.main(words) == 0
    rows = pd.read_csv(tmp_path / "per_sequence.csv")
    assert len(rows) == 60 and (rows["reasons"].isna() == (rows["validity"] == 1)).all()


def test_what_the_network_sees_is_kept_with_the_weights(proposals, tmp_path):
    flags = ["--geometry-only", "--no-loop-energies", "--pair-dim", "5", "--epochs", "1"]
    assert run("train-supervised", proposals, tmp_path / "run", *flags) == 0
    learned = load_learned(tmp_path / "run" / "weights.safetensors")
    assert learned.geometry_only and learned.role == "supervised"
    assert (learned.network.config.loop_energies, learned.network.config.pair_dim) == (False, 5)


def test_supervised_says_how_many_examples_have_full_recall(proposals, tmp_path, capsys):
    flags = ["--full-recall-only", "--epochs", "1"]
    assert run("train-supervised", proposals, tmp_path / "run", *flags) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith("full recall: before ")]
    before, after = (int(part.split()[-1]) for part in line.split(","))
    assert f"{after} training and 12 validation examples" in lines and 0 < after < before


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--algorithm", "clone", "--clip-range", "0.1"], "--clip-range means nothing for clone"),
        (["--algorithm", "ppo", "--epochs", "2"], "--epochs means nothing for ppo"),
        (["--algorithm", "ppo", "--batch-size", "100"], "batch size 100 does not divide"),
        (["--algorithm", "ppo", "--gamma", "2"], "gamma is 2.0"),
        (["--algorithm", "clone", "--epochs", "0"], "--epochs 0 is too small"),
        (["--algorithm", "clone", "--learning-rate", "nan"], "--learning-rate nan is out of range"),
        (["--algorithm", "clone", "--pseudoknots", "allow"], "teacher energy: its sets are nested"),
        (["--algorithm", "ppo", "--teacher", "known"], "--teacher means nothing for ppo"),
        (["--algorithm", "clone", "--no-mask"], "--no-mask are for ppo and a2c"),
        (["--algorithm", "clone", "--explore", "7"], "explore is 7.0"),
        (["--algorithm", "ppo", "--n-heads", "3"], "can't be split over 3 attention heads"),
        (["--algorithm", "ppo", "--init", "missing"], "no such weights file"),
        (["--algorithm", "ppo", "--init", "model.zip"], "--trust-pickle allows it"),
    ],
)
def test_bad_flags_get_one_line(flags, message, proposals, tmp_path, capsys):
    assert run("train-agent", proposals, tmp_path / "run", *flags) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_shape_of_a_start_can_not_be_changed(clone, proposals, tmp_path, capsys):
    flags = ["--algorithm", "ppo", "--init", str(clone)]
    assert run("train-agent", proposals, tmp_path / "run", *flags) == 2
    assert "--embed-dim means nothing for ppo with --init" in capsys.readouterr().err


def test_a_supervised_network_is_no_start(proposals, tmp_path, capsys):
    assert run("train-supervised", proposals, tmp_path / "sup", "--epochs", "1") == 0
    flags = ["--algorithm", "ppo", "--init", str(tmp_path / "sup")]
    assert run("train-agent", proposals, tmp_path / "run", *flags, small=SMALL[-2:]) == 2
    assert "holds a supervised network" in capsys.readouterr().err


def test_without_a_split_whole_groups_validate():
    frame = pd.DataFrame({"group": [f"g{k // 4}" for k in range(80)], "split": ["train"] * 80})
    chosen = validation_rows(frame, seed=3)
    assert chosen.sum() == 4 and frame["group"][chosen].nunique() == 1
    assert chosen.equals(validation_rows(frame, seed=3))
    frame.loc[5, "split"] = "validation"
    assert validation_rows(frame, seed=3).to_numpy().nonzero()[0].tolist() == [5]
