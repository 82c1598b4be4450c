"""``boxfold predict``: FASTA in, assembled structures out."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from typing import TextIO

from boxfold.features.fasta import FastaRecord, read_fasta
from boxfold.features.files import atomic_path
from boxfold.features.reactivity import read_reactivities
from boxfold.scripts.chain_flags import add_chain_arguments, load_predictor, short_enough
from boxfold.scripts.common import BadRecords, positive_int, progress, verb_main, warn
from boxfold.scripts.engine_flags import add_engine_arguments, engine_of
from boxfold.scripts.layouts import LAYOUTS, write_predictions
from boxfold.scripts.reward_flags import add_reactivities_argument, judging_rewards

DESCRIPTION = """Predict secondary structures. S1 proposes stems, an agent assembles them; both use
the shipped weights unless told otherwise. A bad record is named on standard error and the others
are finished; the exit code is then 1. Each structure comes with its expected F1 as confidence (json
and csv: and with the probability of each pair)."""

EXAMPLE = """boxfold predict rnas.fa --out rnas.dbn
boxfold predict rnas.fa --top 5 --format json --out rnas.json
zcat rnas.fa.gz | boxfold predict - --s1 mfe --agent clone --samples 16 --format csv"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("fasta", metavar="FASTA|-", help="plain or gzip; - is standard input")
    add_chain_arguments(parser)
    parser.add_argument(
        "--top",
        type=positive_int,
        default=1,
        metavar="K",
        help="K different structures per sequence, best first; fewer where there are no more",
    )
    parser.add_argument(
        "--reward",
        metavar="NAME=WEIGHT,...|F.yaml",
        help="rewards to search and rerank by, in place of the free energy (docs/rewards.md)",
    )
    add_reactivities_argument(parser)
    add_engine_arguments(parser)
    parser.add_argument("--format", choices=tuple(LAYOUTS), default="dbn", help="of the output")
    parser.add_argument("--out", metavar="F", help="output file (default: standard output)")


def run(args: argparse.Namespace) -> int:
    """Predict every record; 1 if any was bad."""
    name_bad = BadRecords()
    profiles = read_reactivities(args.reactivities) if args.reactivities else {}
    with _output(args) as file:
        records = _started(read_fasta(args.fasta, name_bad, warn))
        predictor = load_predictor(args)
        rewards = judging_rewards(args.reward)
        predictor = replace(predictor, reactivities=profiles, rewards=rewards, top=args.top)
        seen: set[str] = set()
        if profiles:  # else nobody asks who was there, and of a million records ids take room
            records = _noted(records, seen)
        records = short_enough(records, args.max_length, name_bad)
        if not file.isatty():  # a bar would cut through the structures
            records = progress(records, None, "records")
        with engine_of(args) as engine:
            predictions = predictor.predict(records, name_bad, engine)
            write_predictions(predictions, LAYOUTS[args.format], file)
        for name in profiles:
            if name not in seen:
                name_bad(f"{args.reactivities}: record '{name}': no sequence has this id")
    return name_bad.exit_code


def _started(records: Iterable[FastaRecord]) -> Iterator[FastaRecord]:
    """The same records, the first one read already: a bad file is known at once."""
    iterator = iter(records)
    return chain(list(islice(iterator, 1)), iterator)


def _noted(records: Iterable[FastaRecord], seen: set[str]) -> Iterator[FastaRecord]:
    """The same records; their ids are added to `seen`."""
    for record in records:
        seen.add(record.id)
        yield record


@contextmanager
def _output(args: argparse.Namespace) -> Iterator[TextIO]:
    if args.out is None:
        yield sys.stdout
        return
    with (
        atomic_path(args.out, args.overwrite) as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as file,
    ):
        yield file


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
