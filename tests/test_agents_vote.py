import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from boxfold.agents.registry import load_agents
from boxfold.agents.vote_agent import VoteAgent
from boxfold.envs.instance import Instance
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.cleaning import canonical_pairs
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket, pair_table
from boxfold.features.structure_votes import majority_pairs, voted_proposals

SEQ = "GGGAACCCAACCCAAGGG"
KNOT, FIRST, SECOND = "(((..[[[..)))..]]]", "(((.......))).....", ".....(((.......)))"


def vote(seq, texts, pseudoknots="allow"):
    proposals = voted_proposals(seq, [base_pairs_from_dot_bracket(text) for text in texts])
    return structure(Instance("x", seq, proposals), pseudoknots)


def structure(instance, pseudoknots="allow"):
    (found,) = VoteAgent(pseudoknots).assemble([instance], np.random.default_rng(0))
    assert found.picks is None and found.energy_calls == 0
    return dot_bracket(found.base_pairs, len(instance.seq))


def test_more_than_half_is_needed():
    assert vote(SEQ, [FIRST, SECOND]) == "." * 18
    assert vote(SEQ, [FIRST, SECOND, FIRST]) == FIRST
    assert vote(SEQ, [FIRST, KNOT, SECOND]) == KNOT


def test_forbidden_knots_lose_the_lesser_stem():
    texts = [FIRST, KNOT, KNOT]
    assert vote(SEQ, texts, "allow") == KNOT
    assert vote(SEQ, texts, "forbid") == FIRST


def test_boxes_that_do_not_fit_together_go_by_score():
    stems = boxes_to_array([stem_box(0, 12, 3), stem_box(0, 11, 2)])
    evidence = np.zeros((2, len(EVIDENCE)), dtype=np.float32)
    proposals = Proposals(stems, np.float32([0.9, 0.8]), evidence, *no_loops())
    assert structure(Instance("x", SEQ, proposals)) == FIRST


def test_only_where_it_is_named():
    assert "vote" not in [agent.name for agent in load_agents()]
    assert [agent.name for agent in load_agents(["vote"])] == ["vote"]


@given(st.lists(st.lists(st.integers(0, 2), min_size=24, max_size=24), min_size=1, max_size=5))
def test_the_same_as_counting_pairs(codes):
    seq = "GGCGAAGCGGAACCGCAACGCAAC"
    structures = [nested(code) for code in codes]
    tables = [pair_table(canonical_pairs(seq, each), len(seq)) for each in structures]
    expected = dot_bracket(majority_pairs(np.array(tables)), len(seq))
    assert structure(Instance("x", seq, voted_proposals(seq, structures))) == expected


def nested(code):
    open_ends, found = [], []
    for position, number in enumerate(code):
        if number == 1:
            open_ends.append(position)
        elif number == 2 and open_ends:
            found.append((open_ends.pop(), position))
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
