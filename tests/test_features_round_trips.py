"""What holds for every structure, knotted or not: inverse functions, boxes by their definition."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.box import BoxKind, boxes_from_array, stem_base_pairs
from boxfold.features.formats import StructureRecord, from_bpseq, from_ct, from_dbn
from boxfold.features.loops import merged_base_pairs, multiloops, structure_boxes
from boxfold.features.record_tables import from_csv, from_json
from boxfold.features.stockholm import from_stockholm
from boxfold.features.structure import (
    IntArray,
    as_base_pairs,
    base_pairs_from_dot_bracket,
    base_pairs_from_pair_table,
    crossing_pairs,
    dot_bracket,
    pages,
    pair_table,
)
from boxfold.scripts.layouts import LAYOUTS, write_predictions

LENGTH = 40
READERS = {
    "dbn": from_dbn,
    "edbn": from_dbn,
    "ct": from_ct,
    "bpseq": from_bpseq,
    "stockholm": from_stockholm,
    "json": from_json,
    "csv": from_csv,
}


@st.composite
def structures(draw: st.DrawFn) -> IntArray:
    """Stems at random places, kept as long as they fit: nested, knotted, abutting, empty."""
    taken: set[int] = set()
    pairs = []
    places = st.tuples(st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1), st.integers(1, 4))
    for i, j, n_pairs in draw(st.lists(places, max_size=9)):
        for t in range(n_pairs):
            pair = (i + t, j - t)
            if pair[0] < pair[1] < LENGTH and not taken & set(pair):
                pairs.append(pair)
                taken |= set(pair)
    return as_base_pairs(pairs)


@st.composite
def records(draw: st.DrawFn) -> StructureRecord:
    name = draw(st.text("abcXYZ019_.|:/-", min_size=1, max_size=12))
    seq = draw(st.text("ACGUN", min_size=LENGTH, max_size=LENGTH))
    energy = draw(st.none() | st.integers(-99999, 99999).map(lambda value: value / 100))
    return StructureRecord(name, seq, draw(structures()), energy)


def assert_same(read: StructureRecord, written: StructureRecord) -> None:
    assert (read.id, read.seq, read.free_energy) == (written.id, written.seq, written.free_energy)
    assert read.base_pairs.tolist() == written.base_pairs.tolist()


@given(structures())
def test_dot_bracket_and_pair_table(pairs: IntArray) -> None:
    text = dot_bracket(pairs, LENGTH)
    assert len(text) == LENGTH
    assert base_pairs_from_dot_bracket(text).tolist() == pairs.tolist()
    assert base_pairs_from_pair_table(pair_table(pairs, LENGTH)).tolist() == pairs.tolist()


@given(structures())
def test_pairs_of_one_page_do_not_cross(pairs: IntArray) -> None:
    page = pages(pairs)
    same_page = page[:, None] == page[None, :]
    assert not (crossing_pairs(pairs) & same_page).any()


@pytest.mark.parametrize("name", LAYOUTS)
@given(written=st.lists(records(), min_size=1, max_size=3))
def test_text_formats(name: str, written: list[StructureRecord]) -> None:
    file = io.StringIO()
    write_predictions(written, LAYOUTS[name], file)
    back = READERS[name](file.getvalue())
    assert len(back) == len(written)
    for one, other in zip(back, written, strict=True):
        assert_same(one, other)


@given(structures())
def test_structure_to_boxes_and_back(pairs: IntArray) -> None:
    boxes = structure_boxes(pairs)
    stems = boxes[boxes[:, 0] == BoxKind.STEM]
    assert merged_base_pairs(stems[::-1]).tolist() == pairs.tolist()
    assert sorted(map(tuple, stem_base_pairs(stems).tolist())) == list(map(tuple, pairs.tolist()))


@given(structures())
def test_boxes_are_as_defined(pairs: IntArray) -> None:
    partner = {int(i): int(j) for i, j in [*pairs, *pairs[:, ::-1]]}

    def is_free(start: int, stop: int) -> bool:
        return not any(position in partner for position in range(start, stop))

    def is_pair(i: int, j: int) -> bool:
        return partner.get(i) == j

    expected = []
    for i, j in pairs.tolist():
        if not is_pair(i - 1, j + 1):
            p, q = i, j
            while p + 1 < q - 1 and is_pair(p + 1, q - 1):
                p, q = p + 1, q - 1
            expected.append((BoxKind.STEM, (i, j), (p, q)))
        if j - i > 1 and is_free(i + 1, j):
            expected.append((BoxKind.HAIRPIN, (i, j), (j, i)))
        for p, q in pairs.tolist():
            is_inside = i < p < q < j and (p - i, j - q) != (1, 1)
            if is_inside and is_free(i + 1, p) and is_free(q + 1, j):
                expected.append((BoxKind.INTERIOR_LOOP, (i, j), (p, q)))
    boxes = boxes_from_array(structure_boxes(pairs))
    assert [(box.kind, box.outer_pair, box.inner_pair) for box in boxes] == sorted(expected)


@given(structures())
def test_every_nested_loop_is_found_once(pairs: IntArray) -> None:
    crossing = crossing_pairs(pairs).any(axis=1)
    nested = pairs[~crossing]
    boxes = structure_boxes(nested)
    closers = boxes[boxes[:, 0] != BoxKind.STEM]
    branching = multiloops(nested)
    # Without knots each pair closes one loop: a stack, a hairpin, an interior loop or a junction;
    # only a pair of neighbours closes nothing at all.
    stems = boxes[boxes[:, 0] == BoxKind.STEM]
    empty = int(np.sum(nested[:, 1] - nested[:, 0] == 1))
    assert len(closers) + len(branching) + empty == len(stems)
    for loop in branching:
        (i, j), branches = loop[0], loop[1:]
        assert len(branches) >= 2
        assert (branches[:, 0] > i).all() and (branches[:, 1] < j).all()
        assert (branches[1:, 0] > branches[:-1, 1]).all()
