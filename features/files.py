"""Files and folders that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxfold.features.errors import InputError


@contextmanager
def atomic_path(path: str | Path, overwrite: bool = True) -> Iterator[Path]:
    """Temporary path beside `path` that takes its name only if the block succeeds.

    Parameters
    ----------
    path : str or Path
    overwrite : bool
        If False, an existing file is an error.

    Yields
    ------
    Path
        An empty file in the same folder, to be written by the caller.

    Raises
    ------
    InputError
        If the folder can't be written, or the file exists and `overwrite` is False.
    """
    path = Path(path)
    check_writable(path, overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror})") from None
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror})") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Temporary folder beside `path` that takes its name only if the block succeeds.

    Parameters
    ----------
    path : str or Path
        A folder of this name is replaced, at the end; callers check whether it may be.

    Yields
    ------
    Path
        An empty folder, to be filled by the caller.

    Raises
    ------
    InputError
        If it can't be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        outer = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror})") from None
    try:
        (outer / "new").mkdir()
        yield outer / "new"
        if path.exists():
            os.replace(path, outer / "old")
        os.replace(outer / "new", path)
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror})") from error
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def check_writable(path: str | Path, overwrite: bool = True) -> None:
    """Refuse an output path early, before long work.

    Raises
    ------
    InputError
        If `path` is a folder, or exists and `overwrite` is False.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder, a file name is needed")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: exists already (use --overwrite to replace it)")
