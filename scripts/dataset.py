"""Verb ``dataset``: windows of transcripts, folded, filtered and split."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields

from boxfold.features.errors import InputError
from boxfold.s1.dataset_config import DatasetConfig, Reporters
from boxfold.scripts.common import (
    BadRecords,
    int_range,
    non_negative_int,
    positive_int,
    probability,
    progress,
    say,
    verb_main,
)
from boxfold.scripts.configs import config_from_arguments
from boxfold.scripts.engine_flags import add_engine_arguments, engine_of

DESCRIPTION = (
    "Cut windows from transcripts at random (gene, transcript, position), fold them with "
    "ViennaRNA, and split them by group. No two windows share a 20-mer. Ids are "
    "TRANSCRIPT:START-END, 0-based and half-open."
)
EXAMPLE = (
    "boxfold dataset --fasta transcripts.fa.gz --length 64 --count 5000 --seed 1 "
    "--out windows.parquet"
)


_HELP = {item.name: item.metadata["help"] for item in fields(DatasetConfig)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of this verb."""
    sources = parser.add_argument_group("sources, at least one")
    sources.add_argument("--fasta", nargs="+", metavar="F", help=_HELP["fasta"])
    sources.add_argument("--genome", metavar="G", help=_HELP["genome"])
    sources.add_argument("--annotation", metavar="A", help=_HELP["annotation"])
    sources.add_argument("--synthetic", action="store_true", help=_HELP["synthetic"])
    parser.add_argument("--chromosomes", nargs="+", metavar="C", help=_HELP["chromosomes"])
    parser.add_argument("--length", type=int_range, default="64", help=_HELP["length"])
    parser.add_argument(
        "--count", type=positive_int, required=True, metavar="N", help=_HELP["count"]
    )
    parser.add_argument(
        "--min-mfe-frequency",
        type=probability,
        default=0.0,
        metavar="P",
        help=_HELP["min_mfe_frequency"],
    )
    parser.add_argument(
        "--shuffles", type=non_negative_int, default=0, metavar="K", help=_HELP["shuffles"]
    )
    parser.add_argument(
        "--structures", type=non_negative_int, default=0, metavar="K", help=_HELP["structures"]
    )
    parser.add_argument("--soft", action="store_true", help=_HELP["soft"])
    parser.add_argument("--split", type=probability, default=0.95, metavar="P", help=_HELP["split"])
    parser.add_argument("--limit", type=positive_int, metavar="N", help=_HELP["limit"])
    add_engine_arguments(parser)
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")
    parser.add_argument("--out", required=True, help="parquet file")


def run(args: argparse.Namespace) -> int:
    """Build the data set; 1 if an input record was bad."""
    if bool(args.genome) != bool(args.annotation):
        raise InputError("--genome and --annotation are needed together")
    if not (args.fasta or args.genome or args.synthetic):
        raise InputError("no source given (--fasta, --genome with --annotation, or --synthetic)")
    if args.chromosomes and not (args.fasta or args.genome):
        raise InputError("--chromosomes selects from --fasta or --genome, none is given")
    from boxfold.s1.dataset import build_dataset  # pandas: not for --help

    config = config_from_arguments(
        DatasetConfig,
        args,
        fasta=tuple(args.fasta or ()),
        chromosomes=tuple(args.chromosomes or ()),
    )
    on_error = BadRecords()
    reporters = Reporters(say, on_error, progress)
    with engine_of(args) as engine:
        build_dataset(config, args.out, engine, args.resume, args.overwrite, reporters)
    return on_error.exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of ``boxfold dataset``."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
