"""Competitors for a black-box reward: few boxes, and the best of several exact structures."""

from dataclasses import replace

import numpy as np
import pytest

from boxfold.agents.additive_agents import BestScoreAgent
from boxfold.agents.search import BeamAgent
from boxfold.envs.instance import instance_from_sequence
from boxfold.envs.objective import Objective
from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.combination import combination_of
from boxfold.rewards.reward_text import reward_config

pytestmark = pytest.mark.usefixtures("benchmarks")


def rng():
    return np.random.default_rng(0)


def probed(count=4):
    """Windows with a profile that no structure was drawn for."""
    generator = np.random.default_rng(6)
    rewards = combination_of(reward_config("energy=1,shape=1").terms)
    problems = [instance_from_sequence(synthetic_sequence(60, generator), 24) for _ in range(count)]
    return [
        replace(
            each,
            reactivity=generator.random(60).astype(np.float32),
            objective=Objective(rewards),
        )
        for each in problems
    ]


def test_the_best_by_reward_of_several_is_no_worse_than_the_first():
    from black_box import Reranked

    agent = BestScoreAgent("allow")
    first = agent.assemble(probed(), rng())
    plain = [each.cost(one.picks) for each, one in zip(probed(), first, strict=True)]
    given = probed()
    found = Reranked(agent, 6).assemble(given, rng())
    best = [each.cost(one.picks) for each, one in zip(given, found, strict=True)]
    assert all(b <= p for b, p in zip(best, plain, strict=True)) and sum(best) < sum(plain) - 0.1
    assert all(1 <= each.objective.calls <= 7 for each in given)


def test_few_boxes_are_the_first_ones_and_calls_are_counted():
    from black_box import FewBoxes

    given = probed()
    found = FewBoxes(BeamAgent("allow", 2, 64), 5).assemble(given, rng())
    assert all(max(one.picks, default=0) < 5 for one in found) and any(one.picks for one in found)
    assert all(1 < each.objective.calls <= 65 for each in given)
