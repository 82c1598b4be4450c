import numpy as np
import pytest

from boxfold.agents.heuristics import (
    GreedyEnergyAgent,
    GreedyScoreAgent,
    GreedyStackAgent,
    RandomAgent,
    fitting,
    random_picks,
)
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops
from boxfold.features.structure import dot_bracket

AGENTS = [RandomAgent, GreedyScoreAgent, GreedyStackAgent, GreedyEnergyAgent]
SEQ = "GGGGAAAACCCCAGGGGAAAACCCC"


def instance_of(stems, score, seq=SEQ):
    boxes = boxes_to_array([stem_box(*stem) for stem in stems])
    evidence = np.zeros((len(boxes), len(EVIDENCE)), dtype=np.float32)
    proposals = Proposals(boxes, np.array(score, dtype=np.float32), evidence, *no_loops())
    return Instance("test", seq, proposals)


def rng():
    return np.random.default_rng(0)


def random_instance(seed, length=50):
    letters = np.random.default_rng(seed).choice(list("ACGU"), length)
    return instance_from_sequence("".join(letters), max_boxes=32)


def test_greedy_score_takes_what_fits_best_first():
    # the last two conflict with the first and the second; .04 is below the least score
    instance = instance_of(
        [(0, 11, 4), (13, 24, 4), (0, 24, 4), (1, 10, 2)], [0.9, 0.6, 0.95, 0.04]
    )
    assert GreedyScoreAgent().assemble([instance], rng())[0].picks == (2,)
    one_less = instance_of([(0, 11, 4), (13, 24, 4), (1, 10, 2)], [0.9, 0.6, 0.04])
    assembly = GreedyScoreAgent().assemble([one_less], rng())[0]
    assert assembly.picks == (0, 1)
    assert dot_bracket(assembly.base_pairs, len(SEQ)) == "((((....)))).((((....))))"
    assert GreedyScoreAgent(min_score=0.7).assemble([one_less], rng())[0].picks == (0,)


def test_greedy_score_uses_no_energy():
    assert GreedyScoreAgent().assemble([random_instance(0)], rng())[0].energy_calls == 0


def test_greedy_stack_prefers_the_most_stable_stem_and_leaves_single_pairs():
    instance = instance_of([(0, 24, 3), (0, 11, 4), (13, 24, 4), (4, 20, 1)], [0.1] * 4)
    assert GreedyStackAgent().assemble([instance], rng())[0].picks == (1, 2)


def test_greedy_energy_is_the_best_single_step_each_time():
    for seed in range(5):
        instance = random_instance(seed)
        conflict = instance.conflict()
        picks: list[int] = []
        while True:
            fits = [s for s in range(instance.n_boxes) if not conflict[s, picks].any()]
            energies = {s: instance.energy([*picks, s]) for s in fits}
            best = min(energies, key=lambda s: energies[s], default=None)
            if best is None or energies[best] > instance.energy(picks) - 1e-3:
                break
            picks.append(best)
        assert picks
        assembly = GreedyEnergyAgent().assemble([instance], rng())[0]
        assert assembly.picks == tuple(sorted(picks))
        assert assembly.energy_calls >= instance.n_boxes


@pytest.mark.parametrize("agent_class", AGENTS)
def test_no_boxes_give_the_empty_structure(agent_class):
    instance = instance_from_sequence("AAAAAAAA", max_boxes=8)
    assembly = agent_class().assemble([instance], rng(), 1)[0]
    assert assembly.picks == ()
    assert assembly.base_pairs.shape == (0, 2)
    assert assembly.energy_calls == 0


@pytest.mark.parametrize("pseudoknots", ["forbid", "allow"])
@pytest.mark.parametrize("agent_class", AGENTS)
def test_picks_never_conflict(agent_class, pseudoknots):
    instances = [random_instance(seed) for seed in range(4)]
    for instance, assembly in zip(
        instances, agent_class(pseudoknots).assemble(instances, rng()), strict=True
    ):
        picks = list(assembly.picks)
        clash = instance.conflict(pseudoknots)[np.ix_(picks, picks)]
        assert clash.sum() == len(picks)  # the diagonal


def test_random_is_reproducible_and_better_with_more_samples():
    instances = [random_instance(seed) for seed in range(6)]
    one = RandomAgent().assemble(instances, rng())
    again = RandomAgent().assemble(instances, rng())
    assert [a.picks for a in one] == [b.picks for b in again]
    other = RandomAgent().assemble(instances, np.random.default_rng(1))
    assert [a.picks for a in one] != [b.picks for b in other]
    many = RandomAgent().assemble(instances, rng(), samples=64)
    pairs = zip(instances, one, many, strict=True)
    energies = np.array([[i.energy(a.picks), i.energy(b.picks)] for i, a, b in pairs])
    assert energies[:, 1].mean() < energies[:, 0].mean()
    assert all(1 < assembly.energy_calls <= 64 for assembly in many)


def test_random_picks_are_uniform_over_stems_and_stop():
    draws = [random_picks(np.ones((3, 3), dtype=bool), g) for g in [rng()] for _ in range(4000)]
    counts = np.array([draws.count(picks) for picks in [(), (0,), (1,), (2,)]])
    assert counts.sum() == 4000
    np.testing.assert_allclose(counts / 4000, 0.25, atol=0.03)


def test_fitting_keeps_the_order():
    conflict = np.eye(4, dtype=bool)
    conflict[0, 3] = conflict[3, 0] = True
    assert fitting(np.array([3, 2, 0, 1]), conflict) == (3, 2, 1)
