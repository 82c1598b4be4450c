"""Files and folders that appear whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from boxfold.features.claims import is_named, try_lock
from boxfold.features.errors import InputError

_RANDOM_PART = 8  # letters that `tempfile` draws


@contextmanager
def atomic_path(path: str | Path, overwrite: bool = True) -> Iterator[Path]:
    """Temporary path beside `path` that takes its name only if the block succeeds.

    It is ``.NAME.`` and random letters. What a killed process left there of this name is removed.

    Parameters
    ----------
    path : str or Path
        A link is followed.
    overwrite : bool
        If False, an existing file is an error, also one that appears meanwhile.

    Yields
    ------
    Path
        An empty file in the same folder, to be written by the caller.

    Raises
    ------
    InputError
        If the folder can't be written, or the file exists and `overwrite` is False.
    """
    check_writable(path, overwrite)
    target = Path(os.path.realpath(path))
    with naming(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target)
        temporary, descriptor = _temporary(target, tempfile.mkstemp)
    try:
        with naming(path):
            yield temporary
            temporary.chmod(0o644)
            _take_name(temporary, target, overwrite)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(descriptor)


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
    target = Path(os.path.realpath(path))
    with naming(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target)
        outer, descriptor = _temporary(target, _new_folder)
    try:
        with naming(path):
            (outer / "new").mkdir()
            yield outer / "new"
            if target.exists():
                os.replace(target, outer / "old")
            os.replace(outer / "new", target)
    finally:
        shutil.rmtree(outer, ignore_errors=True)
        os.close(descriptor)


def check_writable(path: str | Path, overwrite: bool = True) -> None:
    """Refuse an output path early, before long work.

    Raises
    ------
    InputError
        If `path` is a folder or a device, or exists and `overwrite` is False.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder, a file name is needed")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is a device or a pipe, the name of a file is needed")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: exists already (use --overwrite to replace it)")


def why(error: OSError) -> str:
    """Reason of an error of the operating system, in few words."""
    # The strerror of pyarrow's errors is a sentence.
    return os.strerror(error.errno) if error.errno else error.strerror or str(error)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Errors of the operating system become an `InputError` with the name of the output."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: can't be written ({why(error)})") from error


def _temporary(target: Path, make: Callable[..., tuple[int, str]]) -> tuple[Path, int]:
    """What `make` makes beside `target`, locked while the descriptor is open: it is not stale."""
    while True:
        descriptor, name = make(prefix=f".{target.name}.", dir=target.parent)
        try_lock(descriptor)
        if is_named(descriptor, name):
            return Path(name), descriptor
        os.close(descriptor)


def _new_folder(prefix: str, dir: Path) -> tuple[int, str]:
    while True:
        name = tempfile.mkdtemp(prefix=prefix, dir=dir)
        try:
            return os.open(name, os.O_RDONLY), name
        except FileNotFoundError:  # another process took it for a stale one
            continue


def _take_name(temporary: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)  # unlike replacing, it fails if the name is taken by now
    except FileExistsError:
        raise InputError(f"{target}: exists already (use --overwrite to replace it)") from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        os.replace(temporary, target)  # a file system without hard links


def _remove_stale(target: Path) -> None:
    """Remove temporary files and folders of `target` that no living process holds."""
    prefix = f".{target.name}."
    with os.scandir(target.parent) as entries:
        found = [
            entry.path
            for entry in entries
            if entry.name.startswith(prefix) and len(entry.name) == len(prefix) + _RANDOM_PART
        ]
    for name in found:
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:  # gone by now, or another user's
            continue
        if try_lock(descriptor):
            _remove(Path(name), target)
        os.close(descriptor)


def _remove(stale: Path, target: Path) -> None:
    if not stale.is_dir():
        stale.unlink(missing_ok=True)
        return
    if (stale / "old").exists() and not target.exists():  # killed between two names
        os.replace(stale / "old", target)
    shutil.rmtree(stale, ignore_errors=True)
