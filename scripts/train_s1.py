"""Verb ``train-s1``: train the proposal network."""

import argparse
import sys
from collections.abc import Sequence

import pandas as pd

from boxfold.features.errors import InputError
from boxfold.s1.batches import Example
from boxfold.s1.network import NetworkConfig
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.soft_ends import SoftEnds
from boxfold.s1.tables import read_dataset
from boxfold.s1.training import S1Trainer, TrainS1Config
from boxfold.scripts.common import verb_main
from boxfold.scripts.configs import command_line
from boxfold.scripts.overrides import add_override_arguments, overridden

DESCRIPTION = "Train S1 on a dataset; the best epoch by its validation metrics is kept."
EXAMPLE = "boxfold train-s1 --data windows.parquet --epochs 4 --out runs/s1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of this verb."""
    parser.add_argument("--data", nargs="+", required=True, help="tables of `boxfold dataset`")
    parser.add_argument("--validation", nargs="+", help="tables; default: split 'validation'")
    parser.add_argument(
        "--network", choices=("half", "run7"), default="half", help="run7: the prior network"
    )
    parser.add_argument("--out", required=True, help="run folder")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")
    add_override_arguments(parser, {"training": TrainS1Config(), "network": NetworkConfig()})


def run(args: argparse.Namespace) -> int:
    """Train."""
    network = overridden(NetworkConfig(), args, name=args.network)
    config = overridden(TrainS1Config(), args, network=network, seed=args.seed)
    train, validation = load_split(args.data, args.validation)
    print(f"{len(train)} training and {len(validation)} validation examples", flush=True)
    stored = {"verb": "train-s1", "data": args.data, "validation": args.validation}
    folder = RunFolder.open(
        args.out, {**stored, **config.to_dict()}, command_line(), args.resume, args.overwrite
    )
    S1Trainer(config, examples(train), examples(validation), folder).fit(
        report=lambda line: print(line, flush=True)
    )
    return 0


def load_split(
    data: Sequence[str], validation: Sequence[str] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to train on and rows to validate on.

    Raises
    ------
    InputError
        If there are no validation rows.
    """
    frame = pd.concat([read_dataset(path) for path in data], ignore_index=True)
    if validation:
        held_out = pd.concat([read_dataset(path) for path in validation], ignore_index=True)
        return frame, held_out
    is_validation = frame["split"] == "validation"
    if not is_validation.any():
        raise InputError(
            f"{', '.join(data)}: no rows of split 'validation' "
            "(make them with `boxfold dataset --split`, or give --validation)"
        )
    return frame[~is_validation], frame[is_validation]


def examples(frame: pd.DataFrame) -> list[Example]:
    """Training examples of dataset rows."""
    return [
        Example.from_dot_bracket(row["sequence"], row["dot_bracket"], SoftEnds.from_row(row))
        for row in frame.to_dict("records")
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
