"""``boxfold plot-s1``: drawings of S1, its training, its proposals, what its pixels say."""

import argparse
import functools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, check_writable
from boxfold.s1.votes import METHODS
from boxfold.scripts.common import (
    EXIT_RECORDS,
    S1_HELP,
    non_negative_int,
    positive_int,
    probability,
    progress,
    say,
    verb_main,
    warn,
)
from boxfold.scripts.csv_table import write_csv
from boxfold.scripts.propose import read_short_enough

if TYPE_CHECKING:
    from boxfold.s1.batches import Example
    from boxfold.s1.inspection.plots import Drawing
    from boxfold.s1.propose import ProposeConfig

DESCRIPTION = """Draw what S1 does, as WHAT says, to F.png (.svg, .pdf); the numbers go to F.csv.
  progress          --run: all metrics and losses over the epochs, best epoch marked
  grid              --data [--id]: proposals on the grid, as opaque as they are probable;
                    target boxes outlined, known pairs below the diagonal
  multiloops        --data [--id]: multi-branch loops as polygons of their closing pairs
  shift             --data [--id --box]: classes that the pixels along a box's top row and
                    right column say, on both sides of its ends
  shift-statistics  --data: the same for all target boxes: share of pixels that point to their
                    box by offset; votes per pixel of a box (F.voters.csv)"""

EXAMPLE = """boxfold dataset --synthetic --count 100 --seed 7 --out windows.parquet
boxfold plot-s1 grid --data windows.parquet --out grid.png
boxfold plot-s1 shift-statistics --data windows.parquet --out shift.png
boxfold plot-s1 progress --run runs/s1 --out progress.png"""

MAX_LENGTH = 1000

TABLES = {"shift-statistics": ("csv", "voters.csv")}
"""Tables beside the drawing; of the others one ``csv``."""

FLAGS = {
    "progress": ("run",),
    "grid": ("data", "id", "s1", "method", "max_boxes", "on_threshold", "vote_threshold"),
    "multiloops": ("data", "id"),
    "shift": ("data", "id", "s1", "box", "outside"),
    "shift-statistics": ("data", "s1", "outside", "max_length"),
}
"""Flags of each drawing beside ``--out``; the first one is needed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb; those of one drawing have no default here, so that strays are seen."""
    parser.add_argument("what", metavar="WHAT", choices=FLAGS, help=", ".join(FLAGS))
    parser.add_argument("--run", metavar="RUN", help="progress: run folder of train-s1")
    parser.add_argument("--data", metavar="D", help="data set, CSV (id, sequence, ...) or FASTA")
    parser.add_argument(
        "--id", help="record to draw (default: the first; multiloops: the first that has one)"
    )
    parser.add_argument("--s1", metavar="NAME|RUN", help=S1_HELP)
    parser.add_argument("--method", choices=METHODS, help="grid: see propose (default: ends)")
    parser.add_argument(
        "--max-boxes", type=positive_int, metavar="N", help="grid: see propose (default: 64)"
    )
    parser.add_argument(
        "--on-threshold", type=probability, metavar="P", help="grid: see propose (default: 0.1)"
    )
    parser.add_argument(
        "--vote-threshold", type=probability, metavar="P", help="grid: see propose (default: 0.5)"
    )
    parser.add_argument(
        "--box",
        metavar="KIND:ROW:COL:NROWS:NCOLS",
        help="shift: as in tables, from 0, kind stem, interior_loop or hairpin "
        "(default: the largest known stem)",
    )
    parser.add_argument(
        "--outside",
        type=non_negative_int,
        metavar="N",
        help="shift...: pixels before and after a box (default: 10)",
    )
    parser.add_argument(
        "--max-length",
        type=positive_int,
        metavar="N",
        help="shift-statistics: longer ones are bad (default: 1000)",
    )
    parser.add_argument("--out", required=True, metavar="F.png", help="also .svg or .pdf")


def run(args: argparse.Namespace) -> int:
    """Draw, write and print; 1 if a sequence was bad."""
    from boxfold.s1.inspection.drawing import figure_format, save_figure

    check_flags(args)
    figure_format(args.out)
    outputs = [Path(args.out).with_suffix(f".{name}") for name in TABLES.get(args.what, ("csv",))]
    for path in (args.out, *outputs):
        check_writable(path, args.overwrite)
    drawing, n_bad = draw(args)
    for path, table in zip(outputs, drawing.tables, strict=True):
        with atomic_path(path, args.overwrite) as temporary:
            write_csv(table, temporary)
    save_figure(drawing.figure, args.out, args.overwrite)
    say(drawing.text)
    return EXIT_RECORDS if n_bad else 0


def draw(args: argparse.Namespace) -> tuple["Drawing", int]:
    """The drawing that the flags ask for, and the number of bad sequences."""
    from boxfold.s1.inspection import plots
    from boxfold.s1.inspection.record import box_from_text, find_record
    from boxfold.s1.model import S1Model

    outside = {} if args.outside is None else {"outside": args.outside}
    if args.what == "progress":
        return plots.plot_progress(args.run), 0
    if args.what == "shift-statistics":
        model = S1Model.load(args.s1)
        examples, n_bad = known_examples_of(args.data, args.max_length or MAX_LENGTH)
        track = functools.partial(progress, total=len(examples), label="sequences")
        return plots.plot_shift_statistics(model, examples, track=track, **outside), n_bad
    box = None if args.box is None else box_from_text(args.box)
    record = find_record(args.data, args.id, args.what == "multiloops")
    if args.what == "multiloops":
        return plots.plot_multiloops(record), 0
    if args.what == "shift":
        return plots.plot_shift(S1Model.load(args.s1), record, box, **outside), 0
    proposer = None if args.method == "runs" else S1Model.load(args.s1)
    return plots.plot_proposals(proposer, record, propose_config(args)), 0


def propose_config(args: argparse.Namespace) -> "ProposeConfig":
    """Config of the flags that were given."""
    from boxfold.s1.propose import ProposeConfig

    names = ("method", "max_boxes", "on_threshold", "vote_threshold")
    given = {name: getattr(args, name) for name in names}
    return ProposeConfig(**{name: value for name, value in given.items() if value is not None})


def known_examples_of(path: str, max_length: int) -> tuple[list["Example"], int]:
    """Sequences of a file with their boxes, and the number of bad ones.

    Raises
    ------
    InputError
        If no structure is known.
    """
    from boxfold.s1.evaluation import known_examples

    frame, n_bad = read_short_enough(path, max_length)
    known = [example for example in known_examples(frame) if example is not None]
    if not known:
        raise InputError(f"{path}: no sequence has a dot_bracket to compare with")
    if len(known) < len(frame):
        warn(f"{path}: {len(frame) - len(known)} sequences without dot_bracket, left out")
    return known, n_bad


def check_flags(args: argparse.Namespace) -> None:
    """Refuse flags of another drawing, and a missing one.

    Raises
    ------
    InputError
    """
    takes = FLAGS[args.what]
    for name in dict.fromkeys(name for flags in FLAGS.values() for name in flags):
        if name not in takes and getattr(args, name) is not None:
            known = ", ".join(_flag(name) for name in takes)
            raise InputError(f"{_flag(name)}: no flag of {args.what} (it takes {known})")
    if getattr(args, takes[0]) is None:
        raise InputError(f"{args.what} needs {_flag(takes[0])}")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
