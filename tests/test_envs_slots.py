import numpy as np
from box_claims import contradict
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.envs.slots import assertion_conflict, slots_of
from boxfold.envs.spaces import observation_space
from boxfold.features.box import (
    BoxKind,
    boxes_from_array,
    boxes_to_array,
    hairpin_box,
    interior_loop_box,
    stem_box,
)
from boxfold.features.proposals import EVIDENCE, Proposals

LENGTH = 24


@st.composite
def boxes(draw):
    i = draw(st.integers(0, LENGTH - 6))
    j = draw(st.integers(i + 5, LENGTH - 1))
    kind = draw(st.sampled_from(BoxKind))
    if kind == BoxKind.HAIRPIN:
        return hairpin_box(i, j)
    if kind == BoxKind.STEM:
        return stem_box(i, j, draw(st.integers(1, (j - i - 1) // 2)))
    k = draw(st.integers(i + 1, j - 3))
    return interior_loop_box(i, j, k, draw(st.integers(k + 2, j - 1)))


@settings(max_examples=150)
@given(st.lists(boxes(), min_size=2, max_size=6), st.sampled_from(["forbid", "allow"]))
def test_conflict_is_contradiction_of_claims(chosen, pseudoknots):
    conflict = assertion_conflict(boxes_to_array(chosen), LENGTH, pseudoknots)
    wanted = [
        [x == y or contradict(a, b, pseudoknots) for y, b in enumerate(chosen)]
        for x, a in enumerate(chosen)
    ]
    np.testing.assert_array_equal(conflict, wanted)


def test_padding_is_blank_and_changes_nothing():
    instance = instance_from_sequence("GGGGAAAACCCCAAAGGGUUUUCCC", 8)
    n = instance.n_boxes
    small, large = (slots_of(instance, AssemblyConfig(max_boxes=size)) for size in (n, 64))
    for name in ("boxes", "tokens", "present"):
        np.testing.assert_array_equal(getattr(large, name)[:n], getattr(small, name))
    np.testing.assert_array_equal(large.conflict[:n, :n], small.conflict)
    np.testing.assert_array_equal(large.loop_energy[:n, :n], small.loop_energy)
    assert not large.loop_energy[n:].any() and not large.loop_energy[:, n:].any()
    assert small.present.all() and not large.present[n:].any()
    assert (large.boxes[n:] == -1).all() and (large.tokens[n:] == 0).all()
    assert not large.conflict[n:].any() and not large.conflict[:, n:].any()


def test_loops_have_the_second_half_of_the_slots():
    seq = "GGGGAAAACCCC"
    proposals = Proposals(
        boxes_to_array([stem_box(0, 11, 4)]),
        np.ones(1, dtype=np.float32),
        np.full((1, len(EVIDENCE)), 0.5, dtype=np.float32),
        boxes_to_array([hairpin_box(3, 8), hairpin_box(2, 9)]),
        np.array([0.9, 0.4], dtype=np.float32),
    )
    slots = slots_of(Instance("x", seq, proposals), AssemblyConfig(6, action_types="all"))
    assert not slots.loop_energy.any()  # a loop closes none, and none is closed with it
    assert np.flatnonzero(slots.present).tolist() == [0, 3, 4]
    held = boxes_from_array(slots.boxes[slots.present])
    assert held == [stem_box(0, 11, 4), hairpin_box(3, 8), hairpin_box(2, 9)]
    assert slots.conflict[0].astype(int).tolist() == [1, 0, 0, 0, 1, 0]
    assert np.abs(slots.tokens[slots.present]).sum(axis=1).min() > 0


def test_geometry_only_tokens_know_nothing_of_the_sequence():
    config = AssemblyConfig(8, geometry_only=True)
    tokens = [
        slots_of(Instance("x", seq, instance_from_sequence("GGGGAAAACCCC", 1).proposals), config)
        for seq in ("GGGGAAAACCCC", "GCGCAAAAGCGC")
    ]
    np.testing.assert_array_equal(tokens[0].tokens, tokens[1].tokens)


NESTED = [stem_box(0, 12, 2), stem_box(3, 10, 2), stem_box(4, 9, 1)]  # a bulge, then a stack


def nested():
    n, nothing = len(NESTED), np.zeros((0, 5), dtype=np.int64)
    evidence = np.zeros((n, len(EVIDENCE)), dtype=np.float32)
    lines = boxes_to_array(NESTED), np.ones(n, dtype=np.float32), evidence
    return Instance("x", "GGAGGAAAACCCC", Proposals(*lines, nothing, np.zeros(0, np.float32)))


def test_energies_of_loops_are_in_units_of_five_kcal():
    loop_energy = slots_of(nested(), AssemblyConfig(4)).loop_energy
    assert loop_energy.dtype == np.float32 and loop_energy.shape == (4, 4)
    assert np.argwhere(loop_energy).tolist() == [[0, 1], [0, 2]]
    energies = nested().loop_energies
    assert loop_energy[0, 1] == np.float32(0.1) and energies[0, 1] == 0.5
    assert loop_energy[0, 2] == np.float32(energies[0, 2] / 5)
    assert np.isinf(energies[1]).all()  # the last lies on its innermost pair, not inside


def test_energies_of_loops_are_clipped_and_0_where_there_is_none():
    instance = nested()
    instance.loop_energies = np.array([[np.inf, 12.0, 10.0], [-30.0, np.inf, -3.3], [np.inf] * 3])
    wanted = np.zeros((4, 4), dtype=np.float32)
    wanted[:2, :3] = [[0, 2, 2], [-2, 0, -0.66]]
    config = AssemblyConfig(4)
    np.testing.assert_allclose(slots_of(instance, config).loop_energy, wanted, atol=1e-7)
    assert observation_space(config)["loop_energy"].contains(wanted)


def test_geometry_only_has_no_energies_of_loops():
    assert slots_of(nested(), AssemblyConfig(4)).loop_energy.any()
    assert not slots_of(nested(), AssemblyConfig(4, geometry_only=True)).loop_energy.any()


def test_loops_as_actions_have_no_energies_and_stems_keep_theirs():
    instance, loops = nested(), boxes_to_array([hairpin_box(4, 9), interior_loop_box(1, 11, 3, 10)])
    proposals = instance.proposals
    both = Proposals(*proposals[:3], loops, np.full(2, 0.5, dtype=np.float32))
    config = AssemblyConfig(8, action_types="all")
    slots = slots_of(Instance("x", instance.seq, both), config)
    assert np.flatnonzero(slots.present).tolist() == [0, 1, 2, 4, 5]
    stems = slots_of(instance, AssemblyConfig(4)).loop_energy
    np.testing.assert_array_equal(slots.loop_energy[:4, :4], stems)
    assert stems.any() and not slots.loop_energy[4:].any() and not slots.loop_energy[:, 4:].any()
