"""Libraries in C that print what nobody asked for."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silenced_stdout() -> Iterator[None]:
    """Nothing that is printed inside reaches standard output, not even from C.

    HiGHS prints debug lines on rare problems whatever its options say; they would stand between
    the structures that `predict` writes. For one thread at a time.
    """
    sys.stdout.flush()
    _flush_c()
    try:
        kept = os.dup(1)
    except OSError:  # there is no standard output
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        yield
    finally:
        _flush_c()
        os.dup2(kept, 1)
        os.close(kept)


def _flush_c() -> None:
    """Empty the buffers of the C library."""
    ctypes.CDLL(None).fflush(None)
