import pickle
import re

import numpy as np
import pandas as pd
import pytest

from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.box import boxes_from_array, boxes_to_array, hairpin_box, stem_box
from boxfold.features.errors import InputError
from boxfold.features.proposals import EVIDENCE, Proposals, run_proposals
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.energy import EnergyModel
from boxfold.rewards.pseudoknot import knotted_energy
from boxfold.s1.tables import proposals_to_columns

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
KNOT = "GGGGAACCCAACCCCAAAGGG"  # two stems that cross: GGGG-CCCC and CCC-GGG


def instance_of(seq, boxes, loops=()):
    n, m = len(boxes), len(loops)
    return Instance(
        "x",
        seq,
        Proposals(
            boxes_to_array(boxes),
            np.linspace(1, 0.5, n, dtype=np.float32),
            np.zeros((n, len(EVIDENCE)), dtype=np.float32),
            boxes_to_array(loops),
            np.full(m, 0.5, dtype=np.float32),
        ),
    )


def test_energy_is_that_of_the_structure_and_is_counted():
    instance = instance_from_sequence(TRNA, 32)
    picks = instance.optimum.picks
    before = instance.energy_calls
    assert instance.energy(picks) == EnergyModel(TRNA).free_energy(instance.base_pairs(picks))
    assert instance.energy(reversed(picks)) == pytest.approx(instance.optimum.energy)
    assert instance.energy(()) == 0
    assert instance.energy_calls == before + 3


def test_loop_energies_of_a_stack_and_a_bulge():
    # GG A GG AAAA CC CC: without the first A the halves stack, with it they leave a bulge of one
    for seq, first, second, wanted in (
        ("GGGGAAAACCCC", stem_box(0, 11, 2), stem_box(2, 9, 2), -3.3),
        ("GGAGGAAAACCCC", stem_box(0, 12, 2), stem_box(3, 10, 2), -3.3 + 3.8),
    ):
        instance = instance_of(seq, [first, second])
        energies = instance.loop_energies
        assert energies.shape == (2, 2) and energies[0, 1] == pytest.approx(wanted)
        closing, inner = first.inner_pair, second.outer_pair
        assert energies[0, 1] == EnergyModel(seq).interior(*closing, *inner)
        assert np.isinf(energies[[0, 1, 1], [0, 0, 1]]).all()
        both, apart = instance.energy([0, 1]), instance.token_energies
        assert both == pytest.approx(apart[:, 0].sum() + apart[1, 1] + apart[0, 2] + wanted)


def test_loop_energies_of_all_stems_are_those_of_the_model():
    instance = instance_from_sequence(TRNA, 24)
    model, boxes = EnergyModel(TRNA), boxes_from_array(instance.boxes)
    n_nested = 0
    for a, closing in enumerate(boxes):
        for b, inside in enumerate(boxes):
            outer, inner = closing.inner_pair, inside.outer_pair
            nested = outer[0] < inner[0] and inner[1] < outer[1]
            wanted = model.interior(*outer, *inner) if nested else np.inf
            assert instance.loop_energies[a, b] == wanted
            n_nested += nested
    assert n_nested > 20
    assert np.isinf(instance.loop_energies[instance.conflict()]).all()


def test_loop_energies_are_free_of_the_evidence_for_loops():
    instance = instance_of("GGAGGAAAACCCC", [stem_box(0, 12, 2), stem_box(3, 10, 2)])
    instance.optimum_with(2.0)
    assert instance.loop_energies[0, 1] == pytest.approx(0.5)
    assert instance.solver_with(2.0).terms.interior[0, 1] > 1


def test_scale_is_the_optimum_but_at_least_two():
    strong = instance_from_sequence("GGGGAAAACCCC", 4)
    assert strong.scale == -strong.optimum.energy > 2
    assert instance_from_sequence("A" * 12, 4).scale == 2


def test_crossing_stems_get_the_knotted_energy():
    instance = instance_of(KNOT, [stem_box(0, 14, 4), stem_box(6, 20, 3)])
    wanted = knotted_energy(EnergyModel(KNOT), instance.base_pairs([0, 1])).total
    assert instance.energy([0, 1]) == wanted
    assert instance.conflict("forbid")[0, 1] and not instance.conflict("allow")[0, 1]


def test_stems_that_share_a_base_have_no_energy():
    instance = instance_of("GGGGAAAACCCC", [stem_box(0, 11, 4), stem_box(1, 10, 2)])
    with pytest.raises(ValueError, match="partner"):
        instance.energy([0, 1])
    with pytest.raises(ValueError, match="partner"):
        instance.base_pairs([0, 1])


def test_pickled_instance_is_the_same():
    instance = instance_from_sequence(TRNA, 16, id="tRNA", dot_bracket="." * len(TRNA))
    tokens, optimum = instance.tokens, instance.optimum
    copy = pickle.loads(pickle.dumps(instance))
    assert (copy.id, copy.seq, copy.optimum) == ("tRNA", TRNA, optimum)
    np.testing.assert_array_equal(copy.tokens, tokens)
    np.testing.assert_array_equal(copy.boxes, instance.boxes)
    assert copy.energy(optimum.picks) == instance.energy(optimum.picks)


def test_cut_keeps_the_best_boxes_and_is_kept():
    instance = instance_from_sequence(TRNA, 32)
    small = instance.cut(5)
    np.testing.assert_array_equal(small.boxes, instance.boxes[:5])
    assert instance.cut(5) is small and instance.cut(32) is instance
    assert small.optimum.energy >= instance.optimum.energy


def test_loop_weight_adds_the_evidence_for_loops_to_the_optimum():
    hairpin = hairpin_box(3, 8)
    instance = instance_of("GGGGAAAACCCC", [stem_box(0, 11, 4)], [hairpin])
    free = instance.optimum.energy
    assert instance.optimum_with(2.0).energy == pytest.approx(free - 2 * np.log(0.5))


def test_frame_gives_the_proposals_and_the_reference_back():
    structure = "((((....))))"
    proposals = run_proposals("GGGGAAAACCCC", 4)
    row = {"id": "a", "sequence": "GGGGAAAACCCC", "dot_bracket": structure}
    no_reference = {**row, "id": "b", "dot_bracket": None}
    columns = proposals_to_columns(proposals)
    frame = pd.DataFrame([{**row, **columns}, {**no_reference, **columns}])
    first, second = instances_from_frame(frame, max_boxes=2)
    np.testing.assert_array_equal(first.reference, base_pairs_from_dot_bracket(structure))
    np.testing.assert_array_equal(first.boxes, proposals.boxes[:2])
    np.testing.assert_array_equal(first.score, proposals.score[:2])
    assert (first.id, second.id, second.reference) == ("a", "b", None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"box_row": [1, 0]}, "record 'a': a stem that can't pair"),
        ({"box_col": [8, 99]}, "record 'a': a stem that can't pair"),
        ({"dot_bracket": "((((...))))"}, "dot_bracket of 11, sequence of 12"),
    ],
)
def test_tables_that_no_agent_can_use_are_refused(change, reason):
    seq = "GGGGAAAACCCC"
    columns = proposals_to_columns(run_proposals(seq, 2))
    assert columns["box_row"].tolist()[0] == 0 and columns["box_col"].tolist()[0] == 8
    row = {"id": "a", "sequence": seq, "dot_bracket": "((((....))))", **columns, **change}
    with pytest.raises(InputError, match=re.escape(reason)):
        instances_from_frame(pd.DataFrame([row]), max_boxes=2)
