"""Parquet files that name their schema; the same frame gives the same bytes."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path

_SCHEMA_KEY = b"boxfold_schema"


def write_parquet(
    frame: pd.DataFrame,
    path: str | Path,
    types: Mapping[str, pa.DataType],
    schema: str,
    overwrite: bool,
) -> None:
    """Write a frame; columns without a type in `types` get one by their content.

    Raises
    ------
    InputError
        If the path can't be written.
    """
    arrays = {name: pa.array(frame[name], type=types.get(name), from_pandas=True) for name in frame}
    # No metadata of pandas: they would put library versions into the bytes.
    table = pa.table(arrays).replace_schema_metadata({_SCHEMA_KEY: schema.encode()})
    with atomic_path(path, overwrite) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_parquet(path: str | Path, schemas: tuple[str, ...]) -> pd.DataFrame:
    """Read a table of one of the named schemas; text is str, missing text None.

    Raises
    ------
    InputError
        If the file is missing, no parquet or has another schema.
    """
    try:
        with open(path, "rb") as handle:
            table = pq.read_table(handle)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: {_reason(error)}") from None
    found = (table.schema.metadata or {}).get(_SCHEMA_KEY, b"none").decode()
    if found not in schemas:
        raise InputError(f"{path}: schema is {found}, needed is {' or '.join(schemas)}")
    frame = table.to_pandas()
    for field in table.schema:
        if field.type == pa.string():
            frame[field.name] = plain_text(frame[field.name])
    return frame


def plain_text(column: pd.Series) -> pd.Series:
    """Text as Python's str, missing text as None, whatever the pandas version makes of it."""
    values = [
        None if missing else text for text, missing in zip(column, column.isna(), strict=True)
    ]
    return pd.Series(values, index=column.index, dtype=object)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"can't be read ({error.strerror})"
    return "no parquet file, or damaged"
