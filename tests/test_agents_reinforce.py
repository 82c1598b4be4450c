import numpy as np
import pytest
import torch

from boxfold.agents.episodes import Episodes, drawn_episodes, to_come
from boxfold.agents.learned import load_learned
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.reinforce import (
    ReinforceTrainer,
    against_others,
    against_same_state,
    distinct_states,
    gain_of_best,
)
from boxfold.agents.training_config import ReinforceConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.reward import RewardConfig
from boxfold.s1.run_folder import RunFolder

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)


def instances(n, seed=5):
    rng = np.random.default_rng(seed)
    return [instance_from_sequence(synthetic_sequence(40, rng), 12) for _ in range(n)]


def trainer(path, start=None, **settings):
    config = ReinforceConfig(
        network=SMALL, assembly=AssemblyConfig(max_boxes=12), batch_instances=4, **settings
    )
    run = RunFolder.open(path, config.to_dict(), "test", False, False)
    return ReinforceTrainer(config, instances(8), instances(4, seed=6), run, start)


def test_advantages_have_no_mean_and_ignore_what_all_share():
    returns = np.random.default_rng(0).normal(size=(5, 6))
    found = against_others(returns)
    assert np.allclose(found.sum(axis=1), 0)
    assert np.allclose(found, against_others(returns + 7))
    others = (returns.sum(axis=1, keepdims=True) - returns) / 5
    assert np.allclose(found, returns - others)


def test_the_best_is_worth_what_the_maximum_loses_without_it():
    returns = np.array([[3.0, 1.0, 3.5, 2.0], [1.0, 4.0, 4.0, 0.0]])
    lost = [[row.max() - np.delete(row, k).max() for k in range(len(row))] for row in returns]
    assert np.allclose(gain_of_best(returns), lost)
    assert gain_of_best(returns).tolist() == [[0, 0, 0.5, 0], [0, 0, 0, 0]]


def test_states_reached_in_two_orders_are_one():
    picked = np.array([[0, 0], [1, 0], [0, 0], [0, 1], [1, 1]], dtype=np.int8)
    played = Episodes(
        episode=np.array([0, 0, 1, 1, 1]),
        picked=picked,
        mask=np.ones((5, 3), dtype=np.int8),
        globals=np.zeros((5, 1), dtype=np.float32),
        action=np.array([0, 1, 1, 0, 2]),
        reward=np.zeros(5),
        returns=np.zeros((1, 2)),
    )
    states = distinct_states(played)
    assert len(states.first) == 4 and states.visits.sum() == 5
    assert states.of_step[0] == states.of_step[2] == np.flatnonzero(states.visits == 2)[0]
    assert len(set(states.of_step.tolist())) == 4
    worth = against_same_state(np.array([1.0, 2.0, 4.0, 3.0, -1.0]), states)
    assert worth.tolist() == [-3.0, 2.0, 3.0, 3.0, -1.0]


def test_other_instances_never_share_states():
    played = Episodes(
        episode=np.array([0, 1, 2, 3]),
        picked=np.zeros((4, 2), dtype=np.int8),
        mask=np.ones((4, 3), dtype=np.int8),
        globals=np.zeros((4, 1), dtype=np.float32),
        action=np.array([2, 2, 2, 2]),
        reward=np.zeros(4),
        returns=np.zeros((2, 2)),
    )
    states = distinct_states(played)
    assert states.instance.tolist() == [0, 1] and states.visits.tolist() == [2, 2]


def test_gradient_is_that_of_all_steps_one_by_one(tmp_path):
    each = trainer(tmp_path / "run", samples=4, best_weight=0.3)
    rows = np.arange(4)
    each.rng = np.random.default_rng(2)
    each.batch_loss(rows)["loss"].backward()
    found = each.network.box_score.weight.grad.clone()
    each.network.zero_grad()
    played = drawn_episodes(
        each.network, each.train[:4], each.config.assembly, np.random.default_rng(2), 4
    )
    returns = played.returns * each.scale[:4, None]
    worth = 0.7 * against_others(returns) + 0.3 * gain_of_best(returns)
    worth = worth.ravel()[played.episode]
    encoded = each.network.encode(*each.layouts.of(rows))
    taken = encoded.take(torch.from_numpy(played.episode // 4))
    parts = (torch.from_numpy(part) for part in (played.picked, played.mask, played.globals))
    log_policy = torch.log_softmax(each.network.decode(taken, *parts)[0], dim=1)
    of_actions = log_policy[torch.arange(len(worth)), torch.from_numpy(played.action)]
    (-(of_actions * torch.from_numpy(worth)).sum() / 16).float().backward()
    assert torch.allclose(found, each.network.box_score.weight.grad, atol=1e-5)


def test_each_pick_answers_for_what_it_loses_against_the_best_completion(tmp_path):
    config = ReinforceConfig(
        network=SMALL,
        assembly=AssemblyConfig(max_boxes=12, reward=RewardConfig("potential")),
        batch_instances=4,
        samples=4,
        best_weight=0.0,
        credit=0.0,
    )
    run = RunFolder.open(tmp_path / "run", config.to_dict(), "test", False, False)
    each = ReinforceTrainer(config, instances(8), instances(4, seed=6), run)
    played = drawn_episodes(
        each.network, each.train[:4], config.assembly, np.random.default_rng(2), 4
    )
    states = distinct_states(played)
    lost = []
    for step, action in enumerate(played.action.tolist()):
        instance = each.train[played.episode[step] // 4]
        picks = np.flatnonzero(played.picked[step]).tolist()
        before = instance.solver.solve(picks).energy
        is_stop = action == played.picked.shape[1]
        after = picks if is_stop else [*picks, action]
        ended = is_stop or not (played.episode[step + 1 :] == played.episode[step]).any()
        lost.append(
            before - (instance.energy(after) if ended else instance.solver.solve(after).energy)
        )
    found = each._worth(played, states, np.arange(4))
    assert min(lost) < -1 and max(lost) == pytest.approx(0, abs=1e-6)
    assert np.allclose(found, against_same_state(np.array(lost), states), atol=1e-4)
    each.credit = 1.0
    totals = to_come(played.episode, np.array(lost), 1.0)
    assert np.allclose(
        totals[:16],
        (played.returns * each.scale[:4, None]).ravel() + np.repeat(each.optimum[:4], 4),
        atol=1e-4,
    )


def test_a_toy_instance_is_learnt_and_the_run_can_be_loaded(tmp_path):
    config = ReinforceConfig(
        network=SMALL,
        assembly=AssemblyConfig(max_boxes=12),
        epochs=40,
        batch_instances=2,
        learning_rate=1e-2,
    )
    run = RunFolder.open(tmp_path / "run", config.to_dict(), "test", False, False)
    toys = instances(2)
    each = ReinforceTrainer(config, toys, toys, run)
    before = each.validate()[0]
    each.fit(report=lambda line: None)
    assert each.progress.best_score < 0.05 < before
    assert load_learned(tmp_path / "run" / "weights.safetensors").role == "policy"


def test_the_price_of_moving_keeps_the_policy_at_its_start(tmp_path):
    torch.manual_seed(1)
    start = AssemblyNetwork(SMALL).eval()
    each = trainer(tmp_path / "run", start, epochs=1, kl_weight=0.5)
    each.rng = np.random.default_rng(0)
    losses = each.batch_loss(np.arange(4))
    assert abs(losses["kl"].item()) < 1e-6
    with torch.no_grad():
        each.network.stop_score.bias += 2.0
    assert each.batch_loss(np.arange(4))["kl"].item() > 0.01


@pytest.mark.parametrize(
    ("settings", "reason"), [({"samples": 1}, "at least 2"), ({"best_weight": 1.5}, "a share")]
)
def test_settings_out_of_range_are_refused(settings, reason):
    with pytest.raises(ValueError, match=reason):
        ReinforceConfig(**settings)
