import gzip

import pytest

from boxfold.features.errors import InputError
from boxfold.features.formats import StructureRecord, to_bpseq, to_ct, to_dbn, to_edbn
from boxfold.features.record_tables import to_json
from boxfold.features.stockholm import to_stockholm
from boxfold.features.structure import base_pairs_from_dot_bracket as pairs
from boxfold.features.structure import dot_bracket
from boxfold.s1.structure_files import read_structures

RECORDS = [
    StructureRecord("one", "GGGAAAACCC", pairs("(((....)))")),
    StructureRecord("two", "GGGAACCCAACCCAAGGG", pairs("(((..[[[..)))..]]]")),
]
WRITERS = {
    "dbn": to_dbn,
    "edbn": to_edbn,
    "ct": to_ct,
    "bpseq": to_bpseq,
    "stockholm": to_stockholm,
}


def write(path, text):
    path.write_text(text)
    return path


def texts(found):
    return [(each.id, each.seq, dot_bracket(each.base_pairs, each.length)) for each in found]


@pytest.mark.parametrize("ending", WRITERS)
def test_every_format_by_its_content(tmp_path, ending):
    text = "".join(map(WRITERS[ending], RECORDS))
    expected = [(r.id, r.seq, dot_bracket(r.base_pairs, len(r.seq))) for r in RECORDS]
    for path in (tmp_path / f"tool.{ending}", tmp_path / "tool.txt"):
        assert texts(read_structures(write(path, text), pytest.fail)) == expected
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert texts(read_structures(packed, pytest.fail)) == expected


def test_json_of_predict(tmp_path):
    text = "[\n" + ",\n".join(map(to_json, RECORDS)) + "\n]\n"
    found = read_structures(write(tmp_path / "tool.json", text), pytest.fail)
    assert texts(found) == [(r.id, r.seq, dot_bracket(r.base_pairs, len(r.seq))) for r in RECORDS]
    with pytest.raises(InputError, match=r"tool\.json: entry 1: unbalanced"):
        read_structures(write(tmp_path / "tool.json", text.replace(")))", "...")), pytest.fail)


def test_bad_alignments_are_named_and_the_others_read(tmp_path):
    text = to_stockholm(RECORDS[0]) + "# STOCKHOLM 1.0\na  GC\n//\n" + to_stockholm(RECORDS[1])
    messages = []
    found = read_structures(write(tmp_path / "tool.sto", text), messages.append)
    assert [each.id for each in found] == ["one", "two"]
    assert len(messages) == 1 and "tool.sto: line 7: 'a' has no structure" in messages[0]


def test_csv_with_tools_sets_and_sequences(tmp_path):
    text = "set,id,tool,dot_bracket\na,one,x,(...)\nb,one,x,.....\na,one,y,.....\n"
    found = read_structures(write(tmp_path / "p.csv", text), pytest.fail, "a")
    assert texts(found) == [("one", None, "(...)"), ("one", None, ".....")]
    assert [each.source[-4:] for each in found] == [" (x)", " (y)"] or found[0].source.endswith(
        "(x)"
    )
    text = "id,sequence,dot_bracket\none,ggPatc,(....)\n"
    (found,) = read_structures(write(tmp_path / "tool.csv", text), pytest.fail)
    assert (found.seq, found.source) == ("GGNAUC", str(tmp_path / "tool.csv"))


def test_ct_and_bpseq_without_a_name_have_that_of_the_file(tmp_path):
    rows = "1 G 5\n2 A 0\n3 A 0\n4 A 0\n5 C 1\n"
    found = read_structures(write(tmp_path / "mine.bpseq", rows + rows), pytest.fail)
    assert texts(found) == [("mine", "GAAAC", "(...)")] * 2
    ct = "5\n1 G 0 2 5 1\n2 A 1 3 0 2\n3 A 2 4 0 3\n4 A 3 5 0 4\n5 C 4 0 1 5\n"
    assert texts(read_structures(write(tmp_path / "mine.ct", ct), pytest.fail)) == [
        ("mine", "GAAAC", "(...)")
    ]


@pytest.mark.parametrize(
    ("text", "line", "good"),
    [
        (">a\nGAAAC\n(...)\n>b\nGAAAC\n(..)\n>c\nGAAAC\n.....\n", "line 6: 4 brackets", ["a", "c"]),
        (">a\nGAAAC\n>b\nGAAAC\n(...)\n", "line 1: three lines are needed", ["b"]),
        ("# a\n1 G 2\n2 A 0\n# b\n1 A 0\n", "line 2: partner 2", ["b"]),
        ("1 a\n1 A 0 2 9 1\n1 b\n1 A 0 2 0 1\n", "line 2: partner 9", ["b"]),
        ("id,dot_bracket\na,(..\nb,.\n", "row 2 ('a'): unbalanced", ["b"]),
        ("id,sequence,dot_bracket\na,ACG,..\nb,A,.\n", "2 characters, sequence 3", ["b"]),
        ("id,sequence,dot_bracket\na,A-G,...\nb,A,.\n", "gap '-'", ["b"]),
    ],
)
def test_a_bad_record_is_named_and_loses_no_other(tmp_path, text, line, good):
    lines: list[str] = []
    path = write(tmp_path / "f", text)
    assert [each.id for each in read_structures(path, lines.append)] == good
    assert len(lines) == 1 and line in lines[0] and lines[0].startswith(str(path))


@pytest.mark.parametrize(
    ("text", "only_set", "message"),
    [
        ("", None, "the file is empty"),
        ("id,tool\n", None, "no column 'dot_bracket'"),
        ("id,dot_bracket\na,.\n", "ts0", "no column 'set'"),
        ("id,dot_bracket,set\na,.,vl0\n", "ts0", "no rows of set 'ts0'"),
        (">a\nA\n.\n", "ts0", "no CSV, so it has no set 'ts0'"),
    ],
)
def test_bad_files_are_one_line(tmp_path, text, only_set, message):
    with pytest.raises(InputError) as error:
        read_structures(write(tmp_path / "f", text), pytest.fail, only_set)
    assert message in str(error.value) and "\n" not in str(error.value)
