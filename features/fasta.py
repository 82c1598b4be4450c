"""FASTA files: plain or gzip, from a path or from standard input, record by record.

A bad record is named and skipped, the others are read; a file that is no FASTA file at all is an
`InputError`. A byte order mark, any line ends, blank lines and ``;`` comments are accepted.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from boxfold.features.errors import InputError
from boxfold.features.first_lines import FirstLines
from boxfold.features.limits import MAX_LINE, MAX_RECORD, in_words
from boxfold.features.record_id import check_id, without_controls
from boxfold.features.sequence import normalize_sequence, unknown_bases

STANDARD_INPUT = "-"

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_FIRST_BLOCK = 4096


class FastaRecord(NamedTuple):
    """One sequence of a FASTA file.

    Attributes
    ----------
    id : str
        First word of the header.
    description : str
        The rest of the header.
    seq : str
        Upper-case ``ACGUN``, at least one letter.
    n_unknown : int
        Number of ``N`` in `seq`.
    """

    id: str
    description: str
    seq: str
    n_unknown: int


class _RawRecord(NamedTuple):
    line: int
    header: bytes
    body: bytes
    is_too_long: bool = False


def read_fasta(
    source: str | Path,
    on_error: Callable[[str], None],
    on_warning: Callable[[str], None] | None = None,
) -> Iterator[FastaRecord]:
    """Read the good records of a FASTA file, in order.

    Parameters
    ----------
    source : str or Path
        A file, plain or gzip whatever its name; ``-`` is standard input.
    on_error : callable
        Gets one line for each bad record (no sequence, gaps, other letters, not UTF-8, an id that
        occurred before), for text before the first ``>``, and for a gzip file that breaks off
        after its first complete record; the record that it cuts is not returned.
    on_warning : callable, optional
        Gets one line for each record with unknown bases or without a name.

    Yields
    ------
    FastaRecord

    Raises
    ------
    InputError
        If the file is missing, a folder, unreadable, empty, binary, FASTQ, or has no record.
    """
    name = "standard input" if source == STANDARD_INPUT else str(source)
    warn = on_warning or (lambda line: None)
    first_lines = FirstLines()
    for number, raw in enumerate(_raw_records(name, source, on_error), start=1):
        try:
            record = _parse(raw, number)
            check_id(record.id)
            if (line := first_lines.seen(record.id, raw.line)) is not None:
                raise InputError(f"the id occurred before, in line {line}")
        except InputError as error:
            on_error(f"{name}: {_label(raw, number)}: {error}")
            continue
        if not raw.header.strip():
            warn(f"{name}: {_label(raw, number)}: no name, called '{record.id}'")
        if unknown := unknown_bases(record.seq):
            warn(f"{name}: {_label(raw, number)}: {unknown}")
        yield record


def _parse(raw: _RawRecord, number: int) -> FastaRecord:
    if raw.is_too_long:
        raise InputError(f"more than {MAX_RECORD} letters, the most that is read")
    try:
        header, body = raw.header.decode("utf-8"), raw.body.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text") from None
    name, description = [*header.split(maxsplit=1), "", ""][:2]
    if not body.strip():
        raise InputError("no sequence")
    seq, n_unknown = normalize_sequence(body)
    description = without_controls(description).strip()
    return FastaRecord(name or f"record_{number}", description, seq, n_unknown)


def _label(raw: _RawRecord, number: int) -> str:
    words = raw.header.decode("utf-8", "backslashreplace").split()
    return f"record '{words[0]}' (line {raw.line})" if words else f"record {number}"


def _raw_records(
    name: str, source: str | Path, on_error: Callable[[str], None]
) -> Iterator[_RawRecord]:
    start, header, body, size = 0, b"", list[bytes](), 0
    n_complete = 0
    try:
        for number, line, is_header in _lines(name, source):
            if not is_header:
                size += len(line)
                if size <= MAX_RECORD:
                    body.append(line)
                continue
            if start:
                n_complete += 1
                yield _RawRecord(start, header, b"\n".join(body), size > MAX_RECORD)
            elif body:
                on_error(f"{name}: text before the first '>' (line {number}) is left out")
            start, header, body, size = number, line[1:], [], 0
    except InputError as error:
        if not n_complete:
            raise
        on_error(f"{error} after {n_complete} complete records")
        return
    if not start:
        raise InputError(f"{name}: {_without_record(body)}")
    yield _RawRecord(start, header, b"\n".join(body), size > MAX_RECORD)


def _without_record(body: list[bytes]) -> str:
    if not body:
        return "the file is empty"
    return "no line starts with '>' (FASTA is needed, plain or gzip)"


def _lines(name: str, source: str | Path) -> Iterator[tuple[int, bytes, bool]]:
    """Stripped lines with their numbers, and whether they are headers; none blank, no comments.

    A line longer than `MAX_LINE` comes in pieces.
    """
    with _open(name, source) as stream:
        try:
            _check_first_block(name, stream)
            number, kind = 0, b""
            for goes_on, line in _split_lines(stream):
                number += not goes_on
                stripped = line.removeprefix(_UTF8_MARK).strip() if number == 1 else line.strip()
                kind = kind if goes_on else stripped[:1]
                if goes_on and kind == b">":
                    limit = in_words(MAX_LINE)
                    raise InputError(f"{name}: a header of more than {limit} (line {number})")
                if stripped and kind != b";":
                    yield number, stripped, kind == b">"
        except EOFError:
            raise InputError(f"{name}: the gzip file is truncated") from None
        except (gzip.BadGzipFile, zlib.error):
            raise InputError(f"{name}: the gzip file is damaged") from None
        except OSError as error:
            raise InputError(f"{name}: can't be read ({error.strerror})") from None


def _split_lines(stream: io.BufferedReader) -> Iterator[tuple[bool, bytes]]:
    """Lines, long ones in pieces; whether each goes on with the line before."""
    goes_on = False
    while piece := stream.readline(MAX_LINE):
        for line in piece.rstrip(b"\r\n").split(b"\r"):  # old files end lines with \r alone
            yield goes_on, line
            goes_on = False
        goes_on = not piece.endswith((b"\n", b"\r"))


def _check_first_block(name: str, stream: io.BufferedReader) -> None:
    block = stream.peek(_FIRST_BLOCK)[:_FIRST_BLOCK]
    if block.startswith(_UTF16_MARKS):
        raise InputError(f"{name}: UTF-16 text, UTF-8 is needed")
    if b"\0" in block:
        raise InputError(f"{name}: a binary file (FASTA is needed, plain or gzip)")
    if block.removeprefix(_UTF8_MARK).lstrip().startswith(b"@"):
        raise InputError(f"{name}: starts with '@' as FASTQ does (FASTA is needed)")


@contextmanager
def _open(name: str, source: str | Path) -> Iterator[io.BufferedReader]:
    """Bytes of the file, decompressed if they start as gzip does."""
    if source == STANDARD_INPUT:
        if sys.stdin is None:  # as a shell's <&- leaves it
            raise InputError(f"{name}: is closed")
        yield _decompressed(sys.stdin.buffer)
        return
    try:
        file = open(source, "rb")
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder, a FASTA file is needed") from None
    except OSError as error:
        raise InputError(f"{name}: can't be read ({error.strerror})") from None
    with file:
        yield _decompressed(file)


def _decompressed(stream: BinaryIO) -> io.BufferedReader:
    buffered = stream if hasattr(stream, "peek") else io.BufferedReader(cast(io.RawIOBase, stream))
    readable = cast(io.BufferedReader, buffered)
    if not readable.peek(2).startswith(_GZIP_MAGIC):
        return readable
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=readable)))
