"""``boxfold report-s1``: investigations of the proposal network, each a table and a drawing."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, check_writable
from boxfold.scripts.common import (
    EXIT_RECORDS,
    S1_HELP,
    positive_float,
    positive_int,
    progress,
    say,
    verb_main,
    warn,
)
from boxfold.scripts.csv_table import write_csv
from boxfold.scripts.markdown import markdown_table
from boxfold.scripts.propose import read_short_enough

if TYPE_CHECKING:
    from boxfold.s1.batches import Example
    from boxfold.s1.inspection.investigation import Investigation
    from boxfold.s1.inspection.ranked_targets import RankedTargets
    from boxfold.s1.inspection.reports import Report
    from boxfold.s1.model import S1Model

DESCRIPTION = """Answer questions about S1 on sequences with known structures. Each WHAT writes
DIR/WHAT.csv and DIR/WHAT.png and prints a short table; all are made in one pass.
  recall       stems found against the number offered: S1, enumeration, exact ensemble, votes
  complete     sequences with all their boxes, at --mean-boxes boxes of all kinds per sequence;
               one score threshold per kind, chosen on --tune-data
  missed       recall by length, distance, size, loop type, MFE frequency, GC, run, probability
  votes        precision by votes per pixel; votes from inside and outside a box
  methods      recall at 16, 32, 64, 128 stems, and as many loops
  filter       examples with all boxes proposed, beside what independent misses would leave
  numbers      number of boxes, proposed and true, by length
  calibration  reliability of boxes and of on-outputs by length; against the exact ensemble
  receptive    gradients by distance; time and memory by length"""

EXAMPLE = """boxfold dataset --synthetic --count 100 --seed 7 --out windows.parquet
boxfold dataset --synthetic --count 100 --seed 8 --out tune.parquet
boxfold report-s1 recall missed --data windows.parquet --out s1_report
boxfold report-s1 complete --data windows.parquet --tune-data tune.parquet --out s1_report"""

WHATS = {
    "recall": "recall of stems against the number of boxes",
    "complete": "sequences with all their boxes found",
    "missed": "recall by what a box is, and what lies at missed boxes",
    "votes": "what the number of votes for a box says",
    "methods": "recall at equal numbers of boxes",
    "filter": "examples that a filter for all boxes keeps",
    "numbers": "number of boxes per sequence",
    "calibration": "whether probabilities mean what they say",
    "receptive": "how far the network looks, and what a sequence costs",
}
"""Reports by name, with their title."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("what", nargs="+", metavar="WHAT", choices=WHATS, help=", ".join(WHATS))
    parser.add_argument(
        "--data", required=True, metavar="D", help="data set, or CSV with id, sequence, dot_bracket"
    )
    parser.add_argument("--s1", metavar="NAME|RUN", help=S1_HELP)
    parser.add_argument(
        "--tune-data", metavar="T", help="complete: sequences to choose thresholds on"
    )
    parser.add_argument(
        "--tune-split",
        choices=("train", "validation"),
        help="complete: only such rows of --tune-data",
    )
    parser.add_argument(
        "--mean-boxes",
        type=positive_float,
        default=64.0,
        metavar="N",
        help="complete: boxes of all kinds per sequence, on average",
    )
    parser.add_argument(
        "--cost-lengths",
        nargs="+",
        type=positive_int,
        default=(64, 100, 200, 400, 600),
        metavar="L",
        help="receptive: lengths whose time and memory are measured",
    )
    parser.add_argument(
        "--count", type=positive_int, metavar="N", help="only the first N sequences of each file"
    )
    parser.add_argument(
        "--max-length", type=positive_int, default=1000, metavar="N", help="longer ones are bad"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of tables and drawings")


def run(args: argparse.Namespace) -> int:
    """Collect, write and print every report; 1 if a sequence was bad."""
    from boxfold.s1.inspection.reports import make_report

    whats = list(dict.fromkeys(args.what))
    paths = [Path(args.out) / f"{what}.{kind}" for what in whats for kind in ("csv", "png")]
    for path in paths:
        check_writable(path, args.overwrite)
    if "complete" in whats and args.tune_data is None:
        raise InputError("complete needs --tune-data, sequences to choose thresholds on")
    work, n_bad = collected(args, whats)
    for what in whats:
        report = make_report(what, work)
        write_report(report, Path(args.out) / what, args.overwrite)
        tables = "\n\n".join(markdown_table(table) for table in report.shown)
        say(f"## {what}: {WHATS[what]}, {len(work.examples)} sequences\n\n{tables}\n")
    return EXIT_RECORDS if n_bad else 0


def collected(args: argparse.Namespace, whats: Sequence[str]) -> tuple["Investigation", int]:
    """An investigation that holds all that the reports need, and the number of bad sequences."""
    from boxfold.s1.inspection.cost import proposal_cost
    from boxfold.s1.inspection.investigation import Investigation
    from boxfold.s1.model import S1Model

    model = S1Model.load(args.s1)
    examples, frequency, n_bad = read_known(args.data, args.max_length, args.count)
    work = Investigation(model, examples, frequency, args.seed, args.mean_boxes)
    work.cost = lambda: proposal_cost(args.s1, args.cost_lengths, args.seed, args.threads)
    if "complete" in whats:
        work.tune, n_bad_tune = tuning_targets(args, model)
        n_bad += n_bad_tune
    work.collect(whats, lambda cases: progress(cases, len(examples), "sequences"))
    return work, n_bad


def tuning_targets(args: argparse.Namespace, model: "S1Model") -> tuple["RankedTargets", int]:
    """Ranks and scores on the tuning set, and the number of its bad sequences."""
    from boxfold.s1.inspection.cases import cases
    from boxfold.s1.inspection.ranked_targets import RankedTargets

    examples, _, n_bad = read_known(args.tune_data, args.max_length, args.count, args.tune_split)
    ranked = RankedTargets()
    for case in progress(cases(model, examples), len(examples), "tuning"):
        ranked.add(case)
    return ranked, n_bad


def read_known(
    path: str, max_length: int, count: int | None, split: str | None = None
) -> tuple[list["Example"], list[float], int]:
    """Sequences of known structure, their MFE frequencies, and the number of bad records.

    Raises
    ------
    InputError
        If no structure is known, or none has a base pair.
    """
    import pandas as pd

    from boxfold.s1.evaluation import known_examples

    frame, n_bad = read_short_enough(path, max_length)
    if split is not None:
        frame = frame[frame["split"] == split]
    known = [(at, e) for at, e in enumerate(known_examples(frame)) if e is not None]
    if len(known) < len(frame):
        warn(f"{path}: {len(frame) - len(known)} sequences without dot_bracket, left out")
    known = known[:count]
    if not any(len(example.boxes) for _, example in known):
        of_split = f" of split {split}" if split else ""
        raise InputError(f"{path}: no sequence{of_split} has a dot_bracket with base pairs")
    frequency = pd.to_numeric(frame["mfe_frequency"], errors="coerce").tolist()
    return [example for _, example in known], [frequency[at] for at, _ in known], n_bad


def write_report(report: "Report", stem: Path, overwrite: bool) -> None:
    """Write ``STEM.csv`` and ``STEM.png``."""
    from boxfold.s1.inspection.drawing import save_figure

    with atomic_path(stem.with_suffix(".csv"), overwrite) as temporary:
        write_csv(report.table, temporary)
    save_figure(report.figure, stem.with_suffix(".png"), overwrite)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
