"""Verb ``dataset``: windows of transcripts, folded, filtered and split."""

import argparse
import sys
from collections.abc import Sequence

from boxfold.features.errors import InputError
from boxfold.s1.dataset import DatasetConfig, Reporters, build_dataset
from boxfold.scripts.common import (
    EXIT_RECORDS,
    int_range,
    non_negative_int,
    positive_int,
    probability,
    progress,
    verb_main,
    warn,
)

DESCRIPTION = (
    "Cut windows from transcripts at random (gene, transcript, position), fold them with "
    "ViennaRNA, and split them by group. No two windows share a 20-mer. Ids are "
    "TRANSCRIPT:START-END, 0-based and half-open."
)
EXAMPLE = (
    "boxfold dataset --fasta transcripts.fa.gz --length 64 --count 5000 --seed 1 "
    "--out windows.parquet"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of this verb."""
    sources = parser.add_argument_group("sources, at least one")
    sources.add_argument("--fasta", nargs="+", default=[], help="transcripts, plain or gzip")
    sources.add_argument("--genome", help="genome FASTA; with --annotation")
    sources.add_argument("--annotation", help="GTF with exons; they are spliced")
    sources.add_argument(
        "--synthetic",
        action="store_true",
        help="synthetic transcripts; beside others, as many as those lack",
    )
    parser.add_argument("--chromosomes", nargs="+", default=[], help="only these; chr9 = 9")
    parser.add_argument(
        "--length", type=int_range, default=(64, 64), metavar="L|L-L", help="64 or 20-200"
    )
    parser.add_argument(
        "--count", type=positive_int, required=True, help="accepted windows, shuffles not counted"
    )
    parser.add_argument(
        "--min-mfe-frequency", type=probability, default=0.0, help="of the MFE in its ensemble"
    )
    parser.add_argument(
        "--shuffles", type=non_negative_int, default=0, metavar="K", help="of each window"
    )
    parser.add_argument(
        "--structures",
        type=positive_int,
        metavar="K",
        help="a row for each of K different structures of the ensemble, instead of the MFE",
    )
    parser.add_argument("--split", type=probability, default=0.95, help="share that trains")
    parser.add_argument(
        "--limit", type=positive_int, metavar="N", help="keep a seeded subset of the training split"
    )
    parser.add_argument("--jobs", type=positive_int, default=1, help="worker processes")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")
    parser.add_argument("--out", required=True, help="parquet file")


def run(args: argparse.Namespace) -> int:
    """Build the data set."""
    if bool(args.genome) != bool(args.annotation):
        raise InputError("--genome and --annotation are needed together")
    if not (args.fasta or args.genome or args.synthetic):
        raise InputError("no source given (--fasta, --genome with --annotation, or --synthetic)")
    if args.chromosomes and not (args.fasta or args.genome):
        raise InputError("--chromosomes selects from --fasta or --genome, none is given")
    config = DatasetConfig(
        fasta=tuple(args.fasta),
        genome=args.genome,
        annotation=args.annotation,
        synthetic=args.synthetic,
        chromosomes=tuple(args.chromosomes),
        length=args.length,
        count=args.count,
        shuffles=args.shuffles,
        structures=args.structures or 0,
        min_mfe_frequency=args.min_mfe_frequency,
        split=args.split,
        limit=args.limit,
        seed=args.seed,
    )
    errors: list[str] = []

    def on_error(line: str) -> None:
        errors.append(line)
        warn(line)

    reporters = Reporters(lambda line: print(line, flush=True), on_error, progress)
    build_dataset(config, args.out, args.jobs, args.resume, args.overwrite, reporters)
    return EXIT_RECORDS if errors else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of ``boxfold dataset``."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
