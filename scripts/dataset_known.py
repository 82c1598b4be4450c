"""Verb ``dataset-known``: a data set of known structures."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields

from boxfold.rewards.energy import PARAMETER_SETS
from boxfold.s1.known_config import KnownConfig
from boxfold.scripts.common import BadRecords, positive_int, probability, say, verb_main
from boxfold.scripts.configs import config_from_arguments

DESCRIPTION = (
    "Make a data set of known structures (CSV of id, sequence, dot_bracket; bpRNA, PDB, ...): "
    "pairs that can't be built are left out, and so is what is much like a reporting set."
)
EXAMPLE = (
    "boxfold dataset-known --train tr0.csv.gz --validation vl0.csv.gz --exclude ts0.csv.gz "
    "--out real.parquet"
)

_HELP = {item.name: item.metadata["help"] for item in fields(KnownConfig)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of this verb."""
    parser.add_argument("--train", nargs="+", metavar="F", required=True, help=_HELP["train"])
    for name in ("validation", "exclude", "without"):
        parser.add_argument(f"--{name}", nargs="+", metavar="F", help=_HELP[name])
    parser.add_argument(
        "--identity", type=probability, default=0.8, metavar="P", help=_HELP["identity"]
    )
    parser.add_argument(
        "--max-length", type=positive_int, default=600, metavar="N", help=_HELP["max_length"]
    )
    parser.add_argument(
        "--prior", nargs="+", choices=tuple(PARAMETER_SETS), metavar="SET", help=_HELP["prior"]
    )
    parser.add_argument("--sample", type=positive_int, default=0, metavar="N", help=_HELP["sample"])
    parser.add_argument("--variants", nargs="+", metavar="KIND=N", help=_HELP["variants"])
    parser.add_argument("--variants-only", action="store_true", help=_HELP["variants_only"])
    parser.add_argument("--jobs", type=positive_int, default=1, help="worker processes")
    parser.add_argument("--out", required=True, help="parquet file")


def run(args: argparse.Namespace) -> int:
    """Build the data set; 1 if an input record was bad."""
    from boxfold.s1.known import known_structures  # pandas: not for --help
    from boxfold.s1.tables import write_dataset

    names = ("train", "validation", "exclude", "without", "prior", "variants")
    lists = {name: tuple(getattr(args, name) or ()) for name in names}
    config = config_from_arguments(KnownConfig, args, **lists)
    on_error = BadRecords()
    rows = known_structures(config, args.jobs, say, on_error)
    write_dataset(rows, args.out, args.overwrite)
    say(f"wrote {args.out}: {len(rows)} rows")
    return on_error.exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of ``boxfold dataset-known``."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
