"""The console command ``boxfold``: finds the verb, imports only that one."""

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from boxfold.features.errors import InputError
from boxfold.scripts.common import guarded
from boxfold.scripts.manual import EXIT_STATUS, section
from boxfold.scripts.verbs import VERBS


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``boxfold VERB ...`` and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Default ``sys.argv[1:]``.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    return guarded("boxfold", lambda: _dispatch(argv))


def usage() -> str:
    """Text of ``boxfold --help``."""
    width = max(map(len, VERBS))
    sections = {
        "NAME": "boxfold - RNA secondary structure as object detection followed by assembly",
        "SYNOPSIS": "boxfold VERB [flags]\nboxfold VERB --help\nboxfold --version",
        "VERBS": "\n".join(f"{verb:<{width}}  {text}" for verb, text in VERBS.items()),
        "EXAMPLES": "boxfold predict rnas.fa",
        "EXIT STATUS": EXIT_STATUS,
    }
    return "\n".join(section(title, text) for title, text in sections.items())


def _dispatch(argv: list[str]) -> int:
    if not argv:
        raise InputError(f"a verb is needed (choose from {', '.join(VERBS)})")
    verb, *flags = argv
    if verb in ("-h", "--help", "help"):
        print(usage(), end="")
        return 0
    if verb == "--version":
        print(f"boxfold {version('boxfold')}")
        return 0
    if verb not in VERBS:
        raise InputError(f"unknown verb '{verb}' (choose from {', '.join(VERBS)})")
    # Before numpy is imported: its BLAS reads this once; --threads sets torch's own later.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return importlib.import_module(f"boxfold.scripts.{verb.replace('-', '_')}").main(flags)


if __name__ == "__main__":
    sys.exit(main())
