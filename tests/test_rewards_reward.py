"""Returns by hand: scaling, modes that must agree, invalid ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.rewards.reward import (
    REWARD_COMPONENTS,
    RewardConfig,
    StateTerms,
    reward_scale,
    step_reward,
)

ENERGIES = st.lists(st.integers(-2000, 900).map(lambda e: e / 100), min_size=1, max_size=6)


def episode(
    config: RewardConfig, states: list[StateTerms], optimum: float, valid: bool = True
) -> np.ndarray:
    """Sum of the components over an episode that starts empty and goes through `states`."""
    states = [StateTerms(completion=optimum), *states]
    last = len(states) - 1
    steps = [
        step_reward(config, optimum, states[k - 1], states[k], k == last, valid or k < last)
        for k in range(1, len(states))
    ]
    return np.sum(steps, axis=0)


def test_final_reward_is_one_minus_the_gap() -> None:
    states = [StateTerms(energy=2.5), StateTerms(energy=-6.0)]
    components = episode(RewardConfig(), states, optimum=-8.0)
    assert components.tolist() == [0.0, 0.75, 0.0, 0.0]
    assert components.sum() == 1 - (-6.0 - -8.0) / 8.0


@pytest.mark.parametrize(("energy", "expected"), [(-1.0, 0.5), (0.0, 0.0), (4.0, -2.0), (50, -5)])
def test_small_optima_are_scaled_by_two_and_high_energies_cut(
    energy: float, expected: float
) -> None:
    reward = step_reward(RewardConfig(), -1.0, StateTerms(), StateTerms(energy), True, True)
    assert reward.dtype == np.float32
    assert reward.tolist() == [0.0, expected, 0.0, 0.0]
    assert reward_scale(-1.0) == 2.0


@pytest.mark.parametrize("mode", ["final", "immediate", "potential"])
def test_invalid_end_costs_the_penalty_and_earns_no_energy(mode: str) -> None:
    config = RewardConfig(mode=mode, invalid_penalty=1.5)  # type: ignore[arg-type]
    states = [StateTerms(-3.0, 1.0, -4.0), StateTerms(999.0, 999.0, 999.0)]
    components = episode(config, states, optimum=-5.0, valid=False)
    assert components == pytest.approx([-1.5, 0.0, 0.0, 0.0], abs=1e-6)


@given(ENERGIES, st.integers(-2000, 0).map(lambda e: e / 100))
def test_every_mode_has_the_return_of_final(energies: list[float], optimum: float) -> None:
    states = [StateTerms(e, 0.1 * e, optimum + 0.3 * k) for k, e in enumerate(energies)]
    returns = {
        mode: episode(RewardConfig(mode=mode, loop_weight=1.0), states, optimum).sum()  # type: ignore[arg-type]
        for mode in ("final", "immediate", "potential")
    }
    expected = -1.1 * energies[-1] / max(2.0, -optimum)
    assert returns == pytest.approx(dict.fromkeys(returns, expected), abs=1e-4)


def test_shaping_telescopes_and_each_step_is_minus_its_regret() -> None:
    config = RewardConfig(mode="potential")
    path = [StateTerms(completion=c) for c in (-8.0, -8.0, -6.0, -5.0)]
    steps = [
        step_reward(config, -8.0, before, after, terminal, True)[3]
        for before, after, terminal in zip(path, path[1:], (False, False, True), strict=False)
    ]
    assert steps == pytest.approx([0.0, -2.0 / 8.0, 2.0 / 8.0])
    assert sum(steps) == pytest.approx(0.0)


def test_discounted_shaping_leaves_the_discounted_return_alone() -> None:
    config = RewardConfig(mode="potential", gamma=0.9)
    path = [StateTerms(completion=c) for c in (-8.0, -7.0, -6.0, -5.0)]
    steps = [
        step_reward(config, -8.0, path[k], path[k + 1], k == 2, True)[3] * 0.9**k for k in range(3)
    ]
    assert sum(steps) == pytest.approx(0.0, abs=1e-6)


def test_immediate_reward_is_the_change_of_energy() -> None:
    config = RewardConfig(mode="immediate")
    step = step_reward(config, -4.0, StateTerms(3.0), StateTerms(-1.0), False, True)
    assert step.tolist() == [0.0, 1.0, 0.0, 0.0]
    from_above = step_reward(config, -4.0, StateTerms(50.0), StateTerms(0.0), False, True)
    assert from_above.tolist() == [0.0, 2.5, 0.0, 0.0]


def test_a_batch_equals_its_episodes() -> None:
    rng = np.random.default_rng(0)
    terms = rng.normal(0, 5, (7, 6))
    terminal, valid = rng.random(6) < 0.5, rng.random(6) < 0.5
    for mode in ("final", "immediate", "potential"):
        config = RewardConfig(mode=mode, gamma=0.9, loop_weight=1.0)  # type: ignore[arg-type]
        batch = step_reward(
            config, terms[0], StateTerms(*terms[1:4]), StateTerms(*terms[4:7]), terminal, valid
        )
        assert batch.shape == (6, len(REWARD_COMPONENTS))
        for k in range(6):
            before, after = StateTerms(*terms[1:4, k]), StateTerms(*terms[4:7, k])
            single = step_reward(config, terms[0, k], before, after, terminal[k], valid[k])
            assert single.tolist() == batch[k].tolist()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"mode": "soon"}, "reward mode is 'soon'"),
        ({"gamma": 0.0}, "gamma is 0.0"),
        ({"gamma": 1.1}, "gamma is 1.1"),
        ({"invalid_penalty": -1.0}, "can't be negative"),
        ({"loop_weight": -0.1}, "can't be negative"),
    ],
)
def test_settings_out_of_range_are_refused(setting: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RewardConfig(**setting)


def test_only_shaping_reads_completions() -> None:
    assert RewardConfig(mode="potential").needs_completion
    assert not RewardConfig(mode="final").needs_completion
    assert not RewardConfig(mode="immediate").needs_completion
