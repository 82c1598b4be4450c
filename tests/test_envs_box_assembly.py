import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_env_sb3

import boxfold.envs
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.instance import instance_from_sequence
from boxfold.envs.rendering import COLOURS
from boxfold.envs.sampler import ListSampler, SyntheticSampler

TOLERATED = {
    "tokens has an unconventional shape": "a matrix, a line per box",
    "boxes has an unconventional shape": "a matrix, a line per box",
    "loop_energy has an unconventional shape": "a matrix, box by box",
}
"""Parts of warnings that the checkers may give, with the reason."""


def made(**settings):
    return gymnasium.make(f"boxfold.envs:{boxfold.envs.ENV_ID}", **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"render_mode": "ansi", "mask": False},
        {"render_mode": "rgb_array", "action_types": "all", "pseudoknots": "allow"},
    ],
)
def test_both_checkers_pass(settings):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        env = made(max_boxes=16, **settings).unwrapped
        check_env(env)
        check_env_sb3(env)
    texts = [str(warning.message) for warning in caught]
    assert [t for t in texts if not any(part in t for part in TOLERATED)] == []


def test_defaults_are_synthetic_60_mers_with_64_boxes():
    env = made()
    observation, info = env.reset(seed=0)
    assert env.action_space.n == 65 and observation["tokens"].shape[0] == 64
    assert len(env.unwrapped.instance.seq) == 60 and info == {}
    assert env.spec.max_episode_steps is None
    assert observation in env.observation_space


def test_two_seeded_copies_live_the_same_50_steps():
    envs = [made(max_boxes=32, reward="immediate") for _ in range(2)]
    seeds = iter(range(100))
    seed = next(seeds)
    observations = [env.reset(seed=seed)[0] for env in envs]
    actions = np.random.default_rng(0)
    for _ in range(50):
        assert_same(*observations)
        masks = [env.unwrapped.action_masks() for env in envs]
        np.testing.assert_array_equal(masks[0], observations[0]["action_mask"])
        action = actions.choice(np.flatnonzero(masks[0]))
        (first, *rest), (second, *other) = (env.step(action) for env in envs)
        assert rest == other
        observations = [first, second]
        if rest[1]:
            observations = [env.reset()[0] for env in envs]


def test_another_seed_is_another_sequence():
    env = BoxAssemblyEnv(SyntheticSampler(30, 16), max_boxes=16)
    sequences = []
    for seed in (1, 2, 1):
        env.reset(seed=seed)
        sequences.append(env.instance.seq)
    assert sequences[0] == sequences[2] != sequences[1]


def test_observations_are_copies():
    env = BoxAssemblyEnv(SyntheticSampler(40, 16), max_boxes=16)
    first, _ = env.reset(seed=0)
    kept = {name: array.copy() for name, array in first.items()}
    env.step(0)
    assert_same(first, kept)


def test_given_instance_is_played():
    instance = instance_from_sequence("GGGGAAAACCCC", 4)
    env = BoxAssemblyEnv(max_boxes=4)
    env.reset(seed=0, options={"instance": instance})
    assert env.instance is instance
    *_, info = env.step(4)
    assert info["dot_bracket"] == "." * 12 and info["energy"] == 0


def test_list_sampler_walks_in_order_and_round():
    instances = [instance_from_sequence("A" * n, 4) for n in (5, 6, 7)]
    sampler, rng = ListSampler(instances, in_order=True), np.random.default_rng(0)
    assert [len(sampler(rng).seq) for _ in range(4)] == [5, 6, 7, 5]
    sampler.restart()
    assert len(sampler(rng).seq) == 5
    drawn = [len(ListSampler(instances)(rng).seq) for _ in range(300)]
    assert all(60 < drawn.count(n) < 140 for n in (5, 6, 7))
    with pytest.raises(ValueError, match="at least one"):
        ListSampler([])


def test_text_shows_sequence_structure_and_state_of_boxes():
    env = BoxAssemblyEnv(max_boxes=4, render_mode="ansi")
    assert env.render() is None
    instance = instance_from_sequence("GGGGAAAACCCC", 4)
    env.reset(options={"instance": instance})
    env.step(0)
    lines = env.render().splitlines()
    assert lines[1] == "GGGGAAAACCCC"
    assert lines[2] == f"((((....)))) ({instance.energy([0]):6.2f})"
    assert lines[4].split() == ["0", "stem", "1-12", "4x4", "picked"]
    assert {line.split()[-1] for line in lines[5:]} == {"excluded"}


def test_grid_shows_picked_allowed_and_excluded_boxes():
    env = BoxAssemblyEnv(max_boxes=64, render_mode="rgb_array")
    env.reset(options={"instance": instance_from_sequence("GGGGAAAACCCCAAGCGCUUUUGCGC", 64)})
    before = env.render()
    env.step(0)
    after = env.render()
    assert after.dtype == np.uint8 and after.shape == (260, 260, 3)
    colour = {name: np.array(value) for name, value in COLOURS.items()}
    i, j = env.instance.base_pairs([0])[0] * 10 + 5
    assert (before[i, j] == colour["allowed"]).all() and (after[i, j] == colour["picked"]).all()
    assert (after[j, i] == colour["picked"]).all()
    assert (after == colour["excluded"]).all(axis=2).any()
    assert not (before == colour["excluded"]).all(axis=2).any()


def test_unknown_render_mode_is_refused():
    with pytest.raises(ValueError, match="ansi, rgb_array"):
        BoxAssemblyEnv(render_mode="human")


def test_class_text_is_the_manual():
    headings = [line[7:] for line in BoxAssemblyEnv.__doc__.splitlines() if line[4:7] == "## "]
    assert headings == [
        "Description",
        "Action Space",
        "Observation Space",
        "Starting State",
        "Rewards",
        "Episode End",
        "Information",
        "Arguments",
        "Version History",
    ]


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
