import numpy as np
import pytest

from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.sampler import ListSampler, SyntheticSampler
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.reward import RewardConfig
from boxfold.rewards.validity import check_structure


@pytest.fixture(scope="module")
def instances():
    rng = np.random.default_rng(5)
    return [SyntheticSampler(length=50, max_boxes=32)(rng) for _ in range(12)]


def played(batch, instances, n_steps, seed=0):
    """Random allowed actions; yields the state before the step, the actions and the result."""
    rng = np.random.default_rng(seed)
    sampler = ListSampler(instances)
    for b in range(batch.n_envs):
        batch.load(b, sampler(rng))
    for _ in range(n_steps):
        masks = batch.action_masks()
        actions = (masks * rng.random(masks.shape)).argmax(axis=1)
        result = batch.step(actions)
        yield actions, result
        for b in np.flatnonzero(result.terminated):
            batch.load(b, sampler(rng))


@pytest.mark.parametrize("pseudoknots", ["forbid", "allow"])
def test_mask_step_by_step_equals_mask_from_the_definition(instances, pseudoknots):
    batch = BatchAssembly(AssemblyConfig(32, pseudoknots=pseudoknots), 3)
    n_compared = n_limited = 0
    for _, result in played(batch, instances, 60):
        for b in np.flatnonzero(~result.terminated):
            instance, picks = batch.instances[b], batch.picks[b]
            allowed = ~instance.conflict(pseudoknots)[picks].any(axis=0)
            if pseudoknots == "allow":
                limited = needs_a_third_page(instance, picks)
                n_limited += (limited & allowed).sum()
                allowed &= ~limited
            mask = batch.observation["action_mask"][b]
            np.testing.assert_array_equal(mask[: instance.n_boxes], allowed)
            assert not mask[instance.n_boxes : -1].any() and mask[-1] == 1
            n_compared += 1
    assert n_compared > 60 and (n_limited > 0) == (pseudoknots == "allow")


def needs_a_third_page(instance, picks):
    """Boxes that, with what is picked, make a ring of crossings of odd length."""
    out = np.zeros(instance.n_boxes, dtype=bool)
    for box in range(instance.n_boxes):
        together = sorted({*picks, box})
        crossing = instance.crossing[np.ix_(together, together)].astype(int)
        power = np.eye(len(together), dtype=int)
        for step in range(1, len(together) + 1):  # a closed walk of odd length holds an odd ring
            power = np.minimum(power @ crossing, 1)
            out[box] |= step % 2 == 1 and power.trace() > 0
    return out


@pytest.mark.parametrize("pseudoknots", ["forbid", "allow"])
def test_two_thousand_masked_steps_never_make_an_invalid_structure(instances, pseudoknots):
    batch = BatchAssembly(AssemblyConfig(32, pseudoknots=pseudoknots), 20)
    n_ended = n_knotted = 0
    for _, result in played(batch, instances, 100):
        for info in filter(None, result.infos):
            pairs = base_pairs_from_dot_bracket(info["dot_bracket"])
            assert info["valid"] and check_structure(info["sequence"], pairs) == ()
            n_ended += 1
            n_knotted += "[" in info["dot_bracket"]
    assert n_ended > 200 and (n_knotted > 0) == (pseudoknots == "allow")


@pytest.mark.parametrize("loop_weight", [0.0, 0.3])
def test_return_is_the_same_in_every_reward_mode(instances, loop_weight):
    totals = []
    for mode in ("final", "immediate", "potential"):
        reward = RewardConfig(mode, max_energy=1000.0, loop_weight=loop_weight)
        batch = BatchAssembly(AssemblyConfig(32, reward=reward), 4)
        returns, running = [], np.zeros(4)
        for _, result in played(batch, instances, 30):
            running += result.reward
            for b in np.flatnonzero(result.terminated):
                info = result.infos[b]
                parts = sum(value for key, value in info.items() if key.startswith("reward/"))
                assert parts == pytest.approx(running[b], abs=1e-5)
                returns.append(running[b])
            running[result.terminated] = 0
        totals.append(returns)
    assert len(totals[0]) > 15
    np.testing.assert_allclose(totals[1], totals[0], atol=1e-5)
    np.testing.assert_allclose(totals[2], totals[0], atol=1e-5)


def test_padding_changes_no_episode(instances):
    small, large = (BatchAssembly(AssemblyConfig(size), 2) for size in (32, 50))
    rng = np.random.default_rng(3)
    for b in range(2):
        small.load(b, instances[b])
        large.load(b, instances[b])
    while not small.finished.all():
        masks = small.action_masks()
        actions = (masks * rng.random(masks.shape)).argmax(axis=1)
        one, other = small.step(actions), large.step(np.where(actions == 32, 50, actions))
        np.testing.assert_array_equal(one.reward, other.reward)
        assert one.infos == other.infos
        np.testing.assert_array_equal(small.observation["globals"], large.observation["globals"])
        np.testing.assert_array_equal(
            small.observation["action_mask"][:, :32], large.observation["action_mask"][:, :32]
        )


def test_more_boxes_than_slots_are_cut(instances):
    batch = BatchAssembly(AssemblyConfig(8))
    batch.load(0, instances[0])
    np.testing.assert_array_equal(batch.observation["boxes"][0], instances[0].boxes[:8])
    result = batch.step([8])
    gap = -instances[0].cut(8).optimum.energy
    assert result.infos[0]["energy_gap"] == pytest.approx(gap)
