import numpy as np
import pytest
import torch

from boxfold.agents.loop_terms import LOOP_TERMS, TermsCritic, loop_terms
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.box import boxes_to_array, hairpin_box, stem_box
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.synthetic import synthetic_sequence

SLOTS = AssemblyConfig(max_boxes=24)
TERMS = ("tokens", "boxes", "loop_energy", "picked")


def terms_of(batch):
    return loop_terms(*(torch.from_numpy(batch.observation[name]) for name in TERMS)).numpy()


def test_without_multiloops_the_terms_add_up_to_the_free_energy():
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(12):
        instance = instance_from_sequence(synthetic_sequence(70, rng), 24)
        batch = BatchAssembly(SLOTS)
        batch.load(0, instance)
        while not batch.finished[0]:
            free = np.flatnonzero(batch.selectable[0])
            batch.step([rng.choice(free)])
            terms = terms_of(batch)[0]
            if terms[LOOP_TERMS.index("multiloops")] or not batch.picks[0]:
                continue
            loop_energy = batch.observation["loop_energy"][0]
            if (np.abs(loop_energy[np.ix_(batch.picks[0], batch.picks[0])]) == 2).any():
                continue  # clipped
            assert 10 * terms[:4].sum() == pytest.approx(instance.energy(batch.picks[0]), abs=2e-3)
            compared += 1
    assert compared > 20


def three_stems():
    """A stem around two hairpins, and one of the loops as a box."""
    seq = "GGG" + "A" + "GGGAAAACCC" + "A" + "CCCAAAAGGG" + "A" + "CCC"
    boxes = [stem_box(0, 28, 3), stem_box(4, 13, 3), stem_box(15, 24, 3)]
    loops = boxes_to_array([hairpin_box(6, 11)])
    evidence = np.zeros((3, len(EVIDENCE)), dtype=np.float32)
    score = np.ones(3, dtype=np.float32)
    return Instance("x", seq, Proposals(boxes_to_array(boxes), score, evidence, loops, score[:1]))


def test_a_multiloop_is_counted_with_its_branches():
    batch = BatchAssembly(AssemblyConfig(6, action_types="all"))
    instance = three_stems()
    batch.load(0, instance)
    stacks, hairpins, exteriors = instance.token_energies.T
    for action in (0, 1, 3, 2):  # slot 3 holds the hairpin box, which changes nothing
        batch.step([action])
        terms = terms_of(batch)[0]
        if action in (1, 3):
            assert terms[3] == pytest.approx(exteriors[0] / 10)
            assert terms[4:].tolist() == [0, 0]
            assert terms[2] == pytest.approx(instance.loop_energies[0, 1] / 10, abs=1e-3)
    np.testing.assert_allclose(
        terms,
        [stacks.sum() / 10, hairpins[1:].sum() / 10, 0, exteriors[0] / 10, 0.1, 0.2],
        rtol=1e-5,
    )


def test_the_critic_begins_with_nothing():
    critic = TermsCritic(5)
    assert critic(torch.ones(3, len(LOOP_TERMS)), torch.ones(3, 5)).tolist() == [0, 0, 0]
    assert sum(p.numel() for p in critic.parameters()) == 11 * 32 + 32 + 33
