"""Diverse alternatives: how many, how different, in which order, of every kind of agent."""

import numpy as np
import pytest

from boxfold.agents.additive_agents import BestScoreAgent
from boxfold.agents.alternatives import Several, alternatives, assembly_cost
from boxfold.agents.diversity import MIN_DIFFERENCE, diversity, is_new, pairs_apart
from boxfold.agents.evaluation import EvaluationConfig, evaluate_agents, summarise
from boxfold.agents.registry import load_agent
from boxfold.agents.top_measures import top_columns, top_measures
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.agreement import agreement
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.validity import check_structure

SEQ = "".join(np.random.default_rng(4).choice(list("ACGU"), 60))
GU = "G" * 30 + "U" * 30
NOTHING = np.zeros((0, 2), dtype=int)


def shown(name, instance, k, pseudoknots="forbid", seed=0):
    agent = load_agent(name, pseudoknots)
    rng = np.random.default_rng(seed)
    first = agent.assemble([instance], rng)
    (found,) = alternatives(agent, [instance], first, rng, k)
    assert found[0] is first[0]
    return found


@pytest.mark.parametrize(
    "name", ["beam", "exact", "greedy-energy", "random", "clone", "clone@beam4"]
)
def test_alternatives_differ_are_valid_and_come_best_first(name):
    instance = instance_from_sequence(SEQ, 24)
    found = shown(name, instance, 4)
    assert len(found) == 4
    structures = [each.base_pairs for each in found]
    for rank, each in enumerate(found):
        assert check_structure(SEQ, each.base_pairs) == ()
        assert is_new(each.base_pairs, structures[:rank])
        stems = instance.stems_of(each.picks)
        np.testing.assert_array_equal(instance.base_pairs(stems), each.base_pairs)
    costs = [assembly_cost(instance, each) for each in found[1:]]
    assert costs == sorted(costs) or isinstance(load_agent(name), Several)


def test_one_structure_needs_no_search():
    assert len(shown("exact", instance_from_sequence(SEQ, 24), 1)) == 1


def test_rnafold_has_no_alternative_and_nothing_has_none():
    assert len(shown("rnafold", instance_from_sequence(SEQ, 24), 3)) == 1
    empty = instance_from_sequence("AAAAAAAAAA", 4)
    for name in ("exact", "best-score", "random", "clone"):
        assert [each.base_pairs.shape for each in shown(name, empty, 3)] == [(0, 2)]


def scored(stems, score):
    boxes = boxes_to_array([stem_box(*stem) for stem in stems])
    evidence = np.zeros((len(boxes), len(EVIDENCE)), dtype=np.float32)
    score = np.array(score, dtype=np.float32)
    return Instance("x", GU, Proposals(boxes, score, evidence, *no_loops()))


def test_the_best_sum_gives_way_to_its_closest_rival():
    sure, close, far = (0, 58, 4), (10, 50, 4), (12, 46, 4)
    instance = scored([sure, close, far], [0.95, 0.6, 0.55])
    found = shown("best-score", instance, 3)
    assert [each.picks for each in found[:2]] == [(0, 1), (0, 2)]


def test_best_score_ranks_by_its_own_sum():
    rng = np.random.default_rng(2)
    stems = [(int(i), int(34 + rng.integers(25)), 4) for i in rng.integers(0, 25, 12)]
    instance = scored(sorted(set(stems)), np.sort(rng.uniform(0.42, 0.7, len(set(stems))))[::-1])
    agent = BestScoreAgent()
    (found,) = agent.several([instance], rng, 6)
    assert found[0].picks == agent.assemble([instance], rng)[0].picks
    weights = [sum(4 * (instance.score[list(each.picks)] - 0.4)) for each in found]
    assert len(found) > 2
    assert weights[0] == max(weights)
    assert all(is_new(a.base_pairs, [b.base_pairs]) for a in found for b in found if a is not b)


def test_difference_and_diversity_by_hand():
    one, other = map(base_pairs_from_dot_bracket, ("((((....))))", "((........))"))
    assert pairs_apart(one, other) == 2 < MIN_DIFFERENCE
    assert not is_new(one, [other]) and is_new(one, [NOTHING]) and is_new(one, [])
    assert diversity([one, other, one]) == pytest.approx(2 / 3 * (1 - 2 / 3))
    assert diversity([one]) == 0


def test_columns_of_the_evaluation():
    assert top_columns(1) == () and top_measures([], None, 1) == {}
    instances = [instance_from_sequence(SEQ, 24, "a", "." * 60)]
    found = shown("exact", instances[0], 3)
    reference = found[2].base_pairs
    instances[0].reference = reference
    agents = [load_agent("exact"), load_agent("rnafold")]
    rows = evaluate_agents(agents, instances, EvaluationConfig(top=3))
    exact, rnafold = rows.to_dict("records")
    assert exact["f1_best_of_3"] == 1 > exact["f1"]
    assert exact["f1"] == pytest.approx(agreement(found[0].base_pairs, reference).f1)
    assert exact["diversity"] == pytest.approx(diversity([each.base_pairs for each in found]))
    assert rnafold["f1_best_of_3"] == rnafold["f1"] and rnafold["diversity"] == 0
    summary = summarise(rows)
    assert summary["f1_best_of_3"].tolist() == rows["f1_best_of_3"].tolist()
    plain = evaluate_agents(agents, instances)
    assert not {"f1_best_of_3", "diversity"} & set(plain.columns)
    assert plain["f1"].tolist() == rows["f1"].tolist()
