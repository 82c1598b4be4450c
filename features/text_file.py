"""Text files that are read at once: plain or gzip, UTF-8, up to a size."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from boxfold.features.errors import InputError
from boxfold.features.limits import MAX_TEXT, in_words

GZIP_MAGIC = b"\x1f\x8b"


def read_text(path: str | Path, max_bytes: int = MAX_TEXT) -> str:
    r"""Text of a UTF-8 file, plain or gzip; line ends are ``\n``.

    Parameters
    ----------
    path : str or Path
    max_bytes : int
        A longer text, unpacked, is refused before it fills the memory.

    Raises
    ------
    InputError
        If the file can't be read, is binary, not UTF-8 or too long.
    """
    with opened(path) as handle:
        data = handle.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise InputError(f"{path}: more than {in_words(max_bytes)}, the most that is read at once")
    if b"\0" in data:
        raise InputError(f"{path}: a binary file (CSV, FASTA or a parquet table is needed)")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None


def first_bytes(path: str | Path) -> bytes:
    """Up to 64 bytes of a file, unpacked if it is gzip; a byte order mark is left out.

    Raises
    ------
    InputError
        If the file can't be read.
    """
    with opened(path) as handle:
        return handle.read(64).removeprefix(b"\xef\xbb\xbf")


@contextmanager
def opened(path: str | Path) -> Iterator[BinaryIO]:
    """Bytes of a file, unpacked if it is gzip; what goes wrong inside becomes an `InputError`."""
    if Path(path).is_dir():
        raise InputError(f"{path}: is a folder, a file is needed")
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"{path}: the gzip file is truncated or damaged") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None
