"""What every verb shares: flags, argument types, exit codes, progress."""

import argparse
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType, ModuleType
from typing import TypeVar

from boxfold.features.claims import claimed
from boxfold.features.errors import InputError, printable
from boxfold.features.files import why
from boxfold.s1.engine import set_threads
from boxfold.scripts.manual import EXIT_STATUS, ManualParser
from boxfold.scripts.verbs import FILES, SEE_ALSO, VERBS

T = TypeVar("T")

S1_HELP = "mfe (default), real, or a run folder of train-s1 or a weights file"
"""Of ``--s1``."""

EXIT_RECORDS = 1
"""Some records were bad, the others were finished."""
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_CLOSED_PIPE = 141
EXIT_TERMINATED = 143


class Terminated(BaseException):
    """SIGTERM arrived. Not an `Exception`, so only clean-up code sees it on its way out."""


def verb_main(module: ModuleType, argv: Sequence[str] | None = None) -> int:
    """Parse the flags of a verb, run it, turn what may go wrong into one line and an exit code.

    Parameters
    ----------
    module : module
        With ``DESCRIPTION``, ``EXAMPLE``, ``add_arguments(parser)`` and ``run(args) -> int``.
        A verb file calls ``verb_main(sys.modules[__name__], argv)``.
    argv : sequence of str, optional
        Flags without the verb; default ``sys.argv[1:]``.

    Returns
    -------
    int
        0, 1 if some records were bad, 2 bad input, 130 Ctrl-C, 141 closed pipe, 143 SIGTERM.
    """
    name = verb_name(module)

    def body() -> int:
        args = verb_parser(module).parse_args(argv)
        set_threads(args.threads)
        with _claimed_output(args):
            return module.run(args)

    return guarded(name, body)


def verb_name(module: ModuleType) -> str:
    """Verb of a file: ``train-s1`` for ``train_s1.py``, also where it runs as ``__main__``."""
    return Path(str(module.__file__)).stem.replace("_", "-")


def verb_parser(module: ModuleType) -> argparse.ArgumentParser:
    """Parser of a verb with the shared flags; ``--help`` is a manual page with its example."""
    name = verb_name(module)
    example = "\n".join(line.strip() for line in module.EXAMPLE.strip().splitlines())
    parser = ManualParser(
        prog=f"boxfold {name}",
        description=module.DESCRIPTION,
        summary=VERBS.get(name, module.DESCRIPTION.partition(".")[0]),
        sections={
            "EXAMPLES": example,
            "FILES": FILES.get(name, ""),
            "EXIT STATUS": EXIT_STATUS,
            "SEE ALSO": SEE_ALSO.get(name, ""),
        },
    )
    fill_parser(module, parser)
    return parser


def fill_parser(module: ModuleType, parser: argparse.ArgumentParser) -> None:
    """Add the flags of a verb, and those that all verbs share."""
    module.add_arguments(parser)
    group = parser.add_argument_group("shared by all verbs")
    group.add_argument("--seed", type=non_negative_int, default=0, help="same seed, same bytes")
    group.add_argument("--threads", type=positive_int, default=1, help="threads of one process")
    group.add_argument("--overwrite", action="store_true", help="replace existing output")


def guarded(name: str, body: Callable[[], int]) -> int:
    """Run `body` with the exit codes of `verb_main`; `name` leads every message."""
    try:
        with _sigterm_raises():
            code = body()
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        return _failed(f"{name}: interrupted", EXIT_INTERRUPTED)
    except Terminated:
        return _failed(f"{name}: terminated", EXIT_TERMINATED)
    except BrokenPipeError:
        _discard_stdout()
        return EXIT_CLOSED_PIPE
    except InputError as error:
        return _failed(f"{name}: error: {error}")
    except MemoryError:
        return _failed(f"{name}: error: not enough memory (shorter sequences, fewer boxes)")
    except OSError as error:
        _discard_stdout()
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        place = error.filename or ("standard output" if is_full else "")
        return _failed(f"{name}: error: {f'{place}: ' if place else ''}{why(error)}")


def warn(message: str) -> None:
    """One line on stderr that doesn't change the exit code."""
    print(f"boxfold: {printable(message)}", file=sys.stderr, flush=True)


class BadRecords:
    """Names bad records on stderr, one line each, and knows the exit code that they lead to."""

    exit_code = 0

    def __call__(self, message: str) -> None:
        """Name a record."""
        self.exit_code = EXIT_RECORDS
        warn(message)


def progress(
    iterable: Iterable[T], total: int | None, label: str, every: float = 10.0
) -> Iterator[T]:
    """Pass items on: with a bar on a terminal, with a plain line every `every` seconds elsewhere.

    Both go to stderr. Work shorter than `every` leaves no plain line.
    """
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(iterable, total=total, desc=label, leave=False)
        return
    start = shown = time.monotonic()
    of_total = f"/{total}" if total is not None else ""
    for done, item in enumerate(iterable, start=1):
        yield item
        now = time.monotonic()
        if now - shown >= every or (done == total and shown > start):
            print(f"{label}: {done}{of_total}, {now - start:.0f} s", file=sys.stderr, flush=True)
            shown = now


def positive_int(text: str) -> int:
    """Argument type: integer >= 1."""
    value = _integer(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is too small (at least 1)")
    return value


def non_negative_int(text: str) -> int:
    """Argument type: integer >= 0."""
    value = _integer(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is too small (at least 0)")
    return value


def probability(text: str) -> float:
    """Argument type: float in [0, 1]."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is out of range (0 to 1)")
    return value


def positive_float(text: str) -> float:
    """Argument type: finite float > 0."""
    value = _number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is out of range (a positive number)")
    return value


def int_range(text: str) -> tuple[int, int]:
    """Argument type: ``64`` or ``20-200``, both ends included.

    Examples
    --------
    >>> int_range("64"), int_range("20-200")
    ((64, 64), (20, 200))
    """
    first, dash, last = text.partition("-")
    low = positive_int(first)
    high = positive_int(last) if dash else low
    if low > high:
        raise argparse.ArgumentTypeError(f"'{text}' is reversed (write {high}-{low})")
    return low, high


def _claimed_output(args: argparse.Namespace) -> AbstractContextManager[None]:
    """``--out``, if the verb has one, is for this process only; torchrun's first one claims it."""
    out = getattr(args, "out", None)
    is_first = os.environ.get("RANK", "0") == "0"
    return claimed(out) if out and is_first else nullcontext()


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    def handler(signum: int, frame: FrameType | None) -> None:
        raise Terminated

    try:
        previous = signal.signal(signal.SIGTERM, handler)
    except ValueError:  # not the main thread: signals arrive elsewhere
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _failed(message: str, code: int = EXIT_ERROR) -> int:
    one_line = " ".join(printable(message).split())
    print(one_line if one_line.startswith("boxfold") else f"boxfold {one_line}", file=sys.stderr)
    return code


def _discard_stdout() -> None:
    # The interpreter flushes stdout once more at exit; that must not fail again.
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not an integer") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def say(text: str) -> None:
    """Print lines at once; what they quote does nothing to a terminal."""
    print("\n".join(map(printable, text.split("\n"))), flush=True)
