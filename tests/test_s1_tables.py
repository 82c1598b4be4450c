import functools
import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boxfold.features.box import boxes_to_array, hairpin_box, interior_loop_box, stem_box
from boxfold.features.errors import InputError
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops
from boxfold.s1.tables import (
    DATASET_SCHEMA,
    DATASET_TYPES,
    PROPOSAL_TYPES,
    proposals_of_row,
    proposals_to_columns,
    read_dataset,
    read_proposals,
    read_sequences,
    write_dataset,
    write_proposals,
)

# Without a time stamp: parameters name tests, and xdist's workers must agree on the names.
zipped = functools.partial(gzip.compress, mtime=0)

ROWS = pd.DataFrame(
    {
        "id": ["a", "b"],
        "sequence": ["GGGAAACCC", "ACGUN"],
        "dot_bracket": ["(((...)))", None],
        "free_energy": [-1.5, np.nan],
        "family": ["x", None],
    }
)


def proposals() -> Proposals:
    evidence = np.arange(2 * len(EVIDENCE), dtype=np.float32).reshape(2, -1) / 7
    return Proposals(
        boxes_to_array([stem_box(0, 20, 3), stem_box(4, 15, 2)]),
        np.array([0.75, 0.5], dtype=np.float32),
        evidence,
        boxes_to_array([hairpin_box(5, 14), interior_loop_box(2, 18, 4, 15)]),
        np.array([0.9, 0.1], dtype=np.float32),
    )


def assert_same(one: Proposals, two: Proposals) -> None:
    for name in Proposals._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)
        assert getattr(one, name).dtype == getattr(two, name).dtype


def test_dataset_round_trip_with_defaults_and_carried_columns(tmp_path):
    path = tmp_path / "d.parquet"
    write_dataset(ROWS, path)
    frame = read_dataset(path)
    assert list(frame) == [*DATASET_TYPES, "family"]
    assert frame["dot_bracket"].tolist() == ["(((...)))", None]
    assert frame["group"].tolist() == ["a", "b"] and frame["sample"].tolist() == [0, 0]
    assert frame["family"].tolist() == ["x", None] and np.isnan(frame["free_energy"][1])
    write_dataset(frame, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("given", [proposals(), proposals().best(1), proposals().best(0)])
def test_proposals_round_trip_through_a_row(given):
    columns = proposals_to_columns(given)
    assert list(columns) == list(PROPOSAL_TYPES)
    assert_same(proposals_of_row(columns), given)


def test_proposals_round_trip_through_a_file(tmp_path):
    empty = Proposals(proposals().boxes[:0], *proposals().best(0)[1:3], *no_loops())
    columns = [proposals_to_columns(p) for p in (proposals(), empty)]
    rows = ROWS.assign(sequence=["GGGAAACCCAAAGGGAAACCC", "ACGUN"])
    frame = rows.assign(**{name: [c[name] for c in columns] for name in PROPOSAL_TYPES})
    for name in ("p", "q"):
        write_proposals(frame, tmp_path / name)
    assert (tmp_path / "p").read_bytes() == (tmp_path / "q").read_bytes()
    read = read_proposals(tmp_path / "p")
    assert_same(proposals_of_row(read.iloc[0]), proposals())
    assert_same(proposals_of_row(read.iloc[1]), empty)
    assert read["sequence"].tolist() == rows["sequence"].tolist()


def test_text_that_is_not_utf8_is_named(tmp_path):
    """Some readers hand it on as it is, and only the first look at it fails."""
    ids = pa.Array.from_buffers(pa.string(), 1, [None, *pa.array([b"\xff"]).buffers()[1:]])
    table = pa.table({"id": ids, "sequence": ["ACGU"]})
    table = table.replace_schema_metadata({"boxfold_schema": DATASET_SCHEMA})
    pq.write_table(table, tmp_path / "d")
    with pytest.raises(InputError, match="d: no parquet file, or damaged"):
        read_dataset(tmp_path / "d")


def test_another_schema_is_named(tmp_path):
    write_dataset(ROWS, tmp_path / "d")
    with pytest.raises(InputError, match=r"schema is boxfold.dataset/1, needed is boxfold.prop"):
        read_proposals(tmp_path / "d")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other")
    for read in (read_dataset, read_sequences):
        with pytest.raises(InputError, match=r"other: schema is none, needed is boxfold.dataset/1"):
            read(tmp_path / "other")


def test_existing_file_is_kept_without_overwrite(tmp_path):
    (tmp_path / "d").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        write_dataset(ROWS, tmp_path / "d", overwrite=False)
    assert (tmp_path / "d").read_text() == "mine"


def test_damaged_and_missing_parquet(tmp_path):
    write_dataset(ROWS, tmp_path / "d")
    (tmp_path / "cut").write_bytes((tmp_path / "d").read_bytes()[:-20])
    for read in (read_dataset, read_sequences):
        with pytest.raises(InputError, match="cut: damaged"):
            read(tmp_path / "cut")
        with pytest.raises(InputError, match="gone: can't be read"):
            read(tmp_path / "gone")


def test_csv_rows_are_checked_one_by_one(tmp_path):
    lines = [
        "id,family,sequence,dot_bracket,score",
        "good,X,gggAAAtccc,(((....))),1.5",
        "knot,NA,GGPACCAGGCC,[[.((]]..)),2",
        "short,X,GGGAAACCC,(((..))),3",
        "open,X,GGGAAACCC,(((...)).,4",
        "odd,X,GGGAAAC!C,.........,5",
        "gap,X,GGG-AACCC,.........,6",
        "good,X,AAAAA,.....,7",
        "bare,X,AAAAA,,8",
        ",X,AAAAA,.....,9",
        "none,X,,,9",
    ]
    path = tmp_path / "t.csv.gz"
    path.write_bytes(zipped(b"\xef\xbb\xbf" + "\r\n".join(lines).encode()))
    errors: list[str] = []
    frame = read_sequences(path, errors.append)
    assert frame["id"].tolist() == ["good", "knot", "bare"]
    assert frame["sequence"].tolist() == ["GGGAAAUCCC", "GGNACCAGGCC", "AAAAA"]
    assert frame["dot_bracket"].tolist() == ["(((....)))", "((.[[))..]]", None]
    assert frame["family"].tolist() == ["X", "NA", "X"]
    assert frame["score"].tolist() == [1.5, 2.0, 8.0]
    reasons = {
        4: "dot_bracket has 8 characters, sequence 9",
        5: "never closed",
        6: "letter '!'",
        7: "gap '-'",
        8: "the id occurred before",
        10: "no id",
        11: "the sequence is empty",
    }
    assert len(errors) == len(reasons)
    for line, (number, reason) in zip(errors, reasons.items(), strict=True):
        assert f"t.csv.gz: row {number} (" in line and reason in line


def test_fasta_has_no_structures(tmp_path):
    (tmp_path / "s.fa").write_text(">one\nACGU\n>two\n\n>three\nggat\n")
    errors: list[str] = []
    frame = read_sequences(tmp_path / "s.fa", errors.append)
    assert frame["sequence"].tolist() == ["ACGU", "GGAU"]
    assert frame["dot_bracket"].tolist() == [None, None]
    assert list(frame) == list(DATASET_TYPES)
    assert len(errors) == 1 and "two" in errors[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"@read\nACGU\n+\nIIII\n", "FASTQ"),
        (b"id,sequence\na,ACGU\n", "no column dot_bracket"),
        (b"\0\1\2\3", "binary"),
        (b"id,sequence,dot_bracket\n\xe9,ACGU,....\n", "not UTF-8"),
        (zipped(b"id,sequence,dot_bracket\n" * 99)[:-9], "truncated"),
        (b"id,sequence,dot_bracket\n", "no good sequence"),
        (b"A" * 200_000, "no CSV table"),
        (b"id,sequence,dot_bracket\na,ACGU,....\nb,A,.,.,.\n", "no CSV table"),
    ],
)
def test_unreadable_files_give_one_line(tmp_path, content, reason):
    path = tmp_path / "input"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        read_sequences(path, lambda line: None)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read_sequences(tmp_path)


def test_columns_of_a_data_set_keep_their_type(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "id,sequence,dot_bracket,group,free_energy\na,GGGAAAUCCC,,7,-1.5\nb,GGNAAAUCCR,,8,\n"
    )
    warnings: list[str] = []
    frame = read_sequences(path, warnings.append, warnings.append)
    assert frame["group"].tolist() == ["7", "8"]
    assert frame["free_energy"].iloc[0] == -1.5 and np.isnan(frame["free_energy"].iloc[1])
    assert warnings == [f"{path}: row 3 ('b'): 2 of 10 bases are unknown (N) and never pair"]
    path.write_text("id,sequence,dot_bracket,free_energy\na,GGGAAAUCCC,,low\n")
    with pytest.raises(InputError, match="column 'free_energy' must hold double"):
        read_sequences(path)


def test_unknown_bases_of_fasta_are_warned_of(tmp_path):
    (tmp_path / "s.fa").write_text(">one\nACGRN\n")
    warnings: list[str] = []
    read_sequences(tmp_path / "s.fa", pytest.fail, warnings.append)
    assert len(warnings) == 1 and "2 of 5 bases are unknown" in warnings[0]
