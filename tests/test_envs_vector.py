import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import boxfold.envs
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.instance import instance_from_sequence
from boxfold.envs.sampler import SyntheticSampler
from boxfold.envs.vec_env import BoxAssemblyVecEnv

N_ENVS = 3
SETTINGS = [
    {},
    {"reward": "potential", "mask": False},
    {"reward": "immediate", "pseudoknots": "allow"},
]


def sampler():
    return SyntheticSampler(length=40, max_boxes=12)


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def mostly_allowed(masks, rng):
    """Allowed actions, now and then any action."""
    actions = (masks * rng.random(masks.shape)).argmax(axis=1)
    anything = rng.integers(masks.shape[1], size=len(masks))
    return np.where(rng.random(len(masks)) < 0.1, anything, actions)


@pytest.mark.parametrize("settings", SETTINGS)
def test_sb3_batch_equals_single_environments(settings):
    batch = BoxAssemblyVecEnv(N_ENVS, sampler(), max_boxes=12, **settings)
    singles = DummyVecEnv(
        [lambda: BoxAssemblyEnv(sampler(), max_boxes=12, **settings) for _ in range(N_ENVS)]
    )
    assert batch.observation_space == singles.observation_space
    batch.seed(7)
    singles.seed(7)
    assert_same(batch.reset(), singles.reset())
    rng, n_ended, n_invalid = np.random.default_rng(0), 0, 0
    for _ in range(60):
        masks = batch.action_masks()
        np.testing.assert_array_equal(masks, np.stack(batch.env_method("action_masks")))
        np.testing.assert_array_equal(masks, np.stack(singles.env_method("action_masks")))
        actions = mostly_allowed(masks, rng)
        observation, reward, done, infos = batch.step(actions)
        observation_1, reward_1, done_1, infos_1 = singles.step(actions)
        assert_same(observation, observation_1)
        np.testing.assert_array_equal(reward, reward_1)
        np.testing.assert_array_equal(done, done_1)
        for b in np.flatnonzero(done):
            last, last_1 = (i[b].pop("terminal_observation") for i in (infos, infos_1))
            assert_same(last, last_1)
            assert infos[b] == infos_1[b]
            n_ended += 1
            n_invalid += not infos[b]["valid"]
        assert all(infos[b] == {} for b in np.flatnonzero(~done))
    assert n_ended > 20 and n_invalid > 2


def test_gymnasium_batch_equals_single_environments():
    batch = gymnasium.make_vec(
        f"boxfold.envs:{boxfold.envs.ENV_ID}",
        num_envs=N_ENVS,
        vectorization_mode="vector_entry_point",
        sampler=sampler(),
        max_boxes=12,
    )
    singles = gymnasium.vector.SyncVectorEnv(
        [lambda: BoxAssemblyEnv(sampler(), max_boxes=12) for _ in range(N_ENVS)],
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    assert batch.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    assert_same(batch.reset(seed=3)[0], singles.reset(seed=3)[0])
    rng, n_ended = np.random.default_rng(0), 0
    for _ in range(40):
        actions = mostly_allowed(batch.unwrapped.action_masks(), rng)
        *one, infos = batch.step(actions)
        *other, infos_1 = singles.step(actions)
        assert_same(one[0], other[0])
        np.testing.assert_array_equal(one[1:], other[1:])
        assert infos.keys() == infos_1.keys()
        for b in np.flatnonzero(one[2]):
            assert_same(infos["final_obs"][b], infos_1["final_obs"][b])
            assert infos["final_info"]["picks"][b] == infos_1["final_info"]["picks"][b]
            assert infos["final_info"]["energy_gap"][b] == infos_1["final_info"]["energy_gap"][b]
            n_ended += 1
        assert one[0] in batch.observation_space
    assert n_ended > 15


def test_defaults_work_with_make_vec():
    env = gymnasium.make_vec(
        "boxfold.envs:boxfold/BoxAssembly-v0",
        num_envs=2,
        vectorization_mode="vector_entry_point",
        render_mode="ansi",
    )
    observation, _ = env.reset(seed=[1, 2])
    assert observation["tokens"].shape[:2] == (2, 64)
    pictures = env.render()
    assert len(pictures) == 2 and len(pictures[0].splitlines()[1]) == 60


def test_given_instances_are_played_once():
    seq = "GGGGAAAACCCC"
    given = [instance_from_sequence(seq, 4) for _ in range(2)]
    vec_env = BoxAssemblyVecEnv(2, sampler(), max_boxes=12)
    vec_env.set_options([{"instance": instance} for instance in given])
    vec_env.reset()
    assert [instance.seq for instance in vec_env.get_attr("instance")] == [seq, seq]
    vec_env.step(np.full(2, 12))
    assert [len(instance.seq) for instance in vec_env.get_attr("instance")] == [40, 40]
    vector = gymnasium.make_vec(
        "boxfold/BoxAssembly-v0", 2, vectorization_mode="vector_entry_point", max_boxes=12
    )
    vector.reset(options={"instances": given})
    *_, infos = vector.step(np.full(2, 12))
    assert infos["final_info"]["sequence"].tolist() == [seq, seq]


def test_monitor_sees_rewards_and_keywords():
    vec_env = VecMonitor(
        BoxAssemblyVecEnv(2, sampler(), max_boxes=12), info_keywords=("is_success", "energy_gap")
    )
    vec_env.seed(0)
    vec_env.reset()
    _, reward, _, infos = vec_env.step(np.full(2, 12))
    assert infos[0]["episode"]["l"] == 1 and infos[0]["episode"]["r"] == reward[0] == 0
    assert infos[0]["episode"]["energy_gap"] == infos[0]["energy_gap"] >= 0


def test_attributes_are_shared_by_the_copies():
    vec_env = BoxAssemblyVecEnv(2, sampler(), max_boxes=12, render_mode="rgb_array")
    vec_env.reset()
    assert vec_env.get_attr("render_mode") == ["rgb_array"] * 2
    assert [image.shape for image in vec_env.get_images()] == [(280, 280, 3)] * 2
    with pytest.raises(ValueError, match="shared"):
        vec_env.set_attr("render_mode", None, indices=0)
    with pytest.raises(AttributeError, match="action_masks"):
        vec_env.env_method("fly")
    assert vec_env.env_is_wrapped(gymnasium.Wrapper) == [False, False]
