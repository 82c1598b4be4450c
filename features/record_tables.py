"""Structures as rows of CSV and as JSON, which have a place for the confidence of each pair."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from boxfold.features.csv_cells import plain_cell, safe_cell
from boxfold.features.errors import InputError
from boxfold.features.formats import StructureRecord
from boxfold.features.record_id import check_id
from boxfold.features.sequence import normalize_sequence
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket

CSV_COLUMNS = (
    "id",
    "sequence",
    "dot_bracket",
    "free_energy",
    "rank",
    "structure_confidence",
    "confidence",
)
"""The first three are what every verb reads as CSV input; the energy is in kcal/mol. The last one
has a probability for each pair, in the order of opening brackets; in a cell with blanks between."""

_NEEDED = CSV_COLUMNS[:3]


def csv_line(values: Iterable[object]) -> str:
    """One row of a CSV table, with its line end."""
    line = io.StringIO()
    safe = [safe_cell(value) if isinstance(value, str) else value for value in values]
    csv.writer(line, lineterminator="\n").writerow(safe)
    return line.getvalue()


def to_csv(record: StructureRecord) -> str:
    r"""Row of a table with `CSV_COLUMNS`, without their names. Inverse of `from_csv`.

    Examples
    --------
    >>> to_csv(StructureRecord("a", "GAAAC", np.array([[0, 4]]), 3.2, confidence=np.array([0.5])))
    'a,GAAAC,(...),3.2,1,,0.5\n'
    """
    return csv_line(_columns(record).values())


def from_csv(text: str) -> list[StructureRecord]:
    """Records of a table whose first line names the columns. Inverse of `to_csv`.

    Only id, sequence and dot_bracket have to be there; columns of others are skipped.

    Raises
    ------
    InputError
        If the table or a row is wrong.
    """
    rows = csv.DictReader(io.StringIO(text), strict=True)
    records = []
    try:
        for row in rows:
            plain = {name: _plain(cell) for name, cell in row.items()}
            records.append(_record(plain, f"line {rows.line_num}"))
    except csv.Error as error:
        raise InputError(f"line {rows.line_num}: no CSV row ({error})") from None
    return records


def _plain(cell: Any) -> Any:
    return plain_cell(cell) if isinstance(cell, str) else cell


def to_json(record: StructureRecord) -> str:
    """JSON object of a record; ``base_pairs`` has 0-based positions. Inverse of `from_json`.

    Examples
    --------
    >>> json.loads(to_json(StructureRecord("a", "GAAAC", np.array([[0, 4]]), 3.2)))["base_pairs"]
    [[0, 4]]
    """
    content = _columns(record) | {"base_pairs": record.base_pairs.tolist()}
    content["confidence"] = _of_pairs(record)
    return json.dumps(content, ensure_ascii=False)


def from_json(text: str) -> list[StructureRecord]:
    """Records of a JSON list, or of a single object. Inverse of `to_json`.

    Raises
    ------
    InputError
        If it is no JSON, or an object is wrong.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"no JSON ({error})") from None
    entries = [content] if isinstance(content, dict) else content
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError("a list of JSON objects is needed")
    return [_record(entry, f"entry {number}") for number, entry in enumerate(entries, start=1)]


def _columns(record: StructureRecord) -> dict[str, object]:
    structure = dot_bracket(record.base_pairs, len(record.seq))
    values = (
        record.id,
        record.seq,
        structure,
        record.free_energy,
        record.rank,
        record.structure_confidence,
        " ".join(f"{value:g}" for value in _of_pairs(record) or []),
    )
    return dict(zip(CSV_COLUMNS, values, strict=True))


def _of_pairs(record: StructureRecord) -> list[float] | None:
    return None if record.confidence is None else record.confidence.tolist()


def _record(row: Mapping[str, Any], place: str) -> StructureRecord:
    """Record of a row of CSV (all text, empty for None) or of an object of JSON."""
    if missing := [name for name in _NEEDED if not isinstance(row.get(name), str)]:
        raise InputError(f"{place}: no {missing[0]} (needed: {', '.join(_NEEDED)})")
    try:
        check_id(row["id"])
        seq = normalize_sequence(row["sequence"])[0]
        pairs = base_pairs_from_dot_bracket(row["dot_bracket"])
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    if len(seq) != len(row["dot_bracket"]):
        signs = len(row["dot_bracket"])
        raise InputError(f"{place}: {signs} brackets and dots for {len(seq)} bases")
    if row.get("base_pairs") not in (None, pairs.tolist()):
        raise InputError(f"{place}: base_pairs and dot_bracket are two structures")
    energy, sure = (_number(row, name, place) for name in ("free_energy", "structure_confidence"))
    rank = _number(row, "rank", place)
    if rank is not None and (rank < 1 or rank != int(rank)):
        raise InputError(f"{place}: rank {rank:g} (allowed: 1, 2, ...)")
    confidence = _confidence(row, len(pairs), place)
    return StructureRecord(row["id"], seq, pairs, energy, sure, int(rank or 1), confidence)


def _number(row: Mapping[str, Any], name: str, place: str) -> float | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    return _finite([value], f"{place}: {name}")[0]


def _confidence(row: Mapping[str, Any], n_pairs: int, place: str) -> np.ndarray | None:
    cell = row.get("confidence")
    values = cell.split() if isinstance(cell, str) else cell
    if values is None or cell == "":
        return None
    if not isinstance(values, list) or len(values) != n_pairs:
        raise InputError(f"{place}: confidence needs one number for each of {n_pairs} pairs")
    return np.array(_finite(values, f"{place}: confidence"), dtype=np.float64)


def _finite(values: list[Any], place: str) -> list[float]:
    """Numbers of texts or of JSON values."""
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{place} holds something that is no number") from None
    if not np.isfinite(numbers).all():
        raise InputError(f"{place} holds a number that is not finite")
    return numbers
