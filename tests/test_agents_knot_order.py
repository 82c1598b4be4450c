"""No agent goes beyond two bracket pages, or crosses stems without room for their loops."""

import numpy as np
import pytest

from boxfold.agents.registry import load_agent
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.relations import conflict_matrix
from boxfold.features.structure import dot_bracket
from boxfold.rewards.validity import check_assembly

REPEATS = "GGGAAGGGAAGGGAAGGGAACCCAACCCAACCCAACCCA"
AGENTS = ("random", "greedy-s1", "greedy-stack", "greedy-energy", "beam", "annealing")
LEARNED = ("clone", "supervised", "clone@beam4")


@pytest.fixture(scope="module")
def instances():
    """Repeats, in which most stems cross each other, and shuffles of them."""
    rng = np.random.default_rng(1)
    seqs = [REPEATS, *("".join(rng.permutation(list(REPEATS))) for _ in range(3))]
    return [instance_from_sequence(seq, 24) for seq in seqs]


@pytest.mark.parametrize("name", [*AGENTS, *LEARNED])
def test_assemblies_are_within_the_knot_order(instances, name):
    agent = load_agent(name, "allow")
    for samples in (1, 8):
        found = agent.assemble(instances, np.random.default_rng(0), samples)
        for instance, assembly in zip(instances, found, strict=True):
            assert assembly.picks is not None
            assert check_assembly(instance.seq, instance.boxes, assembly.picks, "allow") == ()


def test_draws_reach_the_limit(instances):
    """The agents above had something to keep to: without it, draws go beyond it."""
    rng = np.random.default_rng(0)
    agent = load_agent("random", "allow")
    texts = {
        dot_bracket(agent.assemble(instances[:1], rng)[0].base_pairs, len(REPEATS))
        for _ in range(40)
    }
    assert any("[" in text for text in texts) and not any("{" in text for text in texts)
    instance = instances[0]
    from boxfold.agents.heuristics import random_picks

    conflict = conflict_matrix(instance.boxes, "allow")
    free = [random_picks(conflict, rng) for _ in range(40)]
    assert any(check_assembly(REPEATS, instance.boxes, picks, "allow") for picks in free)
