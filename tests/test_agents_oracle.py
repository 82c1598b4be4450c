"""Best reachable F1 against brute force, and the agents that solve exactly."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.agents.additive_agents import BestScoreAgent, BestScoreConfig
from boxfold.agents.oracle import OracleAgent, best_f1
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.agreement import agreement
from boxfold.features.box import boxes_to_array, stem_base_pairs, stem_box
from boxfold.features.errors import InputError
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops
from boxfold.features.stem_weights import StemWeightConfig
from boxfold.features.structure import as_base_pairs, base_pairs_from_dot_bracket, dot_bracket
from boxfold.rewards.additive import AdditiveConfig
from boxfold.rewards.validity import check_assembly

RNG = np.random.default_rng


@st.composite
def cases(draw):
    stems = []
    for _ in range(draw(st.integers(0, 7))):
        i, n = draw(st.integers(0, 15)), draw(st.integers(1, 3))
        stems.append(stem_box(i, i + 2 * n + 2 + draw(st.integers(0, 12)), n))
    i, pairs = 0, []
    for j in draw(st.permutations(range(16, 32)))[: draw(st.integers(0, 6))]:
        pairs.append((i, j))
        i += draw(st.integers(1, 2))
    if stems and draw(st.booleans()):
        pairs = stem_base_pairs(boxes_to_array(stems[:1])).tolist()
    return boxes_to_array(stems), as_base_pairs(pairs)


@given(cases(), st.sampled_from(["forbid", "allow"]))
def test_no_set_of_boxes_agrees_better(case, pseudoknots):
    boxes, reference = case
    found = best_f1(boxes, reference, AdditiveConfig(pseudoknots))
    best = 0.0
    for size in range(len(boxes) + 1):
        for chosen in map(list, combinations(range(len(boxes)), size)):
            if not _conflicts(boxes[chosen], pseudoknots):
                pairs = as_base_pairs(stem_base_pairs(boxes[chosen]))
                best = max(best, agreement(pairs, reference).f1)
    assert found.proven and found.f1 == pytest.approx(best)
    pairs = as_base_pairs(stem_base_pairs(boxes[list(found.picks)]))
    assert agreement(pairs, reference).f1 == pytest.approx(best)


def _conflicts(boxes, pseudoknots):
    """Words of `check_assembly` that come before the sequence is looked at."""
    reasons = check_assembly("", boxes, range(len(boxes)), pseudoknots)
    return any("picked stem" in reason for reason in reasons)


KNOT = "((((..[[[[.))))....]]]]"
SEQ = "GGGGAACCCGACCCCAAAACGGG"


def known(boxes, score, seq=SEQ, text=KNOT):
    evidence = np.zeros((len(boxes), len(EVIDENCE)), dtype=np.float32)
    lines = boxes_to_array(boxes)
    proposals = Proposals(lines, np.array(score, dtype=np.float32), evidence, *no_loops())
    return Instance("x", seq, proposals, base_pairs_from_dot_bracket(text))


def structure(agent, instance):
    (assembly,) = agent.assemble([instance], RNG(0))
    assert assembly.energy_calls == 0
    return dot_bracket(assembly.base_pairs, len(instance.seq))


def test_oracle_finds_the_knot_where_it_may():
    instance = known([stem_box(1, 13, 3), stem_box(0, 14, 4), stem_box(6, 22, 4)], [0.1] * 3)
    assert structure(OracleAgent("allow"), instance) == KNOT
    nested = structure(OracleAgent("forbid"), instance)
    assert nested.count("(") == 4 and "[" not in nested


def test_oracle_without_a_known_structure_says_so_in_one_line():
    with pytest.raises(InputError, match="'oracle': 'sequence' has no known structure"):
        OracleAgent().assemble([instance_from_sequence(SEQ, 4)], RNG(0))


def test_best_score_adds_up_variants_and_charges_for_the_knot():
    # neither variant of the first stem reaches the threshold alone
    boxes = [stem_box(0, 14, 4), stem_box(1, 13, 3), stem_box(6, 22, 4)]
    instance = known(boxes, [0.35, 0.35, 0.6])
    # three pairs at .7 are worth .9 (the outer one at .35 costs), four at .6 are worth .8
    weights = StemWeightConfig(threshold=0.4)
    free = BestScoreAgent("allow", BestScoreConfig(weights=weights, knot_charge=0.7))
    assert structure(free, instance) == ".[[[..((((.]]].....))))"
    dear = BestScoreAgent("allow", BestScoreConfig(weights=weights, knot_charge=0.9))
    assert structure(dear, instance) == ".(((.......)))........."
    nested = BestScoreAgent("forbid", BestScoreConfig(weights=weights))
    assert structure(nested, instance) == ".(((.......)))........."


def test_best_score_without_boxes_is_the_open_chain():
    assert structure(BestScoreAgent("allow"), known([], [])) == "." * len(SEQ)
