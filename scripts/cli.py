"""The console command ``boxfold``: finds the verb, imports only that one."""

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from boxfold.features.errors import InputError
from boxfold.scripts.common import guarded

VERBS = {
    "dataset": "cut windows from transcripts or a genome, fold them, split them",
    "dataset-known": "make a data set of known structures",
    "train-s1": "train the box proposer",
    "tune-s1": "search for settings of train-s1",
    "evaluate-s1": "metrics and box recall of the proposer",
    "plot-s1": "draw the proposer: training, proposals, what its pixels say",
    "report-s1": "answer questions about the proposer: tables and drawings",
    "propose": "write candidate boxes for sequences",
    "train-supervised": "train the supervised assembly baseline",
    "train-judge": "train what judges boxes for exact assembly",
    "train-agent": "train an assembly agent (clone, reinforce, ppo, a2c)",
    "tune-agent": "search for settings of train-agent",
    "export-episodes": "write expert episodes as a data set of Minari",
    "evaluate": "compare agents on the same boxes",
    "compare": "compare methods with several runs each, with intervals",
    "predict": "predict structures of sequences",
    "view": "write a page that shows structures and how they were assembled",
}
"""Verbs in the order of the chain; `train-s1` lives in ``train_s1.py``."""


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
    verbs = "\n".join(f"  {verb:<{width}}  {text}" for verb, text in VERBS.items())
    return (
        "usage: boxfold VERB [flags]\n\n"
        "RNA secondary structure as object detection followed by assembly.\n\n"
        f"verbs:\n{verbs}\n\n"
        "  boxfold VERB --help   flags and an example\n"
        "  boxfold --version\n\n"
        "example:\n  boxfold predict rnas.fa"
    )


def _dispatch(argv: list[str]) -> int:
    if not argv:
        raise InputError(f"a verb is needed (choose from {', '.join(VERBS)})")
    verb, *flags = argv
    if verb in ("-h", "--help", "help"):
        print(usage())
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
