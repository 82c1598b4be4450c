"""One sequence of a file, and a box to look at in it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from boxfold.features.box import Box, BoxKind, boxes_from_array
from boxfold.features.errors import InputError
from boxfold.features.loops import merged_base_pairs, multiloops, stems
from boxfold.features.structure import IntArray
from boxfold.s1.evaluation import known_examples
from boxfold.s1.tables import read_sequences


class Record(NamedTuple):
    """A sequence; `base_pairs` is None where no structure is known."""

    id: str
    seq: str
    base_pairs: IntArray | None


def find_record(path: str | Path, name: str | None, with_multiloop: bool = False) -> Record:
    """A record of a file.

    Parameters
    ----------
    path : str or Path
        Whatever `read_sequences` reads.
    name : str, optional
        Id; default: the first record.
    with_multiloop : bool
        Without `name`: the first record whose structure has a multi-branch loop.

    Raises
    ------
    InputError
        If there is none, or its structure is bad.
    """
    frame = read_sequences(path)
    if name is not None:
        frame = frame[frame["id"] == name]
        if frame.empty:
            raise InputError(f"{path}: no record '{name}'")
    for place in range(len(frame)):
        row = frame.iloc[place]
        (example,) = known_examples(frame.iloc[[place]])
        pairs = None if example is None else merged_base_pairs(example.stems)
        if name or not with_multiloop or (pairs is not None and multiloops(pairs)):
            return Record(row["id"], row["sequence"], pairs)
    raise InputError(f"{path}: no record with a multi-branch loop")


def known_pairs(record: Record) -> IntArray:
    """Base pairs of a record whose structure is known.

    Raises
    ------
    InputError
        If it is not.
    """
    if record.base_pairs is None:
        raise InputError(f"record '{record.id}' has no dot_bracket")
    return record.base_pairs


def largest_stem(record: Record) -> Box:
    """Known stem with the most pairs; the first of several.

    Raises
    ------
    InputError
        If there is none.
    """
    lines = stems(known_pairs(record))
    if not len(lines):
        raise InputError(f"record '{record.id}' has no stem (say which --box)")
    return boxes_from_array(lines[[int(np.argmax(lines[:, 3]))]])[0]


def box_text(box: Box) -> str:
    """A box in one word. Inverse of `box_from_text`."""
    return ":".join(map(str, [box.kind.label, *box[1:]]))


def box_from_text(text: str) -> Box:
    """Box of ``KIND:ROW:COL:NROWS:NCOLS``. Inverse of `box_text`.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> box_text(box_from_text("stem:0:21:4:4"))
    'stem:0:21:4:4'
    """
    label, *numbers = text.split(":")
    kinds = {kind.label: kind for kind in BoxKind}
    if label not in kinds or len(numbers) != 4 or not all(n.isdecimal() for n in numbers):
        raise InputError(f"'{text}' is no box (KIND:ROW:COL:NROWS:NCOLS, kinds {', '.join(kinds)})")
    return Box(kinds[label], *map(int, numbers))


def check_box(box: Box, length: int) -> None:
    """Refuse a box that no pixel of the grid could point to.

    Raises
    ------
    InputError
    """
    i, j = box.outer_pair
    if min(box.n_rows, box.n_cols) < 1 or i + box.n_rows > length or j >= length or i >= j:
        raise InputError(f"box {box_text(box)}: not above the diagonal of a grid of {length} nt")
    if box.kind is not BoxKind.INTERIOR_LOOP and box.n_rows != box.n_cols:
        raise InputError(f"box {box_text(box)}: only interior loops may have different sides")
