"""Agents that search and rerank make minus the rewards small, and count what they had judged."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from boxfold.agents.evaluation import (
    PER_SEQUENCE_COLUMNS,
    EvaluationConfig,
    evaluate_agents,
    summarise,
)
from boxfold.agents.guided_agent import GuidedBeamAgent
from boxfold.agents.guided_beam import GuidedBeamConfig
from boxfold.agents.heuristics import GreedyEnergyAgent, RandomAgent
from boxfold.agents.learned import Learned
from boxfold.agents.learned_agents import PolicyAgent, SupervisedAgent, UnsolvedInstance
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.search import AnnealingAgent, BeamAgent, ExactAgent, RnafoldAgent
from boxfold.envs.instance import instance_from_sequence
from boxfold.envs.objective import Objective
from boxfold.features.probing_noise import simulated_reactivity
from boxfold.rewards.combination import combination_of
from boxfold.rewards.plugin import RewardError, Structure
from boxfold.rewards.reward_text import reward_terms

RNG = np.random.default_rng


def problems(text=None, n=5, length=45, boxes=9):
    """Small instances with profiles of a structure that is not the best one."""
    rng = RNG(5)
    found = []
    for k in range(n):
        seq = "".join(rng.choice(list("ACGU"), length))
        instance = instance_from_sequence(seq, boxes, f"rna{k}")
        other = instance.base_pairs([instance.n_boxes - 1])
        objective = None if text is None else Objective(combination_of(reward_terms(text)))
        instance.reactivity = simulated_reactivity(other, length, rng)
        found.append(replace(instance, objective=objective))
    return found


def network(**config):
    torch.manual_seed(3)
    made = AssemblyNetwork(NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, **config))
    torch.nn.init.normal_(made.box_score.weight)
    return made.eval()


def agents():
    policy = Learned(network(), "policy", 0.5, False)
    return [
        BeamAgent(width=8),
        AnnealingAgent(n_iterations=400),
        GreedyEnergyAgent(),
        RandomAgent(),
        PolicyAgent(policy, "policy"),
        SupervisedAgent(policy, "supervised"),
        GuidedBeamAgent(policy, "guided", options=GuidedBeamConfig(width=4)),
    ]


def best_cost(instance):
    """Least cost of all sets of stems, by trying them."""
    free = ~instance.conflict()
    least = instance.cost(())
    for size in range(1, 4):
        for picks in itertools.combinations(range(instance.n_boxes), size):
            if all(free[a, b] for a, b in itertools.combinations(picks, 2)):
                least = min(least, instance.cost(picks))
    return least


def test_energy_as_the_only_reward_leads_to_the_same_assemblies():
    for agent in agents():
        samples = 4 if agent.can_sample else 1
        plain = agent.assemble(problems(), RNG(0), samples)
        judged = problems("energy=1")
        found = agent.assemble(judged, RNG(0), samples)
        assert [each.picks for each in found] == [each.picks for each in plain], agent.name
        assert all(each.objective.calls > 0 for each in judged), agent.name


def test_beam_and_annealing_find_the_best_set_of_a_reward_that_no_programme_finds():
    text = "energy=0.2,shape=2"
    best = [best_cost(each.fresh()) for each in problems(text)]
    energy_best = [each.cost(each.optimum.picks) for each in problems(text)]
    assert max(np.subtract(energy_best, best)) > 0.5  # the optimum of energy is not the one wanted
    for agent in (BeamAgent(width=16), AnnealingAgent(n_iterations=2000)):
        instances = problems(text)
        found = agent.assemble(instances, RNG(1))
        costs = [each.cost(made.picks) for each, made in zip(instances, found, strict=True)]
        np.testing.assert_allclose(costs, best, atol=2e-3)
        assert all(made.energy_calls == 0 for made in found)


def test_knots_are_judged_like_any_structure():
    seq = "GGGGGGAAAAGCGCGCAAAACCCCCCAAAAGCGCGC"
    plain = instance_from_sequence(seq, 24)
    judged = replace(plain, objective=Objective(combination_of(reward_terms("energy=1"))))
    agent = BeamAgent("allow", width=8)
    (first,), (second,) = agent.assemble([plain], RNG(0)), agent.assemble([judged], RNG(0))
    assert first.picks == second.picks
    assert plain.crossing[np.ix_(first.picks, first.picks)].any()


def test_the_best_of_samples_is_the_best_by_reward():
    for agent in agents():
        if not agent.can_sample:
            continue
        one, many = problems("shape=1"), problems("shape=1")
        greedy, best = agent.assemble(one, RNG(2), 1), agent.assemble(many, RNG(2), 12)
        for a, b, first, last in zip(one, many, greedy, best, strict=True):
            assert b.cost(last.picks) <= a.cost(first.picks) + 1e-9 or agent.name in (
                "random",
                "annealing",
            )
            calls = b.objective.calls
            b.cost(last.picks)
            assert b.objective.calls == calls  # the one that is kept was judged


def test_calls_are_counted_and_a_budget_is_kept():
    for agent in (
        BeamAgent(width=8, max_energy_calls=12),
        AnnealingAgent(n_iterations=500, max_energy_calls=12),
    ):
        instances = problems("energy=1,shape=1")
        agent.assemble(instances, RNG(0))
        assert all(2 <= each.objective.calls <= 13 for each in instances), agent.name


def test_evaluation_reports_the_reward_and_its_calls():
    instances = problems("energy=1,shape=1")
    rows = evaluate_agents(
        [BeamAgent(), RandomAgent(), ExactAgent(), RnafoldAgent()],
        instances,
        EvaluationConfig(samples=4),
    )
    assert list(rows.columns)[-2:] == ["reward", "reward_calls"]
    table = rows.set_index(["agent", "id"])
    for each in instances:
        pairs = each.base_pairs(each.optimum.picks)
        expected = each.objective.rewards.total(each, Structure(pairs, each.optimum.picks))
        assert table.loc[("exact", each.id), "reward"] == pytest.approx(expected)
        assert table.loc[("beam", each.id), "reward"] >= expected - 1e-9
    summary = summarise(rows).set_index("agent")
    assert summary.loc["exact", "reward_calls"] == 0 == summary.loc["rnafold", "reward_calls"]
    assert (
        summary.loc["beam", "reward_calls"] > 10
        and 1 <= summary.loc["random x 4", "reward_calls"] <= 4
    )
    assert summary.loc["beam", "energy_calls"] == 0
    assert all(each.objective.calls == 0 for each in instances)  # agents get fresh ones
    plain = evaluate_agents([BeamAgent()], problems())
    assert tuple(plain.columns) == PER_SEQUENCE_COLUMNS


def test_a_failing_reward_ends_the_evaluation_though_failures_are_collected():
    instances = problems("shape=1")
    instances[2].reactivity = None
    failures: list[str] = []
    with pytest.raises(RewardError, match="reward 'shape' failed on 'rna2': no reactivities"):
        evaluate_agents([BeamAgent()], instances, on_error=failures.append)
    assert not failures


def test_decoding_shares_the_objective_and_its_scale_but_no_reference():
    (instance,) = problems("energy=1,shape=1", n=1)
    instance.reference = np.zeros((0, 2), dtype=np.int64)
    unsolved = UnsolvedInstance(instance)
    assert unsolved.reference is None and unsolved.optimum.energy == 0
    assert unsolved.cost([0]) == instance.cost([0]) and instance.objective.calls == 1


def test_reactivities_are_seen_and_at_first_change_nothing():
    plain, seeing = network(), network(reactivity=True)
    missing = seeing.load_state_dict(plain.state_dict(), strict=False)
    assert missing.missing_keys == ["reactivity.weight"] and not missing.unexpected_keys
    instances = problems()
    picks = []
    for each in (plain, seeing):
        agent = PolicyAgent(Learned(each, "policy", 0.5, False), "x")
        picks.append([made.picks for made in agent.assemble(instances, RNG(0), 6)])
    assert picks[0] == picks[1]
    torch.nn.init.normal_(seeing.reactivity.weight)
    agent = PolicyAgent(Learned(seeing, "policy", 0.5, False), "x")
    changed = [made.picks for made in agent.assemble(instances, RNG(0))]
    for each in instances:
        each.reactivity = None
    blind = [made.picks for made in agent.assemble(instances, RNG(0))]
    assert changed != blind and blind == [
        made.picks
        for made in PolicyAgent(Learned(plain, "policy", 0.5, False), "x").assemble(
            instances, RNG(0)
        )
    ]
    with pytest.raises(ValueError, match="sees reactivities"):
        seeing.encode(
            torch.zeros(1, 2, seeing.config.n_token_features),
            torch.full((1, 2, 5), -1),
            torch.zeros(1, 2, 2),
        )
