"""What a table must hold so that whoever uses its rows need not ask: other programs write them too.

Columns that are not checked here are carried along and never computed with.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from boxfold.features.box import BoxKind
from boxfold.features.errors import InputError
from boxfold.features.record_id import check_id

_SEQUENCE = re.compile("[ACGUN]+")
_LOOPS = [BoxKind.INTERIOR_LOOP, BoxKind.HAIRPIN]

Numbers = NDArray[Any]


class TableCheck:
    """Checks of the rows of one table.

    Parameters
    ----------
    frame : pandas.DataFrame
    path : str or Path
        For messages.

    Raises
    ------
    InputError
        If there is no id or sequence, or one that is none.
    """

    def __init__(self, frame: pd.DataFrame, path: str | Path) -> None:
        self._frame, self._path = frame, path
        self._require(("id", "sequence"))
        for number, (name, seq) in enumerate(
            zip(frame["id"], frame["sequence"], strict=True), start=1
        ):
            if not isinstance(name, str) or not name:
                raise InputError(f"{path}: row {number} has no id")
            try:
                check_id(name)
            except InputError as error:
                raise InputError(f"{path}: row {number}: {error}") from None
            if not isinstance(seq, str) or not _SEQUENCE.fullmatch(seq):
                raise InputError(f"{path}: record '{name}': a sequence of letters ACGUN is needed")
        self._length = frame["sequence"].str.len().to_numpy(dtype=np.int64)

    def stems(self, columns: Sequence[str]) -> None:
        """Lists of stems: first row, column and number of pairs, then scores.

        Raises
        ------
        InputError
            If lists are missing, of several lengths or of something else, or a stem is none.
        """
        self._require(columns)
        of_row, (row, col, n, *scores) = self._lists(columns)
        is_box = (row >= 0) & (n >= 1) & (row + n <= col)
        self._each(of_row, is_box & (col + n <= self._length[of_row]), "a stem that is none")
        for score in scores:
            self._each(of_row, np.isfinite(score), "a score that is no number")

    def loops(self, columns: Sequence[str]) -> None:
        """Lists of loops: kind, first row and column, numbers of both, score; see `stems`."""
        self._require(columns)
        of_row, (kind, row, col, n_rows, n_cols, score) = self._lists(columns)
        is_box = np.isin(kind, _LOOPS) & (row >= 0) & (row <= col) & (n_rows >= 1) & (n_cols >= 1)
        is_box &= np.maximum(row + n_rows, col + n_cols) <= self._length[of_row]
        self._each(of_row, is_box & np.isfinite(score), "a loop that is none")

    def pairs(self, columns: Sequence[str]) -> None:
        """Lists of pairs: both positions, then values; rows may lack them, and so may the table."""
        if len(columns) < 3 or not set(columns) <= set(self._frame.columns):
            return
        of_row, (i, j, *values) = self._lists(columns, may_lack=True)
        are_pairs = (i >= 0) & (i < j) & (j < self._length[of_row])
        for value in values:
            are_pairs &= (value >= 0) & (value <= 1)
        self._each(of_row, are_pairs, f"{columns[0]} and the lists beside it are no pairs")

    def _require(self, columns: Sequence[str]) -> None:
        if missing := [name for name in columns if name not in self._frame]:
            raise InputError(f"{self._path}: no column '{missing[0]}'")

    def _lists(
        self, columns: Sequence[str], may_lack: bool = False
    ) -> tuple[NDArray[np.int64], list[Numbers]]:
        """All entries of list columns, one after another, and the row that each is of."""
        cells = [self._frame[name].tolist() for name in columns]
        sizes = np.array([[_size(cell) for cell in column] for column in cells], dtype=np.int64)
        sizes = sizes.reshape(len(columns), len(self._frame))
        lacks = np.logical_and((sizes < 0).all(axis=0), may_lack)
        same = (sizes == sizes[0]).all(axis=0) & (sizes[0] >= 0)
        self._each(np.arange(len(self._frame)), lacks | same, f"no lists as long as {columns[0]}")
        of_row = np.repeat(np.arange(len(self._frame)), sizes[0].clip(0))
        empty = np.zeros(0)
        entries = [np.concatenate([empty, *_present(column, lacks)]) for column in cells]
        if any(each.dtype.kind not in "iuf" for each in entries):
            raise InputError(f"{self._path}: {columns[0]} and the lists beside it hold no numbers")
        return of_row, entries

    def _each(self, of_row: NDArray[np.int64], is_good: NDArray[np.bool_], what: str) -> None:
        if not is_good.all():
            name = self._frame["id"].iloc[int(of_row[np.argmin(is_good)])]
            raise InputError(f"{self._path}: record '{name}': {what}")


def _size(cell: object) -> int:
    return len(cell) if isinstance(cell, np.ndarray) and cell.ndim == 1 else -1


def _present(column: list[Any], lacks: NDArray[np.bool_]) -> list[Numbers]:
    return [cell for cell, lack in zip(column, lacks, strict=True) if not lack]
