"""Episodes of the exact teacher on the Gymnasium environment."""

import gymnasium
import numpy as np
import pytest

import boxfold.envs
from boxfold.agents.expert import expert_episode, expert_episodes
from boxfold.envs.instance import instance_from_sequence

TWO_HAIRPINS = "GGGGCAAAAGCCCCAAAGGCGCAAAAGCGCC"


def env_of(**settings):
    return gymnasium.make(boxfold.envs.ENV_ID, max_boxes=12, **settings).unwrapped


@pytest.fixture
def instance():
    return instance_from_sequence(TWO_HAIRPINS, max_boxes=12, id="two")


@pytest.mark.parametrize("reward", ["final", "immediate", "potential"])
def test_the_optimum_is_picked_and_paid(instance, reward):
    episode = expert_episode(env_of(reward=reward), instance, np.random.default_rng(0))
    picks = set(instance.optimum.picks)
    assert len(picks) == 2 and set(episode.actions[:2].tolist()) == picks
    assert episode.rewards.sum() == pytest.approx(-instance.optimum.energy / instance.scale)
    assert (episode.id, episode.seq) == ("two", TWO_HAIRPINS)


def test_every_action_was_allowed_and_only_the_last_ends(instance):
    episode = expert_episode(env_of(), instance, np.random.default_rng(1))
    steps = np.arange(len(episode.actions))
    assert (episode.observations["action_mask"][steps, episode.actions] == 1).all()
    assert episode.terminations.tolist() == [False] * (len(steps) - 1) + [True]
    assert all(len(values) == len(steps) + 1 for values in episode.observations.values())
    assert episode.observations["picked"].sum(axis=1).tolist()[:3] == [0, 1, 2]


def test_stop_comes_last_unless_nothing_is_left():
    env = env_of()
    only = instance_from_sequence("GGGGAAAACCCC", max_boxes=1)
    assert expert_episode(env, only, np.random.default_rng(0)).actions.tolist() == [0]
    nothing = instance_from_sequence("GGGAAAAUUU", max_boxes=12)
    assert nothing.optimum.picks == () and nothing.n_boxes > 0
    assert expert_episode(env, nothing, np.random.default_rng(0)).actions.tolist() == [12]


def test_orders_differ_within_an_instance_and_repeat_with_the_seed(instance):
    def orders(seed):
        found = expert_episodes(env_of(), [instance, instance], 6, seed)
        return [tuple(each.actions.tolist()) for each in found]

    assert len(orders(0)) == 12 and len(set(orders(0)[:6])) == 2
    assert orders(0) == orders(0) and orders(0) != orders(1)
