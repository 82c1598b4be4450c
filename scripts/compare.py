"""``boxfold compare``: methods with several runs each, against the first, with intervals."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, check_writable
from boxfold.scripts.common import verb_main

DESCRIPTION = """Compare methods on the sequences of a table of `boxfold evaluate`: mean over runs,
spread, interquartile mean and the difference to the first method, with 95 % bootstrap intervals
(paired, over sequences). Each --runs names the runs (seeds) of one method."""

EXAMPLE = """boxfold evaluate --data boxes.parquet --agents runs/c1 runs/c2 runs/r1 --out table
boxfold compare --table table/per_sequence.csv --runs runs/c1 runs/c2 --runs runs/r1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument(
        "--table", required=True, metavar="CSV", help="per_sequence.csv of `boxfold evaluate`"
    )
    parser.add_argument(
        "--runs",
        nargs="+",
        action="append",
        required=True,
        metavar="AGENT",
        help="agents of the table that are runs of one method; once per method",
    )
    parser.add_argument(
        "--metrics", nargs="+", default=["energy_gap", "f1"], help="columns (default: %(default)s)"
    )
    parser.add_argument("--out", metavar="CSV", help="also write the table here")


def run(args: argparse.Namespace) -> int:
    """Compare, print, write."""
    import pandas as pd

    from boxfold.agents.comparison import comparison_table

    path = Path(args.table)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if args.out:
        check_writable(args.out, args.overwrite)
    table = pd.read_csv(path)
    if missing := {"id", "agent"} - set(table.columns):
        raise InputError(f"{path}: no column '{min(missing)}' (needed: a per_sequence.csv)")
    compared = comparison_table(table, args.runs, args.metrics, np.random.default_rng(args.seed))
    print(compared.to_string(index=False, float_format="{:.4f}".format))
    if args.out:
        with atomic_path(args.out, args.overwrite) as temporary:
            compared.to_csv(temporary, index=False, float_format="%.6g")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
