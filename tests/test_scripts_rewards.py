"""``--reward`` and ``--reactivities`` in the verbs."""

import importlib.metadata
import json
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from boxfold.agents.learned import load_learned
from boxfold.agents.registry import shipped_weights
from boxfold.features.probing_noise import simulated_reactivity
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards import plugins
from boxfold.rewards.combination import combination_of
from boxfold.rewards.energy import mfe
from boxfold.rewards.plugin import Reward
from boxfold.rewards.probing import probed_mfe
from boxfold.s1.tables import read_proposals, write_proposals

SMALL = ["--embed-dim", "8", "--n-heads", "2", "--feedforward-dim", "8", "--max-boxes", "16"]


class Moody(Reward):
    name = "moody"

    def score(self, instance, structure):
        return {"mood": float("nan")}


@pytest.fixture(scope="module")
def profiles(proposals, tmp_path_factory):
    """Simulated reactivities of all windows, as TSV."""
    frame, rng = read_proposals(proposals), np.random.default_rng(0)
    lines = []
    for row in frame.itertuples():
        pairs = base_pairs_from_dot_bracket(row.dot_bracket)
        values = simulated_reactivity(pairs, len(row.sequence), rng)
        lines.append("\t".join([row.id, *(f"{value:.4f}" for value in values)]))
    path = tmp_path_factory.mktemp("probing") / "r.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def evaluate(call, proposals, tmp_path):
    def run(*flags, data=proposals, agents=("beam", "exact")):
        out = tmp_path / "table"
        done = call("evaluate", "--data", data, "--agents", *agents, "--out", out, *flags)
        tables = [
            pd.read_csv(out / f"{name}.csv") if done.code == 0 else None
            for name in ("summary", "per_sequence")
        ]
        return done, *tables

    return run


def test_evaluate_searches_and_judges_by_rewards(evaluate, profiles):
    flags = ["--reward", "energy=0.2,shape=1", "--reactivities", profiles]
    done, summary, _ = evaluate(*flags, agents=("beam", "annealing", "exact", "rnafold-shape"))
    assert done.code == 0, done.err
    summary = summary.set_index("agent")
    assert summary.loc["beam", "reward"] > summary.loc["exact", "reward"] + 0.01
    assert summary.loc["annealing", "reward"] > summary.loc["exact", "reward"]
    assert summary.loc["beam", "reward_calls"] > 20 and summary.loc["exact", "reward_calls"] == 0
    assert "reward_calls" in done.out.splitlines()[0]
    limited = evaluate(*flags, "--max-reward-calls", 8, "--overwrite")[1].set_index("agent")
    assert limited.loc["beam", "reward_calls"] <= 9
    assert limited.loc["beam", "reward"] < summary.loc["beam", "reward"]


def test_a_mode_is_the_free_energy(evaluate):
    plain, moded = evaluate()[2], evaluate("--reward", "potential", "--overwrite")[2]
    assert "reward" not in moded
    pd.testing.assert_frame_equal(plain.drop(columns="seconds"), moded.drop(columns="seconds"))


def test_a_list_column_flows_into_the_instances(evaluate, proposals, profiles, tmp_path):
    frame = read_proposals(proposals)
    lines = profiles.read_text().splitlines()
    values = [np.array(line.split("\t")[1:], dtype=np.float32) for line in lines]
    lists, texts = tmp_path / "lists.parquet", tmp_path / "texts.parquet"
    write_proposals(frame.assign(reactivity=values), lists)
    write_proposals(frame.assign(reactivity=[json.dumps(v.tolist()) for v in values]), texts)
    found = [
        evaluate("--reward", "shape=1", *flags, "--overwrite", data=data)[2]["reward"]
        for data, flags in ((lists, []), (texts, []), (proposals, ["--reactivities", profiles]))
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    np.testing.assert_allclose(found[0], found[2], atol=1e-5)


def test_rnafold_shape_is_deigan(evaluate, proposals, profiles):
    done, _, rows = evaluate("--reactivities", profiles, agents=("rnafold-shape",))
    assert done.code == 0, done.err
    row, line = read_proposals(proposals).iloc[0], profiles.read_text().splitlines()[0]
    values = np.array(line.split("\t")[1:], dtype=np.float32)
    expected = probed_mfe(row["sequence"], values).base_pairs
    assert base_pairs_from_dot_bracket(rows["dot_bracket"][0]).tolist() == expected.tolist()


def test_rnafold_shape_without_reactivities_says_so(evaluate):
    done = evaluate(agents=("rnafold-shape",))[0]
    assert done.code == 1 and "rnafold-shape failed: no reactivities (--reactivities" in done.err


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        ("f1=1", "reward 'f1': for training only (train-agent)"),
        ("best", "reward 'best' (allowed: a mode"),
        ("shape=1", "reward 'shape' failed on"),
        ("nothing=1", "reward 'nothing': no such reward"),
    ],
)
def test_bad_rewards_end_the_run_in_one_line(evaluate, reward, message):
    assert evaluate("--reward", reward)[0].is_one_line("evaluate", message)


def test_a_plug_in_that_gives_nan_is_named_and_stops_its_own_run(
    evaluate, proposals, call, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "moody_package", SimpleNamespace(Moody=Moody))
    point = importlib.metadata.EntryPoint("moody", "moody_package:Moody", plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])
    plugins.reward_class.cache_clear()
    combination_of.cache_clear()
    message = "component 'mood' is nan"
    assert evaluate("--reward", "moody=1")[0].is_one_line("evaluate", "reward 'moody'", message)
    flags = ["--algorithm", "reinforce", "--reward", "moody=1", "--out", tmp_path / "run"]
    done = call("train-agent", "--data", proposals, *SMALL, *flags)
    assert done.code == 2 and done.err.count("\n") == 1 and message in done.err
    plugins.reward_class.cache_clear()
    combination_of.cache_clear()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "stranger\t1\t2\n" + text, "record 'stranger': no sequence has this id"),
        (lambda text: text.replace("\t", "\t1\t", 1), "41 reactivities, the sequence has 40"),
        (lambda text: text.replace("\t", "\tx", 1), "is no reactivity"),
    ],
)
def test_bad_reactivities_are_refused(evaluate, profiles, tmp_path, change, message):
    path = tmp_path / "bad.tsv"
    path.write_text(change(profiles.read_text()))
    done = evaluate("--reactivities", path)[0]
    assert done.is_one_line("evaluate", f"{path}: record '", message)


def test_predict_takes_both(predict, tmp_path):
    fasta, table = tmp_path / "r.fa", tmp_path / "r.tsv"
    seq = "GGGGAAAACCCCAGGGGAAAACCCC"
    fasta.write_text(f">one\n{seq}\n>two\n{seq}\n")
    values = np.full(25, np.nan)
    values[13:] = 1.0  # the second hairpin reacts throughout
    values[4:8], values[:4], values[8:12] = 2.0, 0.0, 0.0
    table.write_text("one\t" + "\t".join(map(str, values)) + "\n")
    done = predict(fasta, "--agent", "rnafold-shape", "--reactivities", table)
    assert done.code == 1 and "record 'two': no reactivities" in done.err
    done = predict(fasta, "--reward", "energy=1,s1=0.1", "--reactivities", table)
    assert done.code == 0 and done.out.count(">") == 2
    done = predict(fasta, "--reward", "shape=1", "--reactivities", table)
    assert done.is_one_line("predict", "reward 'shape' failed on 'two': no reactivities")
    table.write_text("three\t1\n")
    done = predict(fasta, "--reactivities", table)
    assert done.code == 1 and "record 'three': no sequence has this id" in done.err
    assert done.out.count(">") == 2 and mfe(seq).free_energy < -9


@pytest.mark.parametrize("algorithm", ["reinforce", "ppo"])
def test_agents_train_on_a_combination(algorithm, call, proposals, profiles, tmp_path):
    flags = {
        "reinforce": ["--epochs", "1", "--epoch-instances", "8", "--samples", "2"],
        "ppo": [
            "--n-envs",
            "4",
            "--n-steps",
            "8",
            "--batch-size",
            "16",
            "--steps",
            "32",
            "--chunk-updates",
            "1",
        ],
    }[algorithm]
    out = tmp_path / "run"
    words = ["train-agent", "--data", proposals, "--reactivities", profiles, *SMALL, "--out", out]
    words += ["--algorithm", algorithm, "--reward", "energy=1,shape=1", *flags]
    done = call(*words)
    assert done.code == 0, done.err
    config = json.loads((out / "config.json").read_text())
    assert [term["name"] for term in config["assembly"]["reward"]["terms"]] == ["energy", "shape"]
    assert config["assembly"]["reactivity"] and config["network"]["reactivity"]
    metrics = pd.read_csv(out / "metrics.csv")
    assert metrics["eval/best_mean_reward"].iloc[-1] >= metrics["eval/mean_reward"].iloc[-1]
    calls = metrics["train/reward_calls"].dropna()
    assert calls.iloc[-1] == 16 if algorithm == "reinforce" else 4 <= calls.iloc[-1] <= 32
    weights = load_learned(out / "weights.safetensors").network
    assert weights.reactivity is not None
    if algorithm == "reinforce":
        assert weights.reactivity.weight.abs().max() > 0
    flags = ["--reactivities", profiles, "--reward", "shape=1", "--out", tmp_path / "table"]
    agents = ["--agents", out, f"{out}@beam2", "--samples", "4"]
    done = call("evaluate", "--data", proposals, *agents, *flags)
    assert done.code == 0, done.err


def test_a_shipped_agent_goes_on_with_reactivities(call, proposals, profiles, tmp_path):
    words = ["train-agent", "--data", proposals, "--reactivities", profiles, "--max-boxes", "16"]
    words += ["--algorithm", "reinforce", "--init", shipped_weights("clone"), "--epochs", "1"]
    words += ["--epoch-instances", "2", "--samples", "2", "--learning-rate", "1e-12"]
    done = call(*words, "--reward", "shape=1", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    before = load_learned(shipped_weights("clone")).network.state_dict()
    after = load_learned(tmp_path / "run" / "weights.safetensors").network.state_dict()
    assert set(after) - set(before) == {"reactivity.weight"}
    assert all(np.allclose(before[name], after[name], atol=1e-6) for name in before)
    done = call(*words, "--no-reactivity", "--reward", "shape=1", "--out", tmp_path / "blind")
    assert done.code == 0, done.err
    assert not json.loads((tmp_path / "blind/config.json").read_text())["network"]["reactivity"]


def test_supervised_networks_may_see_reactivities(call, proposals, profiles, tmp_path):
    words = ["train-supervised", "--data", proposals, *SMALL, "--epochs", "1", "--reactivity"]
    done = call(*words, "--reactivities", profiles, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert load_learned(tmp_path / "run" / "weights.safetensors").network.config.reactivity
