"""A combination of rewards in the environment, and reactivities in its observation."""

import numpy as np
import pytest

from boxfold.envs.batch import BatchAssembly
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.config import AssemblyConfig, configured
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.envs.objective import Objective
from boxfold.features.box_reactivity import box_reactivity
from boxfold.rewards.combination import combination_of
from boxfold.rewards.plugin import RewardError
from boxfold.rewards.probing_reward import auroc
from boxfold.rewards.reward_text import reward_config

SEQ = "GGGGAAAACCCCAGGGGAAAACCCC"
REACTIVITY = np.linspace(0, 1, 25).astype(np.float32)


@pytest.fixture
def rna() -> Instance:
    instance = instance_from_sequence(SEQ, 8, "rna")
    instance.reactivity = REACTIVITY
    return instance


def settings(text, **values):
    return AssemblyConfig(8, reward=reward_config(text), **values)


def play(batch, instance, picks):
    """Rewards of an episode that picks and stops, and its info."""
    batch.load(0, instance)
    actions = [*picks, batch.config.stop]
    results = [batch.step([action]) for action in actions]
    return [result.reward[0] for result in results], results[-1].infos[0]


def test_a_combination_is_paid_at_the_end_by_component(rna):
    batch = BatchAssembly(settings("energy=1,shape=0.5,s1=2"))
    rewards, info = play(batch, rna, [0])
    paired = np.zeros(25, dtype=bool)
    paired[rna.base_pairs([0]).ravel()] = True
    parts = {name: info[f"reward/{name}"] for name in ("validity", "energy", "shape", "s1")}
    assert parts["energy"] == pytest.approx(-rna.energy([0]) / rna.scale, abs=1e-6)
    assert parts["shape"] == pytest.approx(0.5 * auroc(REACTIVITY, ~paired), abs=1e-6)
    assert parts["validity"] == 0 and "reward/loops" not in info
    assert rewards[:-1] == [0] and rewards[-1] == pytest.approx(sum(parts.values()), abs=1e-6)
    assert batch.reward_calls == 1


def test_energy_alone_is_the_reward_without_plug_ins(rna):
    for picks in ([], [0], [0, 1], [2]):
        plain, combined = (
            play(BatchAssembly(configured(AssemblyConfig(8), {"reward": text})), rna, picks)
            for text in ("final", "energy=1")
        )
        np.testing.assert_allclose(plain[0], combined[0], atol=1e-6)


def test_an_invalid_episode_gets_the_penalty_and_no_reward(rna):
    batch = BatchAssembly(settings("shape=1", mask=False))
    batch.load(0, rna)
    conflict = np.flatnonzero(rna.conflict()[0])[1]
    batch.step([0])
    result = batch.step([conflict])
    assert result.reward[0] == -1 == result.infos[0]["reward/validity"]
    assert result.infos[0]["reward/shape"] == 0 and batch.reward_calls == 0


def test_a_failing_reward_names_itself_and_the_sequence():
    plain = instance_from_sequence(SEQ, 8, "plain")
    with pytest.raises(RewardError, match="reward 'shape' failed on 'plain': no reactivities"):
        play(BatchAssembly(settings("shape=1")), plain, [0])


def test_reactivities_are_observed_if_asked_for(rna):
    env = BoxAssemblyEnv(lambda rng: rna, max_boxes=8, reactivity=True, reward="shape=1")
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    expected = box_reactivity(rna.boxes, REACTIVITY)
    np.testing.assert_array_equal(observation["reactivity"][: rna.n_boxes], expected)
    assert not observation["reactivity"][rna.n_boxes :].any() and expected.any()
    plain = instance_from_sequence(SEQ, 8)
    assert not env.reset(options={"instance": plain})[0]["reactivity"].any()
    assert "reactivity" not in BoxAssemblyEnv(lambda rng: rna, max_boxes=8).reset(seed=0)[0]


def test_loops_have_reactivities_too(rna):
    config = AssemblyConfig(16, action_types="all", reactivity=True)
    batch = BatchAssembly(config)
    batch.load(0, rna)
    assert batch.observation["reactivity"].shape == (1, 16, 4)


def test_an_objective_is_the_energy_where_the_reward_is(rna):
    rna.objective = Objective(combination_of(reward_config("energy=1").terms))
    first, second = np.argwhere(~rna.conflict())[0].tolist()
    for picks in ([], [first], [second, first]):
        assert rna.cost(picks) == pytest.approx(rna.energy(picks))
    assert rna.cost((first, second)) == rna.cost([second, first])
    assert rna.objective.calls == 3
    fresh = rna.fresh()
    assert fresh.reactivity is REACTIVITY and fresh.energy_calls == 0
    assert fresh.objective is not None and fresh.objective.calls == 0
    assert rna.cut(2).objective.rewards is rna.objective.rewards
    rna.objective = None
    assert rna.cost([0]) == rna.energy([0])
