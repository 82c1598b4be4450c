import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.box import BoxKind
from boxfold.features.loops import stems
from boxfold.features.proposals import EVIDENCE
from boxfold.features.structure import base_pairs_from_dot_bracket as pairs
from boxfold.features.structure import pair_table
from boxfold.features.structure_votes import majority_pairs, stem_votes, voted_proposals

SEQ = "GGGGAAAACCCC"


def column(proposals, name):
    return proposals.evidence[:, EVIDENCE.index(name)].tolist()


def lines(proposals):
    """(row, outer column, pairs) of each stem."""
    return [(row, col + n - 1, n) for _, row, col, n, _ in proposals.boxes.tolist()]


def test_votes_and_evidence_by_hand():
    texts = ["((((....))))", "((((....))))", ".(((....))).", "............"]
    found = voted_proposals(SEQ, [pairs(text) for text in texts])
    assert lines(found) == [(1, 10, 3), (0, 11, 4)]
    assert found.score.tolist() == [0.75, 0.5]
    assert column(found, "votes_softmax") == [0.75, 0.5]
    assert column(found, "votes_scalar") == [0.25, 0.5]  # just this stem
    assert column(found, "paired_outer") == [0.75, 0.5]
    assert column(found, "paired_inner") == [0.75, 0.75]
    assert column(found, "outer_end") == [0.25, 0.5]
    assert column(found, "inner_end") == [0.75, 0.75]
    assert column(found, "on_probability") == pytest.approx([0.75, (0.5 + 3 * 0.75) / 4])
    assert column(found, "log_probability") == pytest.approx(np.log([0.75, 0.5]))
    assert found.loops.tolist() == [[BoxKind.HAIRPIN, 3, 3, 6, 6]]
    assert found.loop_score.tolist() == [0.75]


def test_what_two_helices_share_is_a_box():
    seq = "GGGGGGAAAACCCCCC"
    found = voted_proposals(seq, [pairs("((((........))))"), pairs("..((((....))))..")])
    assert lines(found) == [(2, 13, 2), (0, 15, 4), (2, 13, 4)]
    assert found.score.tolist() == [1, 0.5, 0.5]


def test_runs_of_the_majority_that_no_structure_has():
    seq = "G" * 8 + "AAAA" + "C" * 8
    texts = ["((((((........))))))", "..((((((....))))))..", "((....((....))....))"]
    found = voted_proposals(seq, [pairs(text) for text in texts])
    at = lines(found).index((0, 19, 8))
    assert found.score[at] == 0 and column(found, "log_probability")[at] == -12
    assert column(found, "on_probability")[at] == pytest.approx(2 / 3)


def test_pairs_that_cannot_be_are_dropped():
    #       A-C outside, hairpin of two inside
    found = voted_proposals("AGGGAACCCC", [pairs("((((..))))")])
    assert lines(found) == [(1, 8, 2)] and found.score.tolist() == [1]
    assert found.loops.tolist() == [[BoxKind.HAIRPIN, 2, 2, 6, 6]]


def test_knots_keep_their_stems():
    found = voted_proposals("GGGAACCCAACCCAAGGG", [pairs("(((..[[[..)))..]]]")])
    assert sorted(lines(found)) == [(0, 12, 3), (5, 17, 3)]


def test_no_pairs_and_no_structures():
    for structures in ([], [pairs("." * 12)]):
        found = voted_proposals(SEQ, structures)
        assert len(found.boxes) == len(found.loops) == len(found.score) == 0
        assert found.evidence.shape == (0, len(EVIDENCE))


@given(st.lists(st.lists(st.integers(0, 3), min_size=24, max_size=24), min_size=1, max_size=5))
def test_the_majority_and_each_structure_can_be_assembled(codes):
    seq = "GGCGAAGCGGAACCGCAACGCAAC"
    structures = [nested(code) for code in codes]
    found = voted_proposals(seq, structures)
    offered = set(map(tuple, found.boxes.tolist()))
    tables = np.array([pair_table(clean(seq, each), len(seq)) for each in structures])
    for wanted in [majority_pairs(tables), *(clean(seq, each) for each in structures)]:
        assert set(map(tuple, stems(wanted).tolist())) <= offered
    again = stem_votes(found.boxes, tables)
    assert np.array_equal(again, found.evidence)
    assert (np.diff(found.score) <= 0).all() and (np.diff(found.loop_score) <= 0).all()


def nested(code):
    """Some nested structure for any list of numbers."""
    open_ends, found = [], []
    for position, number in enumerate(code):
        if number == 1:
            open_ends.append(position)
        elif number == 2 and open_ends:
            found.append((open_ends.pop(), position))
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def clean(seq, structure):
    from boxfold.features.cleaning import canonical_pairs

    return canonical_pairs(seq, structure)
