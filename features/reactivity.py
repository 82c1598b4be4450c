"""Reactivities of probing experiments (SHAPE, DMS): one number per base, read from a file.

A missing value is NaN, written as NaN, NA, null, -999 or nothing. Other negative values come from
subtracting a background and are read as 0. Three kinds of file, each plain or gzip:

- TSV, without a header: an id and its values, ``ID<tab>0.1<tab>NaN<tab>0.7``. The values may also
  share one cell, separated by spaces or commas, or as a JSON list.
- CSV, or TSV with a header: columns ``id`` and ``reactivity`` (or one whose name begins so),
  whose cell holds the values in one of these ways. Without a header as above, with commas.
- RDAT: every ``REACTIVITY`` line with positions by ``SEQPOS`` and ``OFFSET``; bases that have no
  position are missing. The id is the ``name`` of its annotation, or ``NAME`` of the file, with
  ``/2``, ``/3``, ... for further lines.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from boxfold.features.errors import InputError
from boxfold.features.rdat import rdat_profiles
from boxfold.features.record_id import check_id
from boxfold.features.text_file import read_text

Reactivity = NDArray[np.float32]
"""Reactivity of each base, shape (L,); NaN where it is missing."""

_MISSING = {"", "nan", "na", "n/a", "null", "none", "-999", "-999.0"}
_CODE_OF_MISSING = -999.0
_LARGEST = float(np.finfo(np.float32).max)


def read_reactivities(path: str | Path) -> dict[str, Reactivity]:
    """Profiles of a file by id; the module's text says what it may look like.

    Parameters
    ----------
    path : str or Path
        TSV, CSV or RDAT, told apart by the content; plain or gzip.

    Returns
    -------
    dict of str to ndarray, dtype=float32, shape (L,)

    Raises
    ------
    InputError
        Naming the file and the record: if it can't be read, holds no profile, an id occurs twice
        or a value is no number.
    """
    text = read_text(path)
    if text.lstrip().startswith("RDAT_VERSION"):
        rows: Iterable[tuple[str, list[str]]] = rdat_profiles(text, path)
    else:
        rows = _table_rows(text, path)
    profiles: dict[str, Reactivity] = {}
    for name, values in rows:
        if not name or name in profiles:
            reason = "the id occurred before" if name else "no id"
            raise InputError(f"{path}: record '{name}': {reason}")
        try:
            check_id(name)
        except InputError as error:
            raise InputError(f"{path}: record '{name}': {error}") from None
        profiles[name] = reactivity_values(values, f"{path}: record '{name}'")
    if not profiles:
        raise InputError(f"{path}: no reactivities (TSV, CSV or RDAT is needed)")
    return profiles


def reactivity_values(values: Iterable[object], place: str) -> Reactivity:
    """Numbers out of texts or numbers: missing ones NaN, negative ones 0.

    Parameters
    ----------
    values : iterable
    place : str
        File and record, for messages.

    Raises
    ------
    InputError
        If a value is no finite number.

    Examples
    --------
    >>> reactivity_values(["0.5", "-999", "-0.2", None], "here").tolist()
    [0.5, nan, 0.0, nan]
    """
    return np.array([_number(value, place) for value in values], dtype=np.float32)


def reactivity_cell(cell: object, place: str) -> Reactivity:
    """`reactivity_values` of a cell that holds them all: a list, or text with a list in it.

    Examples
    --------
    >>> reactivity_cell("[0.25, null, 1]", "here").tolist()
    [0.25, nan, 1.0]
    """
    values = _split(cell) if isinstance(cell, str) else cell
    return reactivity_values(values, place)  # type: ignore[arg-type]


def matched(
    profiles: Mapping[str, Reactivity], name: str, length: int, path: str | Path
) -> Reactivity | None:
    """Profile of a sequence, None if the file has none.

    Raises
    ------
    InputError
        If it is of another length than the sequence.
    """
    profile = profiles.get(name)
    if profile is not None and len(profile) != length:
        raise InputError(
            f"{path}: record '{name}': {len(profile)} reactivities, the sequence has {length} bases"
        )
    return profile


def refuse_unknown(profiles: Iterable[str], known: Iterable[str], path: str | Path) -> None:
    """Refuse a file with ids that no sequence has.

    Raises
    ------
    InputError
        With the first such id.
    """
    names = set(known)
    unknown = [name for name in profiles if name not in names]
    if unknown:
        more = f", and {len(unknown) - 1} more" * (len(unknown) > 1)
        raise InputError(f"{path}: record '{unknown[0]}': no sequence has this id{more}")


def _number(value: object, place: str) -> float:
    text = "" if value is None else str(value).strip()
    if text.lower() in _MISSING:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"{place}: '{text}' is no reactivity") from None
    if abs(number) > _LARGEST:
        raise InputError(f"{place}: '{text}' is no reactivity (a finite number)")
    return math.nan if number == _CODE_OF_MISSING else max(number, 0.0)


def _split(cell: str) -> list[str]:
    """Values of one cell; two commas or semicolons in a row enclose a missing one."""
    inside = cell.strip().removeprefix("[").removesuffix("]").strip()
    return re.split(r"\s*[,;]\s*|\s+", inside) if inside else []


def _table_rows(text: str, path: str | Path) -> Iterable[tuple[str, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = "\t" if "\t" in first else ","
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error as error:
        raise InputError(f"{path}: no table of reactivities ({error})") from None
    if not rows:
        return
    header = [cell.strip().lower() for cell in rows[0]]
    if "id" not in header:
        yield from ((row[0].strip(), _split(row[1]) if len(row) == 2 else row[1:]) for row in rows)
        return
    columns = [k for k, name in enumerate(header) if name.startswith("reactivit")]
    exact = [k for k in columns if header[k] in ("reactivity", "reactivities")]
    if len(exact or columns) != 1:
        raise InputError(f"{path}: one column 'reactivity' is needed, found {len(columns)}")
    name, values = header.index("id"), (exact or columns)[0]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise InputError(
                f"{path}: row {number}: {len(row)} cells, the header has {len(header)}"
            )
        yield row[name].strip(), _split(row[values])
