"""One process at a time on one output: locks of the operating system, which end with the process.

``kill -9`` frees a lock like any other end. On file systems without locks nothing is refused.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxfold.features.errors import InputError


@contextmanager
def claimed(path: str | Path) -> Iterator[None]:
    """Keep an output, file or folder, to this process while the block lasts.

    The lock is an empty file ``.NAME.lock`` beside the output, or ``.lock`` in a folder whose
    parent can't be written. What a killed process leaves of it is used again.

    Parameters
    ----------
    path : str or Path
        Need not exist; folders on the way to it are made, and removed again if nothing comes
        into them.

    Raises
    ------
    InputError
        If another process holds it, or nothing can be written there.
    """
    target = Path(os.path.realpath(path))
    missing = [folder for folder in target.parents if not folder.exists()]
    try:
        lock, descriptor = _lock_file(target)
    except BlockingIOError:
        raise InputError(f"{path}: another run is writing it") from None
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror})") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)
        for folder in missing:
            try:
                folder.rmdir()
            except OSError:  # it is used
                break


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file without waiting; None where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN) else None
    return True


def is_named(descriptor: int, path: str | Path) -> bool:
    """Does `path` still name the open file? Another process may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _lock_file(target: Path) -> tuple[Path, int]:
    try:
        lock = target.parent / f".{target.name}.lock"
        return lock, _locked(lock)
    except PermissionError:
        if not target.is_dir():
            raise
    return target / ".lock", _locked(target / ".lock")


def _locked(lock: Path) -> int:
    """Descriptor of a lock file that is locked and still has its name."""
    while True:
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except FileNotFoundError:  # another process removed the folder, which was empty
            continue
        if try_lock(descriptor) is False:
            os.close(descriptor)
            raise BlockingIOError
        if is_named(descriptor, lock):
            return descriptor
        os.close(descriptor)
