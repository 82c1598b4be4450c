"""``boxfold evaluate-s1``: how good the proposal network is."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, check_writable
from boxfold.s1.votes import METHODS
from boxfold.scripts.common import EXIT_RECORDS, S1_HELP, positive_int, progress, verb_main, warn
from boxfold.scripts.propose import add_threshold_arguments, read_short_enough

if TYPE_CHECKING:
    import pandas as pd

DESCRIPTION = """Measure S1 on sequences with known structures. DIR/metrics.json holds
  stem           auroc auprc location_x location_y size size_l1
  interior_loop  auroc auprc location_x location_y size_x size_y size_x_l1 size_y_l1
  hairpin        as stem
  box_recall     stem interior_loop hairpin
read as metrics["stem"]["auroc"] or metrics["box_recall"]["hairpin"]; null is undefined. auroc and
auprc (average precision) are those of the on-output on pixels near boxes; location and size are the
share of box pixels whose most probable class is right, *_l1 the mean distance of the scalar size.
Each is taken per example, then averaged over the examples that define it. box_recall is the share
of all target boxes that the first of --methods proposes exactly. DIR/box_recall.csv compares the
methods."""

EXAMPLE = """boxfold dataset --synthetic --count 100 --seed 7 --out windows.parquet
boxfold evaluate-s1 --data windows.parquet --max-boxes 64 --out s1_quality"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument(
        "--data", required=True, metavar="D", help="data set, or CSV with id, sequence, dot_bracket"
    )
    parser.add_argument("--s1", metavar="NAME|RUN", help=S1_HELP)
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=METHODS, help="ways to propose"
    )
    add_threshold_arguments(parser)
    parser.add_argument(
        "--outputs",
        choices=("ends", "boxes"),
        default="ends",
        help="pixels' outputs that the metrics are of: as the boxes of the ends and loops heads "
        "imply them, or as the boxes heads learned them",
    )
    parser.add_argument(
        "--on-dilation",
        type=positive_int,
        default=10,
        metavar="N",
        help="on is measured up to N pixels around a box",
    )
    parser.add_argument(
        "--max-length", type=positive_int, default=1000, metavar="N", help="longer ones are bad"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of both files")


def run(args: argparse.Namespace) -> int:
    """Measure, print and write; 1 if a sequence was bad."""
    from boxfold.s1.evaluation import evaluate_s1, known_examples
    from boxfold.s1.propose import ProposeConfig, S1Model

    paths = [Path(args.out) / name for name in ("metrics.json", "box_recall.csv")]
    for path in paths:
        check_writable(path, args.overwrite)
    model = S1Model.load(args.s1)
    frame, n_bad = read_short_enough(args.data, args.max_length)
    known = [example for example in known_examples(frame) if example is not None]
    if not known:
        raise InputError(f"{args.data}: no sequence has a dot_bracket to compare with")
    if len(known) < len(frame):
        warn(f"{args.data}: {len(frame) - len(known)} sequences without dot_bracket, left out")
    configs = [
        ProposeConfig(method, args.on_threshold, args.vote_threshold, args.max_boxes)
        for method in args.methods
    ]
    metrics, recall = evaluate_s1(
        model,
        known,
        configs,
        args.on_dilation,
        args.outputs,
        lambda it: progress(it, len(known), "sequences"),
    )
    write_outputs(metrics, recall, paths, args.overwrite)
    table = recall.to_string(index=False, float_format="{:.3f}".format)
    print("\n".join([f"{len(known)} sequences", *metric_lines(metrics), table]))
    return EXIT_RECORDS if n_bad else 0


def write_outputs(
    metrics: dict[str, Any], recall: "pd.DataFrame", paths: Sequence[Path], overwrite: bool
) -> None:
    """Write metrics.json and box_recall.csv."""
    with atomic_path(paths[0], overwrite) as temporary:
        temporary.write_text(json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    with atomic_path(paths[1], overwrite) as temporary:
        recall.to_csv(temporary, index=False, float_format="%.6g")


def metric_lines(metrics: dict[str, Any]) -> list[str]:
    """One line per kind for people."""
    lines = []
    for group, values in metrics.items():
        shown = {name: "-" if value is None else f"{value:.3f}" for name, value in values.items()}
        lines.append(f"{group}: " + ", ".join(f"{name} {text}" for name, text in shown.items()))
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
