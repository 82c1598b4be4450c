from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from boxfold.agents.additive_agents import BestScoreAgent
from boxfold.agents.heuristics import GreedyEnergyAgent, GreedyStackAgent, RandomAgent
from boxfold.agents.search import AnnealingAgent, BeamAgent, ExactAgent, RnafoldAgent
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.structure import dot_bracket

HAIRPINS = "GGGGAAAACCCCAGGGGAAAACCCC"


def rng():
    return np.random.default_rng(0)


def instances(n, length=50, max_boxes=32):
    generator = np.random.default_rng(7)
    sequences = ["".join(generator.choice(list("ACGU"), length)) for _ in range(n)]
    return [instance_from_sequence(seq, max_boxes) for seq in sequences]


def energies(agent, problems, **kwargs):
    assemblies = agent.assemble(problems, rng(), **kwargs)
    pairs = zip(problems, assemblies, strict=True)
    return np.array([problem.model.free_energy(a.base_pairs) for problem, a in pairs])


@pytest.fixture(scope="module")
def problems():
    return instances(12)


def brute_force(problem):
    conflict = problem.conflict() & ~np.eye(problem.n_boxes, dtype=bool)
    best = 0.0
    for size in range(1, problem.n_boxes + 1):
        for picks in combinations(range(problem.n_boxes), size):
            if not conflict[np.ix_(picks, picks)].any():
                best = min(best, problem.energy(picks))
    return best


def test_exact_and_a_wide_beam_equal_brute_force():
    small = instances(6, length=36, max_boxes=10)
    best = np.array([brute_force(problem) for problem in small])
    assert (best < 0).any()
    np.testing.assert_allclose(energies(ExactAgent(), small), best, atol=1e-6)
    np.testing.assert_allclose(energies(BeamAgent(width=1000), small), best, atol=1e-6)


def test_nobody_beats_exact_on_the_same_boxes(problems):
    optimum = energies(ExactAgent(), problems)
    for agent in (RandomAgent(), GreedyStackAgent(), GreedyEnergyAgent(), BeamAgent()):
        assert (energies(agent, problems) >= optimum - 1e-6).all()
    assert (energies(AnnealingAgent(), problems) >= optimum - 1e-6).all()


def test_beam_is_at_least_as_good_as_greedy_and_wider_is_nearly_always_exact(problems):
    greedy, optimum = energies(GreedyEnergyAgent(), problems), energies(ExactAgent(), problems)
    beam = energies(BeamAgent(), problems)
    assert beam.mean() < greedy.mean() - 0.1
    assert (np.abs(beam - optimum) < 0.01).mean() >= 0.9
    one = BeamAgent(width=1).assemble(problems, rng())
    sixteen = BeamAgent(width=16).assemble(problems, rng())
    assert sum(a.energy_calls for a in one) < sum(a.energy_calls for a in sixteen)


def test_beam_leaves_out_stems_that_gain_nothing():
    problem = instance_from_sequence("GGGGAAAACCCC", max_boxes=8)
    assembly = BeamAgent().assemble([problem], rng())[0]
    assert dot_bracket(assembly.base_pairs, 12) == "((((....))))"
    assert len(assembly.picks) == 1


def test_annealing_is_reproducible_and_close_to_the_optimum(problems):
    first = AnnealingAgent().assemble(problems, rng())
    second = AnnealingAgent().assemble(problems, rng())
    assert [a.picks for a in first] == [b.picks for b in second]
    gap = energies(AnnealingAgent(), problems) - energies(ExactAgent(), problems)
    assert gap.mean() < 0.5
    assert all(0 < a.energy_calls <= 3000 + 1 for a in first)


def test_annealing_keeps_an_energy_budget(problems):
    assemblies = AnnealingAgent(max_energy_calls=50).assemble(problems, rng())
    # a move evaluates at most two sets before the budget is looked at again
    assert all(a.energy_calls <= 52 for a in assemblies)


def test_annealing_by_score_starts_from_the_best_sum_of_scores(problems):
    agent = AnnealingAgent(n_iterations=1, by_score=True, hot=1e-6, cold=1e-6)
    scored = energies(BestScoreAgent(), problems)
    assert (energies(agent, problems) <= scored + 1e-6).all() and (scored < 0).any()


def test_annealing_by_score_moves_where_scores_are(problems):
    likely = np.array([0.9, 0.05, 0.05], dtype=np.float32)
    problem = problems[0].only(np.arange(3))
    problem = replace(problem, proposals=problem.proposals._replace(score=likely))
    moves = AnnealingAgent(n_iterations=2000, by_score=True)._moves(problem, rng())
    assert np.bincount(moves) / 2000 == pytest.approx([0.9, 0.05, 0.05], abs=0.03)


def test_best_of_several_annealing_runs(problems):
    agent = AnnealingAgent(n_iterations=60)
    one, many = energies(agent, problems), energies(agent, problems, samples=8)
    assert many.mean() < one.mean()


def test_rnafold_uses_no_boxes():
    problem = instance_from_sequence(HAIRPINS, max_boxes=1)
    assembly = RnafoldAgent().assemble([problem], rng())[0]
    assert assembly.picks is None
    assert dot_bracket(assembly.base_pairs, len(HAIRPINS)) == "((((....)))).((((....))))"


@pytest.mark.parametrize("agent", [BeamAgent(), AnnealingAgent(), ExactAgent(), RnafoldAgent()])
def test_no_boxes_give_the_empty_structure(agent):
    assembly = agent.assemble([instance_from_sequence("AAAAAAAA", max_boxes=8)], rng())[0]
    assert assembly.base_pairs.shape == (0, 2)
    assert not assembly.picks


@pytest.mark.parametrize("agent_class", [BeamAgent, AnnealingAgent])
def test_knots_are_picked_only_where_allowed_and_where_they_pay(agent_class):
    # an H-type knot of two strong stems
    seq = "GGGGGGAAAAGCGCGCAAAACCCCCCAAAAGCGCGC"
    problem = instance_from_sequence(seq, max_boxes=12)
    nested = agent_class("forbid").assemble([problem], rng())[0]
    knotted = agent_class("allow").assemble([problem], rng())[0]
    assert problem.energy(knotted.picks) <= problem.energy(nested.picks) + 1e-6
    assert not problem.crossing[np.ix_(nested.picks, nested.picks)].any()
