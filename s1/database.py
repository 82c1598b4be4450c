"""The SQLite file of a search: its address, and its errors as one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxfold.features.errors import InputError


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Errors of the database at `path`, such as a full disk, become an `InputError`."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise InputError(f"{path}: no study of Optuna, or damaged ({reason})") from None


def sqlite_address(path: Path) -> str:
    """Address of a SQLite file; no character of its name is taken for an option."""
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(path)).render_as_string()
