import re
from collections.abc import Callable

import numpy as np
import pytest

from boxfold.features.errors import InputError
from boxfold.features.formats import (
    StructureRecord,
    from_bpseq,
    from_ct,
    from_dbn,
    to_bpseq,
    to_ct,
    to_dbn,
    to_edbn,
)

KNOT = StructureRecord("knot", "GGAACC", np.array([[0, 4], [1, 3], [2, 5]]), -1.5)


def test_a_pseudoknot_as_written() -> None:
    assert to_dbn(KNOT) == ">knot\nGGAACC\n(([))] ( -1.50)\n"
    assert to_edbn(KNOT) == ">knot energy=-1.50\nGGAACC\n(([))]\n"
    assert to_bpseq(KNOT) == (
        "# knot\n# ENERGY = -1.50\n1 G 5\n2 G 4\n3 A 6\n4 A 2\n5 C 1\n6 C 3\n"
    )
    assert to_ct(KNOT).splitlines() == [
        "    6 ENERGY = -1.50 knot",
        "    1 G    0    2    5    1",
        "    2 G    1    3    4    2",
        "    3 A    2    4    6    3",
        "    4 A    3    5    2    4",
        "    5 C    4    6    1    5",
        "    6 C    5    0    3    6",
    ]


def test_energy_stands_as_rnafold_prints_it() -> None:
    assert to_dbn(KNOT._replace(free_energy=-12.3)).endswith("(([))] (-12.30)\n")
    assert to_dbn(KNOT._replace(free_energy=None)).endswith("(([))]\n")


def test_files_of_other_programs_are_read() -> None:
    ct = "    5\tdG = -0.3\ttRNA some words\n1 g 0 2 5 1\n2 t 1 3 0 2\n3 r 2 4 0 3\n"
    ct += "4 a 3 5 0 4\n5 c 4 0 1 5 extra columns\n"
    (record,) = from_ct(ct)
    assert (record.id, record.seq, record.free_energy) == ("tRNA", "GUNAC", -0.3)
    assert record.base_pairs.tolist() == [[0, 4]]
    (record,) = from_bpseq("1 g 3\n2 t 0\n3 c 1\n")
    assert (record.id, record.seq, record.free_energy) == ("", "GUC", None)
    (record,) = from_dbn(">a b\r\n\r\ngtc\r\n(.) (  3.00)\r\n")
    assert (record.id, record.seq, record.free_energy) == ("a", "GUC", 3.0)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (from_dbn, ">a\nACGU\n(..\n", "line 3: 3 brackets and dots for 4 bases"),
        (from_dbn, ">a\nACGU\n(...\n", "line 3: unbalanced dot-bracket: '(' at position 1"),
        (from_dbn, ">a\nACEU\n(..)\n", "line 2: letter 'E' at position 3"),
        (from_dbn, ">a\nACGU\n", "line 1: three lines are needed"),
        (from_dbn, "ACGU\n....\n>a\n", "line 1: three lines are needed"),
        (from_dbn, ">a\nACGU\n.... -1.0\n", "line 3: no dot-bracket"),
        (from_ct, "tRNA\n1 A 0 2 0 1\n", "line 1: the length is needed"),
        (from_ct, "2 x\n1 A 0 2 0 1\n", "line 1: 2 rows are announced, 1 follow"),
        (from_ct, "1 x\n1 A 0 2\n", "line 2: the columns of a ct row are needed"),
        (from_ct, "0 x\n", "line 1: the sequence is empty"),
        (from_bpseq, "1 A 0\n3 C 0\n", "line 2: position 3, 2 is needed"),
        (from_bpseq, "1 A 3\n2 C 0\n", "line 1: partner 3 (allowed: 0 to 2, not itself)"),
        (from_bpseq, "1 A 1\n", "line 1: partner 1 (allowed: 0 to 1, not itself)"),
        (from_bpseq, "1 A 2\n2 C 3\n3 G 2\n", "line 1: partner 2 pairs with another position"),
        (from_bpseq, "1 A x\n", "line 1: position, base, partner are needed"),
        (from_bpseq, "# x\n1 AC 0\n", "line 2: position, base, partner are needed"),
        (from_bpseq, "1 J 0\n", "line 1: letter 'J' at position 1"),
    ],
)
def test_a_wrong_line_is_named(
    read: Callable[[str], list[StructureRecord]], text: str, message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read(text)


@pytest.mark.parametrize("read", [from_dbn, from_ct, from_bpseq])
def test_no_text_no_record(read: Callable[[str], list[StructureRecord]]) -> None:
    assert read("\n \n") == []


@pytest.mark.parametrize(
    ("write", "read"),
    [(to_dbn, from_dbn), (to_edbn, from_dbn), (to_ct, from_ct), (to_bpseq, from_bpseq)],
)
def test_rank_and_confidence_stand_behind_the_id(write: Callable, read: Callable) -> None:
    second = KNOT._replace(structure_confidence=0.8125, rank=2)
    (back,) = read(write(second))
    assert (back.id, back.rank, back.structure_confidence) == ("knot", 2, 0.812)
    assert to_dbn(second).splitlines()[0] == ">knot rank=2 confidence=0.812"
    assert to_edbn(second).splitlines()[0] == ">knot energy=-1.50 rank=2 confidence=0.812"
    assert to_ct(second).splitlines()[0].endswith(" knot rank=2 confidence=0.812")
    assert to_bpseq(second).splitlines()[0] == "# knot rank=2 confidence=0.812"
    (back,) = read(write(KNOT))
    assert (back.rank, back.structure_confidence) == (1, None)


def test_descriptions_of_others_are_no_confidence() -> None:
    text = ">a confidence=high rank=0 xrank=3 confidence=2.5\nGUC\n(.)\n"
    (record,) = from_dbn(text)
    assert (record.id, record.rank, record.structure_confidence) == ("a", 1, None)
