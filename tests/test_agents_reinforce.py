import numpy as np
import pytest
import torch

from boxfold.agents.episodes import Episodes, drawn_episodes
from boxfold.agents.learned import load_learned
from boxfold.agents.network import AssemblyNetwork, NetworkConfig
from boxfold.agents.reinforce import (
    ReinforceConfig,
    ReinforceTrainer,
    advantages,
    weighted_states,
)
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence
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
    found = advantages(returns, 0.0)
    assert np.allclose(found.sum(axis=1), 0)
    assert np.allclose(found, advantages(returns + 7, 0.0))
    others = (returns.sum(axis=1, keepdims=True) - returns) / 5
    assert np.allclose(found, returns - others)


def test_the_best_is_worth_what_the_maximum_loses_without_it():
    returns = np.array([[3.0, 1.0, 3.5, 2.0], [1.0, 4.0, 4.0, 0.0]])
    lost = [[row.max() - np.delete(row, k).max() for k in range(len(row))] for row in returns]
    assert np.allclose(advantages(returns, 1.0), lost)
    assert advantages(returns, 1.0).tolist() == [[0, 0, 0.5, 0], [0, 0, 0, 0]]


def test_states_reached_in_two_orders_are_one():
    picked = np.array([[0, 0], [1, 0], [0, 0], [0, 1], [1, 1]], dtype=np.int8)
    played = Episodes(
        episode=np.array([0, 0, 1, 1, 1]),
        picked=picked,
        mask=np.ones((5, 3), dtype=np.int8),
        globals=np.zeros((5, 1), dtype=np.float32),
        action=np.array([0, 1, 1, 0, 2]),
        returns=np.zeros((1, 2)),
    )
    states = weighted_states(played, np.array([[2.0, -1.0]]))
    assert len(states.first) == 4 and states.visits.sum() == 5
    start = np.flatnonzero(states.visits == 2)[0]
    assert states.weight[start].tolist() == [2.0, -1.0, 0.0]
    assert sorted(states.weight.sum(axis=1).tolist()) == [-1.0, -1.0, 1.0, 2.0]


def test_other_instances_never_share_states():
    played = Episodes(
        episode=np.array([0, 1, 2, 3]),
        picked=np.zeros((4, 2), dtype=np.int8),
        mask=np.ones((4, 3), dtype=np.int8),
        globals=np.zeros((4, 1), dtype=np.float32),
        action=np.array([2, 2, 2, 2]),
        returns=np.zeros((2, 2)),
    )
    states = weighted_states(played, np.ones((2, 2)))
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
    worth = advantages(played.returns * each.scale[:4, None], 0.3).ravel()[played.episode]
    encoded = each.network.encode(*each.layouts.of(rows))
    taken = encoded.take(torch.from_numpy(played.episode // 4))
    parts = (torch.from_numpy(part) for part in (played.picked, played.mask, played.globals))
    log_policy = torch.log_softmax(each.network.decode(taken, *parts)[0], dim=1)
    of_actions = log_policy[torch.arange(len(worth)), torch.from_numpy(played.action)]
    (-(of_actions * torch.from_numpy(worth)).sum() / 16).float().backward()
    assert torch.allclose(found, each.network.box_score.weight.grad, atol=1e-5)


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
