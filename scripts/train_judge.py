"""Verb ``train-judge``: train the network that judges boxes for exact assembly."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from boxfold.agents.training_config import JUDGE_NETWORK, JudgeConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.features.errors import InputError
from boxfold.scripts.agent_data import add_data_arguments, data_config, load_instances
from boxfold.scripts.common import say, verb_main
from boxfold.scripts.configs import command_line
from boxfold.scripts.overrides import add_override_arguments, overridden

if TYPE_CHECKING:
    from boxfold.agents.network import AssemblyNetwork

DESCRIPTION = """Train a judge: which share of its pairs each box has in the known structure. The
assembly with most true pairs to expect is then found exactly. The best epoch by loss is kept."""

EXAMPLE = """boxfold propose --data known.csv --s1 real --max-boxes 96 --out proposals.parquet
boxfold train-judge --data proposals.parquet --max-boxes 96 --epochs 8 --out runs/judge"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    add_data_arguments(parser)
    parser.add_argument("--init", metavar="RUN", help="judge to start from: run, file or name")
    add_override_arguments(
        parser, {"judge": JudgeConfig(), "network": JUDGE_NETWORK}, without=("reactivity",)
    )


def run(args: argparse.Namespace) -> int:
    """Train."""
    from boxfold.agents.judge import JudgeTrainer  # torch takes a second: not for --help
    from boxfold.agents.supervised import with_structures
    from boxfold.s1.run_folder import RunFolder

    config = overridden(
        JudgeConfig(),
        args,
        network=overridden(JUDGE_NETWORK, args),
        assembly=AssemblyConfig(max_boxes=args.max_boxes, pseudoknots="allow"),
        seed=args.seed,
    )
    train, validation = (
        [each for each in with_structures(part, False, say) if each.n_boxes]
        for part in load_instances(args)
    )
    say(f"{len(train)} training and {len(validation)} validation examples")
    start = _start(args.init, config) if args.init else None
    content = {"verb": "train-judge", **data_config(args), "init": args.init, **config.to_dict()}
    folder = RunFolder.open(args.out, content, command_line(), args.resume, args.overwrite)
    JudgeTrainer(config, train, validation, folder, start).fit(say)
    return 0


def _start(name: str, config: JudgeConfig) -> "AssemblyNetwork":
    from boxfold.agents.learned import load_learned
    from boxfold.agents.registry import weights_path

    learned = load_learned(weights_path(name))
    if learned.role != "judge" or learned.network.config != config.network:
        raise InputError(f"--init {name}: no judge of this shape")
    return learned.network


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
