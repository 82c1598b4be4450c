"""``boxfold compare``: methods with several runs each, against the first, with intervals."""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boxfold.features.csv_cells import plain_cell
from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, check_writable
from boxfold.features.text_file import read_text
from boxfold.scripts.common import say, verb_main, warn
from boxfold.scripts.csv_table import write_csv

if TYPE_CHECKING:
    import pandas as pd

DESCRIPTION = """Compare methods on the sequences of tables of `boxfold evaluate`: mean over runs,
spread, interquartile mean and the difference to the first method, with 95 % bootstrap intervals
(paired, over the sequences that both have; --by draws whole families). Each --runs names the runs
(seeds) of one method."""

EXAMPLE = """boxfold evaluate --data boxes.parquet --agents runs/c1 runs/c2 runs/r1 --out table
boxfold compare --table table/per_sequence.csv --runs runs/c1 runs/c2 --runs runs/r1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument(
        "--table",
        nargs="+",
        required=True,
        metavar="CSV",
        help="per_sequence.csv of `boxfold evaluate`; several are read as one",
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
        "--all", action="store_true", help="every other agent too, as a method of its own"
    )
    parser.add_argument(
        "--by",
        metavar="COLUMN",
        help="families (column of --data, or of the table): bootstrap over them, not sequences; "
        "a sequence without one is a family of its own",
    )
    parser.add_argument("--data", metavar="D", help="data set or CSV with the column of --by")
    parser.add_argument(
        "--metrics", nargs="+", default=["energy_gap", "f1"], help="columns (default: %(default)s)"
    )
    parser.add_argument("--out", metavar="CSV", help="also write the table here")


def run(args: argparse.Namespace) -> int:
    """Compare, print, write."""
    from boxfold.agents.comparison import comparison_table

    if args.out:
        check_writable(args.out, args.overwrite)
    table = read_tables(args.table)
    methods = list(args.runs)
    if args.all:
        named = {agent for method in methods for agent in method}
        methods += [[agent] for agent in table["agent"].unique() if agent not in named]
    families = None if args.by is None else families_by_id(args.by, table, args.data)
    rng = np.random.default_rng(args.seed)
    compared = comparison_table(table, methods, args.metrics, rng, families)
    say(compared.to_string(index=False, float_format="{:.4f}".format))
    if args.out:
        with atomic_path(args.out, args.overwrite) as temporary:
            write_csv(compared, temporary)
    return 0


def read_tables(paths: Sequence[str]) -> "pd.DataFrame":
    """Rows of several per-sequence tables.

    Raises
    ------
    InputError
        If one is missing or no such table.
    """
    import pandas as pd

    tables = []
    for path in paths:
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file")
        try:
            table = pd.read_csv(io.StringIO(read_text(path)), dtype={"id": str, "agent": str})
        except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
            raise InputError(f"{path}: no CSV table ({' '.join(str(error).split())})") from None
        if missing := {"id", "agent"} - set(table.columns):
            raise InputError(f"{path}: no column '{min(missing)}' (needed: a per_sequence.csv)")
        names = {name: table[name].map(plain_cell, na_action="ignore") for name in ("id", "agent")}
        tables.append(table.assign(**names))
    return pd.concat(tables, ignore_index=True)


def families_by_id(column: str, table: "pd.DataFrame", data: str | None) -> "pd.Series":
    """Family of each id, of a data set or of the table itself.

    Raises
    ------
    InputError
        If there is no such column.
    """
    from boxfold.s1.tables import read_sequences

    frame = table if data is None else read_sequences(data, warn, lambda line: None)
    if column not in frame:
        place = "the table (--data names another)" if data is None else data
        raise InputError(f"--by: no column '{column}' in {place}")
    return frame.drop_duplicates("id").set_index("id")[column]


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
