import functools
import gzip
import io
import os
import random
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from boxfold.features.errors import InputError
from boxfold.features.fasta import FastaRecord, read_fasta

# Without a time stamp: parameters name tests, and xdist's workers must agree on the names.
zipped = functools.partial(gzip.compress, mtime=0)

GOOD = b">a first one\nACGU\n\nacgt\n>b\nGGG\n"
GOOD_RECORDS = [FastaRecord("a", "first one", "ACGUACGU", 0), FastaRecord("b", "", "GGG", 0)]


class Reading:
    """What came of one file."""

    def __init__(self, source: Path | str) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.records = list(read_fasta(source, self.errors.append, self.warnings.append))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.fa"


def read(path: Path, content: bytes) -> Reading:
    path.write_bytes(content)
    return Reading(path)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.rstrip(),
        GOOD.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"),  # as Windows editors save it
        GOOD.replace(b"\n", b"\r"),
        b"\n; a comment\n" + GOOD + b"; another\n\n",
        GOOD.replace(b"a first one", b"  a\tfirst one "),
        zipped(GOOD),
        zipped(GOOD[:20]) + zipped(GOOD[20:]),  # as bgzip writes: several members
        zipped(b"\xef\xbb\xbf" + GOOD),
    ],
)
def test_good_files(path: Path, content: bytes) -> None:
    reading = read(path, content)
    assert reading.records == GOOD_RECORDS
    assert reading.errors == reading.warnings == []


@pytest.mark.parametrize("content", [GOOD, zipped(GOOD)])
@pytest.mark.parametrize("buffer", [io.BytesIO, lambda data: io.BufferedReader(io.BytesIO(data))])
def test_standard_input(content: bytes, buffer: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer(content)))
    assert Reading("-").records == GOOD_RECORDS
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer(b"")))
    with pytest.raises(InputError, match=r"^standard input: the file is empty$"):
        Reading("-")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \r\n", "the file is empty"),
        (b"; only a comment\n", "the file is empty"),
        (zipped(b""), "the file is empty"),
        (b"ACGU\nACGU\n", "no line starts with '>' (FASTA is needed, plain or gzip)"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\r", "a binary file (FASTA is needed, plain or gzip)"),
        (zipped(bytes(100)), "a binary file (FASTA is needed, plain or gzip)"),
        (GOOD.decode().encode("utf-16"), "UTF-16 text, UTF-8 is needed"),
        (b"@read\nACGU\n+\nIIII\n", "starts with '@' as FASTQ does (FASTA is needed)"),
        (b"\xef\xbb\xbf\n@read\nACGU\n+\nIIII\n", "starts with '@' as FASTQ does"),
        (zipped(GOOD)[:5], "the gzip file is truncated"),
        (zipped(GOOD)[:-9], "the gzip file is truncated"),
        (zipped(GOOD)[:10] + b"\xff" * 20, "the gzip file is damaged"),
    ],
)
def test_files_that_are_no_fasta(path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"{path}: {message}")) as caught:
        read(path, content)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(f"{tmp_path}: is a folder")):
        Reading(tmp_path)
    with pytest.raises(InputError, match=r"none\.fa: no such file"):
        Reading(tmp_path / "none.fa")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission(path: Path) -> None:
    path.write_bytes(GOOD)
    path.chmod(0)
    with pytest.raises(InputError, match="can't be read"):
        Reading(path)


def test_a_path_that_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        Reading(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b">x\n", "record 'x' (line 3): no sequence"),
        (b">x\n\n  \n", "record 'x' (line 3): no sequence"),
        (b">x\nAC-GU\n", "record 'x' (line 3): gap '-' at position 3"),
        (b">x\nAC\nGU.\n", "record 'x' (line 3): gap '.' at position 5"),
        (b">x\nMKLE\n", "record 'x' (line 3): letter 'L' at position 3"),
        (b">x\nAC1\n", "record 'x' (line 3): letter '1' at position 3"),
        (b">x\nAC\xe9GU\n", "record 'x' (line 3): not UTF-8 text"),
        (b">x \xe9t\xe9\nACGU\n", "record 'x' (line 3): not UTF-8 text"),
        (
            b">first other words\nACGU\n",
            "record 'first' (line 3): the id occurred before, in line 1",
        ),
        (b">\n>", "record 2: no sequence"),
    ],
)
def test_a_bad_record_is_named_and_loses_no_other(path: Path, bad: bytes, message: str) -> None:
    reading = read(path, b">first\nACGU\n" + bad + b"\n>last\nGGG\n")
    assert [record.id for record in reading.records] == ["first", "last"]
    assert reading.errors[0].startswith(f"{path}: {message}")
    assert all("\n" not in error for error in reading.errors)


def test_text_before_the_first_record(path: Path) -> None:
    reading = read(path, b"ACGU\nsome words\n" + GOOD)
    assert reading.records == GOOD_RECORDS
    assert reading.errors == [f"{path}: text before the first '>' (line 3) is left out"]


def test_unknown_bases_are_counted_and_warned_of(path: Path) -> None:
    reading = read(path, b">x\nacgtRYn\n>y\nACG\n")
    assert reading.records == [FastaRecord("x", "", "ACGUNNN", 3), FastaRecord("y", "", "ACG", 0)]
    assert reading.errors == []
    assert reading.warnings == [
        f"{path}: record 'x' (line 1): 3 of 7 bases are unknown (N) and never pair"
    ]


def test_a_record_without_a_name_gets_one(path: Path) -> None:
    reading = read(path, b">\nACG\n> \nGGG\n")
    assert [record.id for record in reading.records] == ["record_1", "record_2"]
    assert reading.warnings[0] == f"{path}: record 1: no name, called 'record_1'"


def test_a_gzip_file_that_breaks_off_keeps_its_complete_records(path: Path) -> None:
    letters = random.Random(1)
    sequences = ["".join(letters.choices("ACGU", k=3000)) for _ in range(40)]
    whole = "".join(f">s{index}\n{seq}\n" for index, seq in enumerate(sequences))
    compressed = zipped(whole.encode())
    reading = read(path, compressed[: len(compressed) * 3 // 4])
    n_read = len(reading.records)
    assert 10 < n_read < 31
    assert [record.seq for record in reading.records] == sequences[:n_read]
    assert reading.errors == [f"{path}: the gzip file is truncated after {n_read} complete records"]


def test_standard_input_that_is_closed_is_named(monkeypatch):
    """A shell's ``<&-`` leaves no stream at all."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input: is closed"):
        list(read_fasta("-", print))
