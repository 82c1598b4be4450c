"""Reading sequences with their structures from a CSV table, row by row."""

import csv
import io
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from boxfold.features.csv_cells import plain_cell
from boxfold.features.errors import InputError, printable
from boxfold.features.record_id import check_id
from boxfold.features.sequence import normalize_sequence, unknown_bases
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket

if TYPE_CHECKING:
    import pandas as pd

_NEEDED = ("id", "sequence", "dot_bracket")
MODIFIED_BASE = str.maketrans("Pp", "NN")  # PDB tables: pseudouridine and other modified bases


def to_stderr(line: str) -> None:
    """Print a message, where a caller gives nothing else to do with it."""
    print(f"boxfold: {printable(line)}", file=sys.stderr)


def read_csv_rows(
    text: str,
    name: str | Path,
    on_error: Callable[[str], None],
    on_warning: Callable[[str], None] = to_stderr,
    text_columns: Collection[str] = (),
) -> Iterator[dict[str, object]]:
    """Good rows of a CSV table; columns beside ``id, sequence, dot_bracket`` are carried along.

    Parameters
    ----------
    text : str
        The file's content.
    name : str or Path
        The file, for messages.
    on_error : callable
        Gets one line for each bad row, which is skipped: a letter or bracket that is not
        allowed, brackets that don't balance or don't fit the sequence, an id that occurred or
        holds control characters.
    on_warning : callable
        Gets one line for each row with unknown bases.
    text_columns : collection of str
        Columns that hold text even where it reads as a number.

    Yields
    ------
    dict
        ``sequence`` in ``ACGUN`` (``P``, a modified base, is read as N), ``dot_bracket`` None
        where the cell is empty. Columns whose every cell reads as a number hold numbers.

    Raises
    ------
    InputError
        If the header lacks a column, or the text is no CSV.
    """
    frame = _typed_frame(text, name, {*_NEEDED, *text_columns})
    seen: set[str] = set()
    for number, row in enumerate(frame.to_dict("records"), start=2):
        label = f"{name}: row {number} ('{row['id']}')"
        try:
            checked = _checked(row, seen)
        except InputError as error:
            on_error(f"{label}: {error}")
            continue
        if unknown := unknown_bases(str(checked["sequence"])):
            on_warning(f"{label}: {unknown}")
        yield checked


def _typed_frame(text: str, name: str | Path, text_columns: Collection[str]) -> "pd.DataFrame":
    import pandas as pd  # in functions only: predictions start without it

    try:
        header = next(csv.reader(io.StringIO(text)), [])
    except csv.Error as error:
        raise InputError(f"{name}: no CSV table ({error})") from None
    missing = [column for column in _NEEDED if column not in header]
    if missing:
        raise InputError(
            f"{name}: no column {', '.join(missing)} (CSV needs id, sequence, dot_bracket)"
        )
    try:
        return pd.read_csv(
            io.StringIO(text),
            dtype={column: str for column in text_columns},
            low_memory=False,  # otherwise a column may be numbers in one chunk, text in the next
            keep_default_na=False,
            na_values={column: [""] for column in header if column not in _NEEDED},
        )
    except (pd.errors.ParserError, ValueError) as error:
        raise InputError(f"{name}: no CSV table ({' '.join(str(error).split())})") from None


def _checked(row: dict[str, object], seen: set[str]) -> dict[str, object]:
    row = {key: plain_cell(cell) if isinstance(cell, str) else cell for key, cell in row.items()}
    name = str(row["id"])
    check_id(name)
    if not name or name in seen:
        raise InputError("the id occurred before" if name else "no id")
    seq, _ = normalize_sequence(str(row["sequence"]).translate(MODIFIED_BASE))
    structure = str(row["dot_bracket"]).strip() or None
    if structure is not None:
        if len(structure) != len(seq):
            raise InputError(f"dot_bracket has {len(structure)} characters, sequence {len(seq)}")
        structure = dot_bracket(base_pairs_from_dot_bracket(structure), len(seq))
    seen.add(name)
    return {**row, "id": name, "sequence": seq, "dot_bracket": structure}
