"""Libraries that print what nobody asked for."""

import contextlib
import ctypes
import functools
import os
import sys
import threading
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


@functools.cache
def quiet_threads() -> None:
    """Errors of the system in TensorBoard's thread are not printed: they are raised again.

    It hands them to the thread that waits for it, where they become one line.
    """
    usual = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        is_handed_on = type(args.thread).__name__ == "_AsyncWriterThread"
        if not (is_handed_on and isinstance(args.exc_value, OSError)):
            usual(args)

    threading.excepthook = hook


def _flush_c() -> None:
    """Empty the buffers of the C library."""
    ctypes.CDLL(None).fflush(None)
