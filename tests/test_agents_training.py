import dataclasses
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from boxfold.agents.clone import CloneTrainer
from boxfold.agents.learned_agents import PolicyAgent
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.sb3_config import preset
from boxfold.agents.sb3_training import RLTrainer
from boxfold.agents.supervised import SupervisedTrainer, is_target, with_structures
from boxfold.agents.training import EpochTrainer
from boxfold.agents.training_config import CloneConfig, SupervisedConfig
from boxfold.agents.validation import validate_policy, validation_scores
from boxfold.agents.value_fit import fit_value
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.errors import InputError
from boxfold.features.structure import dot_bracket
from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.energy import mfe
from boxfold.s1.run_folder import RunFolder

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=32, relation_dim=8)
SLOTS = AssemblyConfig(max_boxes=8)
CLONE = CloneConfig(network=SMALL, assembly=SLOTS, epochs=2, batch_instances=4, explore=0.5)
SUPERVISED = SupervisedConfig(network=SMALL, assembly=SLOTS, epochs=2, batch_instances=4)
TINY_RL = {
    "network": SMALL,
    "assembly": SLOTS,
    "steps": 128,
    "n_envs": 4,
    "n_steps": 8,
    "chunk_updates": 2,
    "batch_size": 16,
}


def instances(n, seed=0, length=30):
    rng = np.random.default_rng(seed)
    seqs = [synthetic_sequence(length, rng) for _ in range(n)]
    known = [dot_bracket(mfe(seq).base_pairs, length) for seq in seqs]
    return [
        instance_from_sequence(seq, 8, str(k), structure)
        for k, (seq, structure) in enumerate(zip(seqs, known, strict=True))
    ]


def open_run(path, config, resume=False):
    return RunFolder.open(path, config.to_dict(), "test", resume, False)


def trainer(path, config, resume=False, start=None, sets=None):
    train, validation = sets or (instances(8), instances(4, seed=1))
    run = open_run(path, config, resume)
    if isinstance(config, CloneConfig):
        return CloneTrainer(config, train, validation, run, start)
    if isinstance(config, SupervisedConfig):
        return SupervisedTrainer(config, train, validation, run)
    return RLTrainer(config, train, validation, run, start)


def rl(algorithm, warm=False, **changes):
    return dataclasses.replace(preset(algorithm, warm), **{**TINY_RL, **changes})


def fitted(path, config, **kwargs):
    trainer(path, config, **kwargs).fit(lambda line: None)
    return (path / "weights.safetensors").read_bytes()


def scalar_tags(path):
    events = EventAccumulator(str(path)).Reload()
    return set(events.Tags()["scalars"])


class KilledError(Exception):
    pass


LOOPS = AssemblyConfig(max_boxes=8, action_types="all", mask=False)
CONFIGS = {
    "clone": CLONE,
    "supervised": SUPERVISED,
    "ppo": rl("ppo", critic_terms=True),
    "a2c": rl("a2c"),
    "ppo of loops": rl("ppo", assembly=LOOPS),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_same_seed_same_weights_also_after_a_kill(name, tmp_path):
    config = CONFIGS[name]
    whole = fitted(tmp_path / "whole", config)
    assert fitted(tmp_path / "again", config) == whole
    killed = trainer(tmp_path / "killed", config)
    reports = []

    def report(line):
        reports.append(line)
        if len(reports) > 1 and (tmp_path / "killed" / "state.safetensors").exists():
            raise KilledError

    with pytest.raises(KilledError):
        killed.fit(report)
    assert fitted(tmp_path / "killed", config, resume=True) == whole
    steps = [RunFolder(tmp_path / run).metrics()["step"].tolist() for run in ("whole", "killed")]
    assert steps[0] == steps[1]


def test_finished_and_changed_runs_are_not_resumed(tmp_path):
    fitted(tmp_path / "run", CLONE)
    with pytest.raises(InputError, match="finished"):
        trainer(tmp_path / "run", CLONE, resume=True)
    trainer(tmp_path / "other", CLONE)
    changed = dataclasses.replace(CLONE, learning_rate=0.1)
    with pytest.raises(InputError, match="learning_rate"):
        trainer(tmp_path / "other", changed, resume=True)


@pytest.mark.parametrize("name", ["clone", "ppo"])
def test_a_loss_that_is_no_number_is_one_line_and_keeps_the_checkpoint(name, tmp_path):
    config = CONFIGS[name]
    training = trainer(tmp_path / "run", config)

    def break_it(line):
        if (tmp_path / "run" / "state.safetensors").exists():
            with torch.no_grad():
                training.network.embed.weight.fill_(np.nan)

    with pytest.raises(InputError, match="last checkpoint is kept") as error:
        training.fit(break_it)
    assert "\n" not in str(error.value)
    restored = trainer(tmp_path / "run", config, resume=True)
    assert torch.isfinite(restored.network.embed.weight).all()


def test_event_files_hold_the_promised_tags(tmp_path):
    fitted(tmp_path / "ppo", rl("ppo"))
    assert scalar_tags(tmp_path / "ppo") >= {
        "rollout/ep_rew_mean",
        "rollout/ep_len_mean",
        "rollout/energy_gap",
        "rollout/f1",
        "rollout/validity",
        "rollout/success_rate",
        "eval/energy_gap",
        "eval/f1",
        "eval/validity",
        "eval/mean_reward",
        "reward/validity",
        "reward/energy",
        "reward/loops",
        "reward/shaping",
        "train/loss",
        "train/value_loss",
        "train/approx_kl",
        "train/explained_variance",
    }
    assert (tmp_path / "ppo" / "model.zip").stat().st_size > 1000
    fitted(tmp_path / "clone", CLONE)
    assert scalar_tags(tmp_path / "clone") >= {
        "train/loss",
        "train/accuracy",
        "train/learning_rate",
        "eval/energy_gap",
        "eval/f1",
        "eval/validity",
        "eval/mean_reward",
    }


def test_warm_start_begins_where_the_other_run_ended(tmp_path):
    fitted(tmp_path / "clone", CLONE)
    agent = PolicyAgent.from_run(tmp_path / "clone")
    config = rl("ppo", warm=True)
    warm = trainer(tmp_path / "ppo", config, start=agent.learned.network)
    for name, value in agent.learned.network.state_dict().items():
        same = torch.equal(warm.network.state_dict()[name], value)
        assert same != name.startswith("value.")
    warm.fit(lambda line: None)
    history = RunFolder(tmp_path / "ppo").metrics()
    validation = instances(4, seed=1)
    before, _ = validate_policy(agent.learned.network, validation, SLOTS)
    scores = (history["eval/energy_gap"] + history["eval/best_energy_gap"]).dropna()
    assert scores.iloc[0] == before
    best = PolicyAgent.from_run(tmp_path / "ppo").learned.network
    assert validate_policy(best, validation, SLOTS)[0] == scores.min()


def test_value_fit_explains_the_returns_of_the_start(tmp_path):
    torch.manual_seed(0)
    network = AssemblyNetwork(SMALL).eval()
    body = {k: v.clone() for k, v in network.state_dict().items() if not k.startswith("value.")}
    explained = fit_value(network, instances(64), SLOTS, np.random.default_rng(0))
    assert explained > 0.1
    assert all(torch.equal(network.state_dict()[name], value) for name, value in body.items())


def test_supervised_targets_are_the_stems_of_the_structure(capsys):
    problem = instance_from_sequence("GGGGAAAACCCC", 8, dot_bracket="((((....))))")
    assert problem.boxes[is_target(problem)].tolist() == [[0, 0, 8, 4, 4]]
    shifted = instance_from_sequence("GGGGAAAACCCC", 8, dot_bracket=".(((....))).")
    unknown = instance_from_sequence("GGGGAAAACCCC", 8)
    kept = with_structures([problem, shifted, unknown], True, print)
    assert kept == [problem]
    assert capsys.readouterr().out.splitlines()[1] == "full recall: before 2, after 1"


def test_validation_scores_of_the_optimum_are_perfect():
    problems = instances(4)
    scores = validation_scores(problems, [each.optimum.picks for each in problems], SLOTS)
    assert scores["eval/energy_gap"] == 0 and scores["eval/validity"] == scores["eval/exact"] == 1
    empty = validation_scores(problems, [()] * 4, SLOTS)
    assert empty["eval/mean_reward"] == 0
    expected = -np.mean([each.optimum.energy for each in problems])
    assert empty["eval/energy_gap"] == pytest.approx(expected)


@pytest.mark.parametrize("n_instances", [1, 7, 128, 300])
def test_batches_hold_every_instance_once_next_to_others_of_its_size(n_instances):
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 65, n_instances)
    fake = SimpleNamespace(train=[SimpleNamespace(n_boxes=n) for n in sizes], config=CLONE)
    order = rng.permutation(n_instances)
    batches = EpochTrainer._batches(fake, order, rng)
    assert sorted(np.concatenate(batches).tolist()) == list(range(n_instances))
    assert max(map(len, batches)) <= CLONE.batch_instances
    if n_instances > 100:
        within = np.mean([np.ptp(sizes[rows]) for rows in batches])
        assert within < np.ptp(sizes) / 5
        largest = [sizes[rows].max() for rows in batches]
        assert largest != sorted(largest)  # small ones do not come first


@pytest.mark.parametrize("config", [CLONE, SUPERVISED], ids=["clone", "supervised"])
def test_a_loss_does_not_depend_on_the_size_of_the_others(config, tmp_path):
    small = [instance_from_sequence("GGGGAAAACCCC", n, dot_bracket="((((....))))") for n in (1, 3)]
    sets = [*small, *instances(2, length=50)], instances(1)
    training = trainer(tmp_path / "run", config, sets=sets)
    for head in (training.network.box_score, training.network.stop_score):
        torch.nn.init.normal_(head.weight)
    assert training.layouts.sizes.tolist() == [2, 3, 8, 8]
    training.prepare_epoch(np.arange(len(training.train)), np.random.default_rng(0))

    def summed(rows):
        rows = np.array(rows)
        if config is SUPERVISED:
            count = sum(training.train[row].n_boxes for row in rows)
        else:
            count = len(training.states.of(rows).instance)
        return training.batch_loss(rows)["loss"].item() * count

    parts = [summed([row]) for row in range(4)]
    for rows in ([0, 1], [1, 0, 2], [3, 2, 1, 0]):
        assert summed(rows) == pytest.approx(sum(parts[row] for row in rows), abs=1e-4)
    assert min(parts) > 0.01


def test_clone_learns_what_a_random_policy_can_not(tmp_path):
    problems = instances(16, seed=7, length=40)
    config = dataclasses.replace(
        CLONE, epochs=24, batch_instances=4, learning_rate=1e-2, explore=0.0
    )
    _, before = validate_policy(trainer(tmp_path / "run", config).network, problems, SLOTS)
    shutil.rmtree(tmp_path / "run")
    fitted(tmp_path / "run", config, sets=(problems, problems))
    network = PolicyAgent.from_run(tmp_path / "run").learned.network
    _, after = validate_policy(network, problems, SLOTS)
    assert before["eval/energy_gap"] > 1.5 and before["eval/exact"] < 0.3
    assert after["eval/energy_gap"] < 0.5 and after["eval/exact"] > 0.7


def test_ppo_learns_two_instances(tmp_path):
    problems = instances(24, seed=7, length=40)[:2]
    config = rl("ppo", steps=1024, n_envs=8, n_steps=16, chunk_updates=4, learning_rate=3e-3)
    fitted(tmp_path / "run", config, sets=(problems, problems))
    history = RunFolder(tmp_path / "run").metrics()["eval/mean_reward"].dropna()
    assert history.iloc[0] < 0.5 and history.max() > 0.9
