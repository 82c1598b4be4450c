"""Parquet files that name their schema and carry a checksum; the same frame, the same bytes."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from boxfold.features.checksum import UNSEALED, check_seal, seal
from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path
from boxfold.features.limits import MAX_ROWS, MAX_TABLE, in_words

_SCHEMA_KEY = b"boxfold_schema"
_CHECKSUM_KEY = "boxfold_checksum"


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
    write_table(table, path, overwrite)


def write_table(table: pa.Table, path: str | Path, overwrite: bool = True) -> None:
    """Write a table with a checksum of the file, atomically. Inverse of `read_table`.

    Raises
    ------
    InputError
        If the path can't be written.
    """
    with atomic_path(path, overwrite) as temporary:
        with pq.ParquetWriter(temporary, table.schema, compression="zstd") as writer:
            writer.write_table(table)
            writer.add_key_value_metadata({_CHECKSUM_KEY: UNSEALED})
        seal(temporary)


def read_table(path: str | Path) -> pa.Table:
    """Read a table; its checksum is checked, if it has one (older files, other programs: none).

    Raises
    ------
    InputError
        If the file is missing, no parquet, damaged or larger than `boxfold.features.limits` says.
    """
    try:
        check_seal(path)
        with open(path, "rb") as handle, pq.ParquetFile(handle) as file:
            _check_size(path, file.metadata)
            return file.read()
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {_reason(error)}") from None


def _check_size(path: str | Path, facts: pq.FileMetaData) -> None:
    sizes = [facts.row_group(number).total_byte_size for number in range(facts.num_row_groups)]
    if facts.num_rows > MAX_ROWS:
        raise InputError(f"{path}: {facts.num_rows} rows, at most {MAX_ROWS} are read")
    if sum(sizes) > MAX_TABLE:
        raise InputError(f"{path}: more than {in_words(MAX_TABLE)}, the most that is read")


def read_parquet(path: str | Path, schemas: tuple[str, ...]) -> tuple[pd.DataFrame, str]:
    """Read a table of one of the named schemas, and which it is; missing text is None.

    Raises
    ------
    InputError
        See `read_table`; or if the table has another schema.
    """
    table = read_table(path)
    found = (table.schema.metadata or {}).get(_SCHEMA_KEY, b"none").decode(errors="replace")
    if found not in schemas:
        raise InputError(f"{path}: schema is {found}, needed is {' or '.join(schemas)}")
    try:
        frame = table.to_pandas()
        for field in table.schema:
            if field.type == pa.string():
                frame[field.name] = plain_text(frame[field.name])
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {_reason(error)}") from None
    return frame, found


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
