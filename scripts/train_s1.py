"""Verb ``train-s1``: train the proposal network."""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from boxfold.features.errors import InputError
from boxfold.rewards.energy import PARAMETER_SETS
from boxfold.s1.batches import Example
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.pair_prior import PairPrior
from boxfold.s1.parallel import Group, with_one_voice
from boxfold.s1.reshaping import with_inputs_and_heads
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.soft_ends import SoftEnds
from boxfold.s1.tables import read_dataset
from boxfold.s1.training import S1Trainer
from boxfold.s1.training_config import TrainS1Config
from boxfold.scripts.common import positive_int, say, verb_main
from boxfold.scripts.configs import command_line
from boxfold.scripts.overrides import add_override_arguments, overridden

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


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags for the tables."""
    parser.add_argument("--data", nargs="+", required=True, help="tables of `boxfold dataset`")
    parser.add_argument(
        "--validation",
        nargs="+",
        help="tables: their rows of split 'validation', or all if none is (default: of --data)",
    )


def run(args: argparse.Namespace) -> int:
    """Train."""
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


def load_start(path: str, config: TrainS1Config, rescorer: str | None = None) -> BoxNet:
    """Network to start from; its rescorer counts only if the rescorer is what is trained.

    Parameters
    ----------
    path : str
    config : TrainS1Config
    rescorer : str, optional
        Run or weights file whose rescorer takes the place of the network's own.

    Raises
    ------
    InputError
        If there are no whole weights, or they have another shape.
    """
    network = S1Model.load(path).network
    if not config.rescorer_only:
        network.rescorer = None
    elif rescorer is not None:
        other = S1Model.load(rescorer).network
        _check_shape(rescorer, other, config, (*_RESCORER_SHAPE, "name", "pixel_channels"))
        network.rescorer = other.rescorer
    elif network.rescorer is not None:
        _check_shape(path, network, config, _RESCORER_SHAPE)
    shape = [item.name for item in dataclasses.fields(NetworkConfig)]
    network = with_inputs_and_heads(network, config.network)
    _check_shape(path, network, config, [name for name in shape if name not in _RESCORER_SHAPE])
    return network


_RESCORER_SHAPE = ("rescoring", "rescoring_layers")


def _check_shape(path: str, network: BoxNet, config: TrainS1Config, names: Sequence[str]) -> None:
    wanted, found = dataclasses.asdict(config.network), dataclasses.asdict(network.config)
    differing = [
        f"{name} {found[name]}, not {wanted[name]}" for name in names if found[name] != wanted[name]
    ]
    if differing:
        raise InputError(f"{path}: the same network is needed, there it has {', '.join(differing)}")


def load_split(
    data: Sequence[str], validation: Sequence[str] | None, report: Callable[[str], None] = print
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to train on and rows to validate on, no group on both sides.

    Tables may be cut from the same transcripts, so what validates in one may train in another:
    such rows are dropped from training.

    Parameters
    ----------
    data : sequence of str
    validation : sequence of str, optional
        Their rows of split 'validation', or all if none is; default: those of `data`.
    report : callable
        Gets a line with the number of dropped rows.

    Raises
    ------
    InputError
        If there are no validation rows.
    """
    train = pd.concat([read_dataset(path) for path in data], ignore_index=True)
    if validation:
        held_out = pd.concat([read_dataset(path) for path in validation], ignore_index=True)
        if (held_out["split"] == "validation").any():
            held_out = held_out[held_out["split"] == "validation"]
    else:
        is_validation = train["split"] == "validation"
        if not is_validation.any():
            raise InputError(
                f"{', '.join(data)}: no rows of split 'validation' "
                "(make them with `boxfold dataset --split`, or give --validation)"
            )
        train, held_out = train[~is_validation], train[is_validation]
    groups = held_out["group"].dropna()
    # Synthetic windows are groups of their own, numbered in each table from 0.
    validates = train["group"].isin(groups[~groups.str.startswith("synthetic:")])
    report(
        f"training rows: before {len(train)}, after {int((~validates).sum())} "
        f"({int(validates.sum())} dropped, their group validates)"
    )
    return train[~validates], held_out


def examples(frame: pd.DataFrame, prior: Sequence[str] = ()) -> list[Example]:
    """Training examples of dataset rows, with the priors that the rows hold."""
    return [
        Example.from_dot_bracket(
            row["sequence"],
            row["dot_bracket"],
            SoftEnds.from_row(row),
            PairPrior.from_row(row, prior),
        )
        for row in frame.to_dict("records")
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return with_one_voice(lambda: verb_main(sys.modules[__name__], argv))


if __name__ == "__main__":
    sys.exit(main())
