"""Verb ``train-supervised``: train the supervised baseline of assembly."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence

from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.training_config import SupervisedConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import observing_bases
from boxfold.scripts.agent_data import add_data_arguments, data_config, load_instances
from boxfold.scripts.common import say, verb_main
from boxfold.scripts.configs import command_line
from boxfold.scripts.overrides import add_override_arguments, overridden

DESCRIPTION = """Train the supervised baseline: a probability for each box to be a stem of the
known structure, then greedy assembly down to a threshold. The best epoch by F1 is kept."""

EXAMPLE = """boxfold propose --data windows.parquet --max-boxes 64 --out proposals.parquet
boxfold train-supervised --data proposals.parquet --epochs 8 --out runs/supervised"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    add_data_arguments(parser)
    parser.add_argument(
        "--full-recall-only",
        action="store_true",
        help="train only where every stem of the structure is proposed, as the notes did",
    )
    add_override_arguments(parser, {"supervised": SupervisedConfig(), "network": NetworkConfig()})


def run(args: argparse.Namespace) -> int:
    """Train."""
    from boxfold.agents.supervised import (  # torch takes a second: not for --help
        SupervisedTrainer,
        with_structures,
    )
    from boxfold.s1.run_folder import RunFolder

    network = overridden(NetworkConfig(), args)
    config = overridden(
        SupervisedConfig(),
        args,
        network=network,
        assembly=AssemblyConfig(
            max_boxes=args.max_boxes,
            geometry_only=args.geometry_only,
            reactivity=network.reactivity,
        ),
        full_recall_only=args.full_recall_only,
        seed=args.seed,
    )
    train, validation = load_instances(args)
    assembly = observing_bases([*train, *validation], config.assembly, config.network.needs_bases)
    config = dataclasses.replace(config, assembly=assembly)
    train = with_structures(train, config.full_recall_only, say)
    validation = with_structures(validation, False, lambda line: None)
    say(f"{len(train)} training and {len(validation)} validation examples")
    content = {"verb": "train-supervised", **data_config(args), **config.to_dict()}
    folder = RunFolder.open(args.out, content, command_line(), args.resume, args.overwrite)
    SupervisedTrainer(config, train, validation, folder).fit(say)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
