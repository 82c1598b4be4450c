"""Tables on disk: data sets and proposals as parquet with a named schema; reading any input.

A data set has a row per sequence (or per sampled structure of one), a proposals table the same
row with the boxes of S1 in list columns. Both may carry further columns along.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from boxfold.features.errors import InputError
from boxfold.features.fasta import STANDARD_INPUT, read_fasta
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.text_file import first_bytes, read_text
from boxfold.rewards.energy import PARAMETER_SETS
from boxfold.s1.pair_prior import prior_types
from boxfold.s1.parquet import plain_text, read_parquet, write_parquet
from boxfold.s1.sequence_table import read_csv_rows, to_stderr
from boxfold.s1.soft_ends import SOFT_TYPES
from boxfold.s1.table_check import TableCheck

DATASET_TYPES = {
    "id": pa.string(),
    "sequence": pa.string(),  # ACGUN
    "dot_bracket": pa.string(),  # missing where no structure is known
    "free_energy": pa.float64(),  # kcal/mol, of dot_bracket
    "mfe_frequency": pa.float64(),  # of the MFE structure in the ensemble, 0 to 1
    "ensemble_diversity": pa.float64(),  # mean base-pair distance
    "group": pa.string(),  # never on both sides of a split
    "source": pa.string(),  # transcript, shuffle, synthetic or what the input said
    "chromosome": pa.string(),
    "split": pa.string(),  # train or validation
    "sample": pa.int32(),  # 0, or which of the sampled structures
}
"""Columns of a data set, in this order."""

_STEM_TYPES = {
    "box_row": pa.list_(pa.int16()),
    "box_col": pa.list_(pa.int16()),
    "box_n": pa.list_(pa.int16()),
    "box_score": pa.list_(pa.float32()),
    **{f"evidence_{name}": pa.list_(pa.float32()) for name in EVIDENCE},
}
_LOOP_COLUMNS = ("loop_kind", "loop_row", "loop_col", "loop_n_rows", "loop_n_cols")
PROPOSAL_TYPES = {
    **_STEM_TYPES,
    **{name: pa.list_(pa.int16()) for name in _LOOP_COLUMNS},
    "loop_score": pa.list_(pa.float32()),
}
"""Further columns of a proposals table: one list per row, best box first."""

_PARQUET_MAGIC = b"PAR1"
DATASET_SCHEMA = "boxfold.dataset/1"
PROPOSALS_SCHEMA = "boxfold.proposals/1"


def write_dataset(frame: pd.DataFrame, path: str | Path, overwrite: bool = True) -> None:
    """Write a data set; the same frame gives the same bytes. Inverse of `read_dataset`.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the columns of `DATASET_TYPES`; missing ones get the defaults of `completed`.
    path : str or Path
    overwrite : bool

    Raises
    ------
    InputError
        If the path can't be written.
    """
    types = DATASET_TYPES | SOFT_TYPES | prior_types(tuple(PARAMETER_SETS))
    write_parquet(completed(frame), path, types, DATASET_SCHEMA, overwrite)


def read_dataset(path: str | Path) -> pd.DataFrame:
    """Read a data set; missing text is None. Inverse of `write_dataset`.

    Raises
    ------
    InputError
        If the file is missing, no parquet, has another schema or rows that can't be used.
    """
    return _read_checked(path, DATASET_SCHEMA)


def write_proposals(frame: pd.DataFrame, path: str | Path, overwrite: bool = True) -> None:
    """Write a proposals table. Inverse of `read_proposals`; see `write_dataset`."""
    write_parquet(
        completed(frame), path, DATASET_TYPES | PROPOSAL_TYPES, PROPOSALS_SCHEMA, overwrite
    )


def read_proposals(path: str | Path) -> pd.DataFrame:
    """Read a proposals table; list columns hold arrays. Inverse of `write_proposals`.

    Raises
    ------
    InputError
        If the file is missing, no parquet, has another schema or rows that can't be used.
    """
    return _read_checked(path, PROPOSALS_SCHEMA)


def proposals_to_columns(proposals: Proposals) -> dict[str, np.ndarray]:
    """List columns of one row. Inverse of `proposals_of_row`.

    Returns
    -------
    dict of str to ndarray
        Keys of `PROPOSAL_TYPES`.
    """
    boxes, loops = proposals.boxes, proposals.loops
    columns = {
        "box_row": boxes[:, 1],
        "box_col": boxes[:, 2],
        "box_n": boxes[:, 3],
        "box_score": proposals.score,
        **{f"evidence_{name}": proposals.evidence[:, k] for k, name in enumerate(EVIDENCE)},
        **{name: loops[:, k] for k, name in enumerate(_LOOP_COLUMNS)},
        "loop_score": proposals.loop_score,
    }
    return {name: np.asarray(c, _numpy_type(PROPOSAL_TYPES[name])) for name, c in columns.items()}


def proposals_of_row(row: Mapping[str, Any] | pd.Series) -> Proposals:
    """Boxes of one row of a proposals table. Inverse of `proposals_to_columns`.

    Parameters
    ----------
    row : Mapping or pandas.Series
        With the columns of `PROPOSAL_TYPES`.
    """
    n = np.asarray(row["box_n"], dtype=np.int64)
    stems = [np.zeros_like(n), row["box_row"], row["box_col"], n, n]
    evidence = np.stack([np.asarray(row[f"evidence_{name}"]) for name in EVIDENCE], axis=1)
    return Proposals(
        np.stack(stems, axis=1).astype(np.int64),
        np.asarray(row["box_score"], dtype=np.float32),
        evidence.astype(np.float32),
        np.stack([row[name] for name in _LOOP_COLUMNS], axis=1).astype(np.int64),
        np.asarray(row["loop_score"], dtype=np.float32),
    )


def completed(frame: pd.DataFrame) -> pd.DataFrame:
    """Frame with every column of a data set, in order, then what it carried along.

    Missing columns get ``group`` = id, ``sample`` = 0, ``split`` = train, otherwise no value.
    """
    defaults: dict[str, Any] = {name: None for name in DATASET_TYPES}
    defaults |= {"group": frame["id"], "sample": 0, "split": "train"}
    missing = {name: value for name, value in defaults.items() if name not in frame}
    carried = [name for name in frame if name not in DATASET_TYPES]
    whole = frame.assign(**missing)[[*DATASET_TYPES, *carried]]
    return whole.assign(
        **{name: plain_text(whole[name]) for name in whole if _is_text(whole[name])}
    )


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)


def read_sequences(
    path: str | Path,
    on_error: Callable[[str], None] = to_stderr,
    on_warning: Callable[[str], None] = to_stderr,
) -> pd.DataFrame:
    """Read the sequences of a data set, a proposals table, a CSV table or a FASTA file.

    Parameters
    ----------
    path : str or Path
        The kind is told by the content; CSV and FASTA may be gzip. ``-`` is FASTA on standard
        input.
    on_error : callable
        Gets one line for each bad CSV row or FASTA record, which is skipped.
    on_warning : callable
        Gets one line for each sequence with unknown bases.

    Returns
    -------
    pandas.DataFrame
        Columns of `DATASET_TYPES` as `completed` fills them, then what the input carried;
        ``dot_bracket`` is None where no structure is known.

    Raises
    ------
    InputError
        If the file can't be read, is of another schema, or has no good sequence.
    """
    start = b"" if path == STANDARD_INPUT else first_bytes(path).lstrip()
    if start.startswith(_PARQUET_MAGIC):
        return _read_checked(path, DATASET_SCHEMA, PROPOSALS_SCHEMA)
    rows: list[dict[str, Any]]
    if start[:1] in (b">", b";", b"@", b""):  # "@" is FASTQ, which the FASTA reader names
        records = read_fasta(path, on_error, on_warning)
        rows = [{"id": record.id, "sequence": record.seq} for record in records]
    else:
        text_columns = [name for name, type_ in DATASET_TYPES.items() if type_ == pa.string()]
        rows = list(read_csv_rows(read_text(path), path, on_error, on_warning, text_columns))
    if not rows:
        raise InputError(f"{path}: no good sequence")
    frame = completed(pd.DataFrame(rows))
    _check_types(frame, path)
    return frame


def _read_checked(path: str | Path, *schemas: str) -> pd.DataFrame:
    frame, schema = read_parquet(path, schemas)
    check = TableCheck(frame, path)
    if schema == PROPOSALS_SCHEMA:
        check.stems(tuple(_STEM_TYPES))
        check.loops((*_LOOP_COLUMNS, "loop_score"))
    check.pairs(tuple(SOFT_TYPES))
    row, col, *sets = prior_types(tuple(PARAMETER_SETS))
    check.pairs((row, col, *(name for name in sets if name in frame)))
    return frame


def _check_types(frame: pd.DataFrame, path: str | Path) -> None:
    """Refuse a CSV whose column has the name of a data set's number column but holds text."""
    for name, type_ in DATASET_TYPES.items():
        try:
            pa.array(frame[name], type=type_, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            raise InputError(f"{path}: column '{name}' must hold {type_} or nothing") from None


def _numpy_type(list_type: pa.ListType) -> np.dtype:
    return np.dtype(list_type.value_type.to_pandas_dtype())
