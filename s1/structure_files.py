"""Structures that other predictors wrote, in any format that ``predict`` writes."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from boxfold.features.csv_cells import plain_cell
from boxfold.features.errors import InputError
from boxfold.features.formats import StructureRecord, from_bpseq, from_ct, from_dbn
from boxfold.features.record_id import check_id
from boxfold.features.record_tables import from_json
from boxfold.features.sequence import normalize_sequence
from boxfold.features.stockholm import STOCKHOLM, from_stockholm
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket
from boxfold.features.text_file import read_text
from boxfold.s1.sequence_table import MODIFIED_BASE

_CT_HEADER = re.compile(r"\s*(\d{1,9})(\s|$)")
_LINE = re.compile(r"line (\d+)")

_FIRST_ROW = re.compile(r"\s*1\s+[A-Za-z]\s")


class Predicted(NamedTuple):
    """A structure of one sequence by one predictor.

    Attributes
    ----------
    id : str
    seq : str or None
        Letters ``ACGUN``; None where the file has none.
    length : int
    base_pairs : ndarray, dtype=int64, shape (K, 2)
        In canonical form; pairs may cross.
    source : str
        File and predictor, for messages.
    """

    id: str
    seq: str | None
    length: int
    base_pairs: IntArray
    source: str


def read_structures(
    path: str | Path, on_error: Callable[[str], None], only_set: str | None = None
) -> list[Predicted]:
    """Structures of one file, plain or gzip; the kind is told by the content.

    Parameters
    ----------
    path : str or Path
        Dot-bracket (``>id``, sequence, structure), ct, bpseq, Stockholm, JSON of `predict`, or CSV
        with the columns id and dot_bracket and perhaps sequence, tool and set. The predictor is the
        column tool, or the name of the file. A ct or bpseq record without a name has that of the
        file.
    on_error : callable
        Gets one line for each bad record, which is skipped.
    only_set : str, optional
        Only rows of a CSV with this value in its column set.

    Returns
    -------
    list of Predicted
        A predictor may give a sequence several structures: each is one.

    Raises
    ------
    InputError
        If the file can't be read, holds nothing, or is a CSV without a needed column.
    """
    text = read_text(path)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path}: the file is empty")
    is_json = lines[0].lstrip()[0] in "[{"
    if not is_json and "," in lines[0] and not lines[0].lstrip().startswith((">", "#")):
        return list(_from_csv(text, path, on_error, only_set))
    if only_set is not None:
        raise InputError(f"{path}: no CSV, so it has no set '{only_set}'")
    return list((_from_json if is_json else _from_text)(text, path, on_error))


def _from_csv(
    text: str, path: str | Path, on_error: Callable[[str], None], only_set: str | None
) -> Iterator[Predicted]:
    rows = csv.DictReader(io.StringIO(text, newline=None))
    needed = ["id", "dot_bracket", *(["set"] if only_set is not None else [])]
    found = 0
    try:
        if missing := [name for name in needed if name not in (rows.fieldnames or ())]:
            raise InputError(f"{path}: no column '{missing[0]}' (needed: {', '.join(needed)})")
        for number, row in enumerate(rows, start=2):
            if only_set is not None and row["set"] != only_set:
                continue
            found += 1
            tool = row.get("tool") or _name(path)
            source = f"{path} ({tool})" if row.get("tool") else str(path)
            try:
                yield _predicted_of_row(row, source)
            except InputError as error:
                on_error(f"{source}: row {number} ('{row['id']}'): {error}")
    except csv.Error as error:
        raise InputError(f"{path}: no CSV table ({error})") from None
    if not found:
        raise InputError(f"{path}: no rows" + f" of set '{only_set}'" * (only_set is not None))


def _predicted_of_row(row: dict[str, str | None], source: str) -> Predicted:
    structure = (row["dot_bracket"] or "").strip()
    text = (row.get("sequence") or "").strip()
    seq = normalize_sequence(text.translate(MODIFIED_BASE))[0] if text else None
    if not row["id"]:
        raise InputError("no id")
    name = plain_cell(row["id"])
    check_id(name)
    if seq is not None and len(seq) != len(structure):
        raise InputError(f"dot_bracket has {len(structure)} characters, sequence {len(seq)}")
    pairs = base_pairs_from_dot_bracket(structure)
    return Predicted(name, seq, len(structure), pairs, source)


def _from_json(text: str, path: str | Path, on_error: Callable[[str], None]) -> Iterator[Predicted]:
    try:
        records = from_json(text)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    yield from _named(records, path, on_error)


def _from_text(text: str, path: str | Path, on_error: Callable[[str], None]) -> Iterator[Predicted]:
    lines = text.splitlines()
    first = next(line for line in lines if line.strip())
    if first.lstrip().startswith(">"):
        read, starts = from_dbn, _starts(lines, lambda line, before: line.startswith(">"))
    elif first.lstrip().startswith(STOCKHOLM):
        read, starts = from_stockholm, _starts(lines, lambda line, _: line.startswith(STOCKHOLM))
    elif first.lstrip().startswith("#") or _is_bpseq_row(first):
        read, starts = from_bpseq, _starts(lines, _starts_bpseq)
    else:
        read, starts = from_ct, _ct_starts(lines)
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        try:
            records = read("\n".join(lines[start:end]))
        except InputError as error:
            on_error(f"{path}: {_renumbered(str(error), start)}")
            continue
        yield from _named(records, path, on_error)


def _named(
    records: list[StructureRecord], path: str | Path, on_error: Callable[[str], None]
) -> Iterator[Predicted]:
    for record in records:
        try:
            check_id(record.id)
        except InputError as error:
            on_error(f"{path}: record '{record.id}': {error}")
        else:
            yield _predicted(record, path)


def _predicted(record: StructureRecord, path: str | Path) -> Predicted:
    name = record.id or _name(path)
    return Predicted(name, record.seq, len(record.seq), record.base_pairs, str(path))


def _renumbered(message: str, start: int) -> str:
    """The message with the number of its line in the file, not in the record."""
    return _LINE.sub(lambda match: f"line {int(match[1]) + start}", message, count=1)


def _starts(lines: list[str], begins: Callable[[str, str], bool]) -> list[int]:
    """Where records begin; what stands before the first one belongs to it."""
    found, before = [0], ""
    for number, line in enumerate(map(str.strip, lines)):
        if line and begins(line, before) and number and before:
            found.append(number)
        before = line or before
    return found


def _starts_bpseq(line: str, before: str) -> bool:
    """A comment behind a row begins a record, and so does position 1 behind one."""
    behind_row = not before.startswith("#")
    return behind_row and (line.startswith("#") or bool(_FIRST_ROW.match(line)))


def _is_bpseq_row(line: str) -> bool:
    return len(line.split()) == 3 and bool(_FIRST_ROW.match(line))


def _ct_starts(lines: list[str]) -> list[int]:
    """Headers, found by the number of rows that the one before announces."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    found = [filled[0]]
    at = 0
    while match := _CT_HEADER.match(lines[filled[at]]):
        at += int(match[1]) + 1
        if at >= len(filled):
            break
        found.append(filled[at])
    return found


def _name(path: str | Path) -> str:
    """Name of a file without its endings: ``tool`` of ``folder/tool.dbn.gz``."""
    return Path(path).name.split(".")[0]
