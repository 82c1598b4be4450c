"""Energy and evidence together: values by hand, the optimum by brute force, knots."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from boxfold.agents.evidence_beam import EvidenceBeamAgent, EvidenceBeamConfig, WithBonus, looked_at
from boxfold.agents.scoring import KnottedScorer, NestedScorer
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops
from boxfold.features.stem_weights import StemWeightConfig, stem_weights
from boxfold.features.structure import dot_bracket
from boxfold.rewards.probing_energy import ProbingEnergyConfig, probing_energies
from boxfold.rewards.pseudoknot import KnotPenalties, knotted_energy

KNOT = "GGGGGAACCCCAACCCCCAAAGGGGAA"


def knotted_instance(*scores):
    boxes = boxes_to_array([stem_box(0, 17, 5), stem_box(7, 24, 4)])
    evidence = np.zeros((2, len(EVIDENCE)), dtype=np.float32)
    proposals = Proposals(boxes, np.array(scores, dtype=np.float32), evidence, *no_loops())
    return Instance("knot", KNOT, proposals)


def assembled(instance, pseudoknots="allow", **settings):
    agent = EvidenceBeamAgent(pseudoknots, EvidenceBeamConfig(**settings))
    (found,) = agent.assemble([instance], np.random.default_rng(0))
    return found


def test_scorers_add_the_bonus_of_each_stem():
    instance = instance_from_sequence("GGGGAAAACCCCAAGGGGAAAACCCC", max_boxes=8)
    bonus = np.arange(1.0, instance.n_boxes + 1)
    plain, scorer = NestedScorer(instance), WithBonus(NestedScorer(instance), bonus)
    assert scorer.total([0]) == pytest.approx(plain.total([0]) + 1)
    picked = np.zeros((1, instance.n_boxes), dtype=bool)
    allowed = ~picked
    allowed[0, 2] = False
    changes = scorer.changes(picked, allowed)[0]
    assert changes[2] == np.inf
    assert changes[1] == pytest.approx(plain.changes(picked, allowed)[0, 1] + 2)


def test_penalties_of_the_scorer_are_those_of_the_energy():
    instance = knotted_instance(0.9, 0.8)
    cheap = KnotPenalties(stem=2.0)
    energy = knotted_energy(instance.model, instance.base_pairs([0, 1]), cheap).total
    assert KnottedScorer(instance, cheap).total([0, 1]) == pytest.approx(energy)
    assert KnottedScorer(instance).total([0, 1]) == pytest.approx(energy + 7)


def test_evidence_and_the_charge_decide_about_the_knot():
    sure, unsure = knotted_instance(0.9, 0.8), knotted_instance(0.9, 0.01)
    both = "(((((..[[[[..)))))...]]]].."
    first = "(((((........)))))........."
    dear = {"penalties": KnotPenalties(stem=12.0)}
    assert dot_bracket(assembled(sure).base_pairs, 27) == both
    assert dot_bracket(assembled(unsure, **dear).base_pairs, 27) == first
    assert dot_bracket(assembled(sure, **dear, evidence=9.0).base_pairs, 27) == both
    assert dot_bracket(assembled(sure, "forbid").base_pairs, 27) == first


def test_a_wide_beam_finds_the_optimum():
    rng = np.random.default_rng(3)
    for _ in range(10):
        seq = "".join(rng.choice(list("ACGU"), size=36))
        instance = instance_from_sequence(seq, max_boxes=7)
        bonus = -2.0 * stem_weights(instance.boxes, instance.score, StemWeightConfig(threshold=0.1))
        conflict = instance.conflict("forbid")
        scorer = WithBonus(NestedScorer(instance), bonus)
        sets = [
            picks
            for size in range(8)
            for picks in combinations(range(instance.n_boxes), size)
            if not any(conflict[a, b] for a, b in combinations(picks, 2))
        ]
        least = min(scorer.total(picks) for picks in sets)
        found = assembled(instance, "forbid", width=200)
        assert scorer.total(found.picks) == pytest.approx(least, abs=1e-6)


def test_few_stems_are_looked_at_and_none_is_no_problem():
    instance = knotted_instance(0.9, 0.8)
    assert assembled(instance, stems=1, bases_per_stem=100).picks == (0,)
    empty = instance_from_sequence("AAAAAAAA", max_boxes=4)
    assert assembled(empty).picks == ()


def probed(instance, unpaired):
    react = np.full(len(instance.seq), 0.05, dtype=np.float32)
    react[list(unpaired)] = 1.0
    return replace(instance, reactivity=react)


def test_reactivities_decide_about_a_knot_that_evidence_leaves_open():
    unsure = knotted_instance(0.9, 0.3)
    dear = {"penalties": KnotPenalties(stem=7.0)}
    loops = [5, 6, 11, 17, 18, 19, 20, 25, 26]
    both = "(((((..[[[[..)))))...]]]].."
    first = "(((((........)))))........."
    second = ".......((((..........)))).."
    assert dot_bracket(assembled(probed(unsure, loops), **dear).base_pairs, 27) == both
    reacts = probed(unsure, [*loops, 7, 8, 9, 10, 21, 22, 23, 24])
    assert dot_bracket(assembled(reacts, **dear).base_pairs, 27) == first
    reacts = probed(unsure, [*loops, *range(5), *range(13, 18)])
    heavy = ProbingEnergyConfig(weight=3.0)
    assert dot_bracket(assembled(reacts, **dear, probing=heavy).base_pairs, 27) == second


def test_a_profile_without_values_changes_nothing():
    instance = instance_from_sequence("GGGGAAAACCCCAAGGGGAAAACCCC", max_boxes=8)
    empty = replace(instance, reactivity=np.full(26, np.nan, dtype=np.float32))
    assert assembled(empty).picks == assembled(instance).picks


def test_reactivities_bring_back_stems_of_a_low_score():
    instance = knotted_instance(0.3, 0.01)
    reacts = probed(instance, [*range(5), *range(13, 18)])
    heavy = EvidenceBeamConfig(stems=1, bases_per_stem=100, probing=ProbingEnergyConfig(weight=3.0))
    best, index, bonus = looked_at(reacts, heavy)
    assert index.tolist() == [1]
    assert best.boxes.tolist() == instance.boxes[1:].tolist()
    weight = stem_weights(instance.boxes, instance.score, heavy.weights)[1]
    paid = probing_energies(instance.boxes, reacts.reactivity, heavy.probing)[1]
    assert bonus == pytest.approx([paid - 1.5 * weight])
    agent = EvidenceBeamAgent("allow", heavy)
    (found,) = agent.assemble([reacts], np.random.default_rng(0))
    assert found.picks == (1,)
