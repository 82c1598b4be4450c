import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.errors import InputError
from boxfold.features.formats import StructureRecord
from boxfold.features.stockholm import base_pairs_from_wuss, from_stockholm, to_stockholm, wuss
from boxfold.features.structure import OPENING, as_base_pairs

KNOT = StructureRecord("knot", "GGAACC", np.array([[0, 4], [1, 3], [2, 5]]), -1.5, 0.8125, 2)

# Two sequences in two blocks; the consensus has a knot, and one sequence a structure of its own.
FAMILY = """# STOCKHOLM 1.0
#=GF ID   Family
#=GS one/1-9 AC  whatever

one/1-9       GGA-A.CC
two           GCAAAAGC
#=GR two SS   <......>
#=GC SS_cons  <<A_.,>>
#=GC RF       xxxxxxxx

one/1-9       aAU
two           A-U
#=GR two SS   ..:
#=GC SS_cons  ~~a
//
"""


def test_a_pseudoknot_as_written() -> None:
    assert to_stockholm(KNOT) == (
        "# STOCKHOLM 1.0\n"
        "#=GF ID   knot\n"
        "#=GF CC   energy=-1.50 rank=2 confidence=0.812\n"
        "knot          GGAACC\n"
        "#=GR knot SS  <<A>>a\n"
        "#=GC SS_cons  <<A>>a\n"
        "//\n"
    )


def test_sequences_of_an_alignment_take_what_their_bases_have_of_the_consensus() -> None:
    one, two = from_stockholm(FAMILY)
    assert (one.id, one.seq, one.free_energy) == ("one/1-9", "GGAACCAAU", None)
    assert one.base_pairs.tolist() == [[0, 5], [1, 4], [2, 8]]
    assert (two.id, two.seq) == ("two", "GCAAAAGCAU")
    assert two.base_pairs.tolist() == [[0, 7]]


def test_pairs_of_a_gap_are_left_out() -> None:
    text = "# STOCKHOLM 1.0\na  G-AAACC\n#=GC SS_cons  ((___))\n//\n"
    (record,) = from_stockholm(text)
    assert (record.seq, record.base_pairs.tolist()) == ("GAAACC", [[0, 5]])


def test_all_brackets_of_wuss_are_of_one_page() -> None:
    text = "::(((,,<<<___>>>,,,[[-{_}.]]~,,)))A:a"
    pairs = base_pairs_from_wuss(text)
    assert pairs.tolist() == [
        *([2, 33], [3, 32], [4, 31]),
        *([7, 15], [8, 14], [9, 13]),
        *([19, 27], [20, 26], [22, 24]),
        [34, 36],
    ]


def test_27_pages_have_letters_and_28_do_not() -> None:
    pairs = as_base_pairs([(i, i + 28) for i in range(27)])
    text = wuss(pairs, 55)
    assert set(text) == set("<>.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    assert base_pairs_from_wuss(text).tolist() == pairs.tolist()
    with pytest.raises(ValueError, match="more than 27 pages"):
        wuss(as_base_pairs([(i, i + 28) for i in range(28)]), 56)
    assert len(OPENING) == 30


@pytest.mark.parametrize("name", ["#=GR", "//", "//x", "_x", "", "#", "_", "__", "a//b"])
def test_any_name_comes_back(name: str) -> None:
    (back,) = from_stockholm(to_stockholm(KNOT._replace(id=name)))
    assert (back.id, back.seq) == (name, KNOT.seq)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a GC\n", "line 1: '# STOCKHOLM 1.0' is needed before anything else"),
        ("# STOCKHOLM 1.0\n\na GC\n", "line 1: this alignment has no end"),
        ("# STOCKHOLM 1.0\na GC\n# STOCKHOLM 1.0\n", "line 3: the alignment above has no end"),
        ("# STOCKHOLM 1.0\n//\n", "line 1: the alignment that begins here has no sequence"),
        ("# STOCKHOLM 1.0\na GC\n//\n", "line 1: 'a' has no structure"),
        ("# STOCKHOLM 1.0\na GC\n#=GC SS_cons ...\n//\n", "'a': 3 signs of structure, 2 columns"),
        ("# STOCKHOLM 1.0\na GC\n#=GC SS_cons <.\n//\n", "'a': unbalanced dot-bracket: '<'"),
        ("# STOCKHOLM 1.0\na GE\n#=GC SS_cons ..\n//\n", "line 1: letter 'E' at position 2"),
        ("# STOCKHOLM 1.0\na G C\n", "line 2: a name and a row"),
        ("# STOCKHOLM 1.0\na GC\n#=GR b SS ..\n//\n", "'b' has a structure, but no sequence"),
        ("# STOCKHOLM 1.0\na --\n#=GC SS_cons ..\n//\n", "line 1: the sequence is empty"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        from_stockholm(text)


@given(st.text("<>()[]{}Aa.:,_-~", max_size=30))
def test_wuss_is_read_or_refused(text: str) -> None:
    try:
        pairs = base_pairs_from_wuss(text)
    except InputError:
        return
    assert base_pairs_from_wuss(wuss(pairs, len(text))).tolist() == pairs.tolist()
