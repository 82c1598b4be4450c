"""Verb ``tune-s1``: search for settings of ``train-s1``."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from boxfold.features.errors import InputError
from boxfold.features.optional import require_package
from boxfold.s1.network_config import NetworkConfig
from boxfold.s1.parallel import Group
from boxfold.s1.search_space import SETTINGS
from boxfold.s1.study import OBJECTIVES, SearchConfig
from boxfold.s1.training_config import TrainS1Config
from boxfold.scripts.common import say, verb_main
from boxfold.scripts.configs import command_line
from boxfold.scripts.overrides import add_override_arguments, given_flags, overridden
from boxfold.scripts.s1_data import add_data_arguments, examples, load_split
from boxfold.scripts.train_s1 import run_config
from boxfold.scripts.tuning import add_search_arguments, flags_of, run_search

if TYPE_CHECKING:
    from boxfold.s1.run_folder import RunFolder

DESCRIPTION = f"""Search for settings of train-s1 with Optuna, an optional extra. Searched are
{flags_of(SETTINGS)};
one that is given is left as it is. OUT/best.json has the best settings and the command that trains
with them, OUT/trials.csv all trials; each of them is a run folder of train-s1."""

EXAMPLE = """boxfold tune-s1 --data windows.parquet --n-trials 20 --out runs/tune
boxfold tune-s1 --data windows.parquet --n-trials 40 --out runs/tune --resume"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of this verb."""
    add_data_arguments(parser)
    add_search_arguments(parser)
    parser.add_argument(
        "--objective", choices=OBJECTIVES, default=OBJECTIVES[0], help="validation metric to raise"
    )
    parser.add_argument("--out", required=True, help="folder of the search")
    parser.add_argument("--resume", action="store_true", help="continue a search, or add trials")
    configs = {"search": SearchConfig(), "training": TrainS1Config(), "network": NetworkConfig()}
    # The budget of a trial decides on the examples of its epochs.
    add_override_arguments(parser, configs, without=("epoch_examples",))


def run(args: argparse.Namespace) -> int:
    """Search."""
    from boxfold.s1.run_folder import RunFolder  # torch takes a second: not for --help
    from boxfold.s1.tune import S1Search

    require_package("Optuna", "tune")
    if Group.of_environment().size > 1:
        raise InputError("trials run one after another, in one process (without torchrun)")
    config = overridden(SearchConfig(), args, objective=args.objective, seed=args.seed)
    network = overridden(NetworkConfig(), args)
    base = overridden(TrainS1Config(), args, network=network, seed=args.seed)
    fixed = [setting.name for setting in SETTINGS if hasattr(args, setting.name)]
    train, validation = load_split(args.data, args.validation, say)
    stored = {"verb": "tune-s1", "data": args.data, "validation": args.validation, "fixed": fixed}
    stored |= {"search": asdict(config), "training": base.to_dict()}
    folder = RunFolder.open(args.out, stored, command_line(), args.resume, args.overwrite).path

    def open_run(path: Path, trial: TrainS1Config) -> "RunFolder":
        content = run_config(args.data, args.validation, None, trial)
        return RunFolder.open(path, content, train_command(args, trial, path), True, False)

    data = examples(train), examples(validation)
    search = S1Search(config, base, fixed, *data, folder, open_run)
    run_search(search, args.n_trials, lambda trial, out: train_command(args, trial, out))
    return 0


def train_command(args: argparse.Namespace, config: TrainS1Config, out: Path) -> str:
    """Command line that trains with a config."""
    words = ["boxfold", "train-s1", "--data", *args.data]
    words += ["--validation", *args.validation] if args.validation else []
    words += given_flags(config, TrainS1Config()) + given_flags(config.network, NetworkConfig())
    words += ["--seed", str(config.seed)] if config.seed else []
    words += ["--threads", str(args.threads)] if args.threads > 1 else []
    return shlex.join([*words, "--out", str(out)])


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
