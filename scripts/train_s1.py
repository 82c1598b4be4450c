"""Verb ``train-s1``: train the proposal network."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from boxfold.features.errors import InputError
from boxfold.rewards.energy import PARAMETER_SETS
from boxfold.s1.network_config import NetworkConfig
from boxfold.s1.parallel import Group, with_one_voice
from boxfold.s1.training_config import TrainS1Config
from boxfold.scripts.common import positive_int, say, verb_main
from boxfold.scripts.configs import command_line
from boxfold.scripts.overrides import add_override_arguments, overridden
from boxfold.scripts.s1_data import add_data_arguments, examples, load_split

DESCRIPTION = """Train S1 on a dataset; the best epoch by its validation metrics is kept.

torchrun shares every batch among several processes. --batch-pixels is the size of the whole batch
however many there are, so the same flags give the same training; for as many pixels per process
as before, multiply it by the number of processes."""

EXAMPLE = """boxfold train-s1 --data windows.parquet --epochs 4 --out runs/s1
torchrun --nproc-per-node 2 --no-python boxfold train-s1 --data windows.parquet --out runs/s1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of this verb."""
    add_data_arguments(parser)
    parser.add_argument(
        "--network", choices=("half", "run7"), default="half", help="run7: the prior network"
    )
    parser.add_argument(
        "--prior",
        nargs="+",
        metavar="SET",
        help=f"pair probabilities by ViennaRNA as input channels: {', '.join(PARAMETER_SETS)}",
    )
    parser.add_argument(
        "--init",
        metavar="RUN_OR_WEIGHTS",
        help="run or weights file to start from; its network must have the same shape, but may "
        "lack the channels of --prior and have the heads that --no-boxes drops; 'mfe', 'real': "
        "what ships",
    )
    parser.add_argument(
        "--init-rescorer",
        metavar="RUN_OR_WEIGHTS",
        help="with --rescorer-only: start from this rescorer (default: that of --init, if any)",
    )
    parser.add_argument(
        "--max-length",
        type=positive_int,
        metavar="N",
        help="longer training sequences are left out: they cost the square of their length",
    )
    parser.add_argument("--out", required=True, help="run folder")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")
    add_override_arguments(parser, {"training": TrainS1Config(), "network": NetworkConfig()})


def run(args: argparse.Namespace) -> int:
    """Train."""
    from boxfold.s1.run_folder import RunFolder  # torch takes a second: not for --help
    from boxfold.s1.training import S1Trainer
    from boxfold.scripts.s1_start import load_start

    prior = tuple(args.prior or ())
    if unknown := set(prior) - set(PARAMETER_SETS):
        raise InputError(
            f"--prior '{min(unknown)}' is unknown (choose from {', '.join(PARAMETER_SETS)})"
        )
    network = overridden(NetworkConfig(), args, name=args.network, prior=prior)
    config = overridden(TrainS1Config(), args, network=network, seed=args.seed)
    if config.rescorer_only and not args.init:
        raise InputError("--rescorer-only needs --init, a network with trained heads")
    if args.init_rescorer and not config.rescorer_only:
        raise InputError("--init-rescorer needs --rescorer-only")
    start = load_start(args.init, config, args.init_rescorer) if args.init else None
    train, validation = load_split(args.data, args.validation, say)
    if args.max_length is not None:
        train = train[train["sequence"].str.len() <= args.max_length]
    say(f"{len(train)} training and {len(validation)} validation examples")
    stored = {"max_length": args.max_length} if args.max_length is not None else {}
    stored |= run_config(args.data, args.validation, args.init, config, args.init_rescorer)
    with Group.of_environment().connected() as group:
        command = _command(args, group)
        folder = group.from_first(
            lambda: RunFolder.open(args.out, stored, command, args.resume, args.overwrite)
        )
        rows = (examples(train, prior), examples(validation, prior))
        trainer = S1Trainer(config, *rows, folder, start, group)
        trainer.fit(report=say)
    return 0


def _command(args: argparse.Namespace, group: Group) -> str:
    if group.size == 1:
        return command_line()
    if args.network == "run7":
        raise InputError("--network run7 can't be shared: its batch norms need the whole batch")
    program = command_line().replace("train_s1.py", "boxfold train-s1", 1)
    return f"torchrun --nproc-per-node {group.size} --no-python {program}"


def run_config(
    data: Sequence[str],
    validation: Sequence[str] | None,
    init: str | None,
    config: TrainS1Config,
    init_rescorer: str | None = None,
) -> dict[str, Any]:
    """What config.json says about a training."""
    stored = {"verb": "train-s1", "data": data, "validation": validation, "init": init}
    return {**stored, "init_rescorer": init_rescorer, **config.to_dict()}


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return with_one_voice(lambda: verb_main(sys.modules[__name__], argv))


if __name__ == "__main__":
    sys.exit(main())
