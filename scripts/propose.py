"""``boxfold propose``: candidate boxes for sequences, the input of assembly."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, check_writable
from boxfold.features.structure import MIN_HAIRPIN
from boxfold.s1.votes import METHODS
from boxfold.scripts.common import (
    EXIT_RECORDS,
    S1_HELP,
    non_negative_int,
    positive_int,
    probability,
    progress,
    verb_main,
)
from boxfold.scripts.engine_flags import add_engine_arguments, engine_of
from boxfold.scripts.propose_structures import (
    add_structure_arguments,
    read_short_enough,
    structure_proposals,
)

if TYPE_CHECKING:
    import pandas as pd

    from boxfold.s1.engine import Engine
    from boxfold.s1.proposal_report import ProposalReport
    from boxfold.s1.propose import ProposeConfig, Proposed

DESCRIPTION = """Write the boxes that S1 proposes for each sequence: stems, best first, with their
evidence, and loops as context. Or the boxes of structures that other tools predict, with their
votes (--structures), or both (--with-s1). Prints what pruning removed and, where the structure is
known, the share of its boxes that was found. Beside the table F.parquet come F.histogram.csv and
F.histogram.png: boxes by kind and length, before and after pruning."""

EXAMPLE = """boxfold dataset --synthetic --count 100 --seed 7 --out windows.parquet
boxfold propose --data windows.parquet --method ends --max-boxes 64 --out proposals.parquet
boxfold propose --structures rnafold.dbn ipknot.ct --out votes.parquet"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("--data", metavar="D", help="data set, CSV (id, sequence, ...) or FASTA")
    add_structure_arguments(parser)
    parser.add_argument("--s1", metavar="NAME|RUN", help=S1_HELP)
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="ends",
        help="ends: chain over the ends heads; on, votes, union, both, rank: the boxes heads; "
        "runs: all maximal canonical runs by stacking energy, no network",
    )
    add_threshold_arguments(parser)
    parser.add_argument(
        "--max-length", type=positive_int, default=1000, metavar="N", help="longer ones are bad"
    )
    group = parser.add_argument_group("pruning")
    group.add_argument(
        "--min-votes", type=non_negative_int, default=0, help="fewest votes (pixels) for a box"
    )
    group.add_argument(
        "--min-probability", type=probability, default=0.0, help="lowest score of a box"
    )
    group.add_argument(
        "--min-hairpin",
        type=non_negative_int,
        default=MIN_HAIRPIN,
        help=f"fewest unpaired bases that a pair encloses (at least {MIN_HAIRPIN})",
    )
    group.add_argument(
        "--keep-noncanonical",
        action="store_true",
        help="keep boxes with pairs other than AU GC GU, for looking at S1: no agent takes them",
    )
    add_engine_arguments(parser)
    parser.add_argument("--out", required=True, metavar="P.parquet", help="table of proposals")


def add_threshold_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags that `evaluate-s1` shares."""
    parser.add_argument(
        "--on-threshold",
        type=probability,
        default=0.1,
        metavar="P",
        help="methods on, union, both and all loops: a voter is on with more than P",
    )
    parser.add_argument(
        "--vote-threshold",
        type=probability,
        default=0.5,
        metavar="P",
        help="methods votes, union, both and all loops: votes per pixel of a box (hairpins: P/2)",
    )
    parser.add_argument(
        "--max-boxes",
        type=positive_int,
        default=64,
        metavar="N",
        help="stems per sequence, and as many loops",
    )


def run(args: argparse.Namespace) -> int:
    """Propose, print the counts, write the table and the histograms; 1 if a sequence was bad."""
    from boxfold.s1.evaluation import known_examples
    from boxfold.s1.proposal_report import ProposalReport
    from boxfold.s1.tables import proposals_to_columns

    outputs = [Path(args.out), *histogram_paths(args.out)]
    for path in outputs:
        check_writable(path, args.overwrite)
    with engine_of(args) as engine:
        frame, proposals, n_bad = _proposals(args, engine)
        examples = known_examples(frame)
        columns: dict[int, dict[str, np.ndarray]] = {}
        report = ProposalReport()
        for index, proposed in progress(proposals, len(frame), "sequences"):
            report.add(proposed, examples[index])
            columns[index] = proposals_to_columns(proposed.proposals)
    write_outputs(frame, [columns[i] for i in range(len(frame))], report, outputs, args.overwrite)
    print("\n".join(report.lines()))
    return EXIT_RECORDS if n_bad else 0


def _proposals(
    args: argparse.Namespace, engine: "Engine"
) -> tuple["pd.DataFrame", Iterator[tuple[int, "Proposed"]], int]:
    """Sequences, their proposals by index, and the number of bad records; those are named."""
    from boxfold.s1.propose import S1Model, propose_each

    config = propose_config(args)
    if args.structures:
        return structure_proposals(args, config, engine)
    if args.data is None:
        raise InputError("--data is needed, or --structures")
    model = None if args.method == "runs" else S1Model.load(args.s1)
    frame, n_bad = read_short_enough(args.data, args.max_length)
    return frame, propose_each(model, frame["sequence"].tolist(), config, engine), n_bad


def histogram_paths(table: str) -> tuple[Path, Path]:
    """CSV and PNG beside a table: ``P.histogram.csv``, ``P.histogram.png``."""
    stem = Path(table).with_suffix("")
    return Path(f"{stem}.histogram.csv"), Path(f"{stem}.histogram.png")


def propose_config(args: argparse.Namespace) -> "ProposeConfig":
    """Config of the flags.

    Raises
    ------
    InputError
        If ``--min-hairpin`` is below what a loop needs.
    """
    from boxfold.s1.propose import ProposeConfig, PruneConfig

    if args.min_hairpin < MIN_HAIRPIN:
        raise InputError(f"--min-hairpin {args.min_hairpin}: at least {MIN_HAIRPIN}")
    prune = PruneConfig(
        args.min_votes, args.min_probability, args.min_hairpin, args.keep_noncanonical
    )
    return ProposeConfig(
        args.method, args.on_threshold, args.vote_threshold, args.max_boxes, prune=prune
    )


def write_outputs(
    frame: "pd.DataFrame",
    columns: list[dict[str, np.ndarray]],
    report: "ProposalReport",
    paths: Sequence[Path],
    overwrite: bool,
) -> None:
    """Write the table of proposals, then the histograms as CSV and PNG."""
    from boxfold.s1.tables import PROPOSAL_TYPES, write_proposals

    table, histogram_csv, histogram_png = paths
    listed = {name: [column[name] for column in columns] for name in PROPOSAL_TYPES}
    write_proposals(frame.assign(**listed), table, overwrite)
    with atomic_path(histogram_csv, overwrite) as temporary:
        report.histogram.table().to_csv(temporary, index=False)
    report.histogram.draw(histogram_png, overwrite)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
