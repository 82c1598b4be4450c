"""Verb ``tune-agent``: search for settings of ``train-agent``."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.search_space import SETTINGS, AgentConfig, AgentSearchConfig
from boxfold.envs.fitting import observing_bases
from boxfold.features.optional import require_package
from boxfold.scripts import train_agent
from boxfold.scripts.agent_data import add_data_arguments, load_instances
from boxfold.scripts.common import verb_main, verb_parser
from boxfold.scripts.configs import command_line
from boxfold.scripts.overrides import add_override_arguments, given_flags, overridden
from boxfold.scripts.tuning import add_search_arguments, flags_of, given_words, run_search

if TYPE_CHECKING:
    from boxfold.s1.run_folder import RunFolder

_SEARCHED = "\n".join(f"{name}: {flags_of(settings)};" for name, settings in SETTINGS.items())

DESCRIPTION = f"""Search for settings of train-agent with Optuna, an optional extra. Searched are
{_SEARCHED}
one that is given is left as it is. The score of a trial, to be lowered, is the sum of the energy
gaps in one greedy pass and with samples (with rewards: minus the sum of both rewards) on the
validation instances. OUT/best.json has the best settings and the command that trains with them,
OUT/trials.csv all trials; each of them is a run folder of train-agent. A search that was killed
goes on with --resume, as if it had not been."""

EXAMPLE = """boxfold tune-agent --data boxes.parquet --algorithm clone --n-trials 20 --out runs/tune
boxfold tune-agent --data boxes.parquet --algorithm ppo --trial-steps 16384 --out runs/tune_ppo"""

_TASK = (
    *("data", "validation", "validation_instances", "max_boxes", "geometry_only", "reactivities"),
    *("algorithm", "init", "trust_pickle", "reward", "gamma", "loop_weight", "pseudoknots"),
    *("action_types", "no_mask", "seed", "threads"),
)
"""Flags that every trial has from the search."""

_BUDGET = ("epoch_instances", "minutes", "steps", "chunk_updates")
"""Fields that the budget of a trial decides on; minutes would make other trials each time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of this verb."""
    add_data_arguments(parser)
    train_agent.add_task_arguments(parser)
    add_search_arguments(parser)
    configs = train_agent.DEFAULTS | train_agent.WARM | {"network": NetworkConfig()}
    add_override_arguments(parser, {"search": AgentSearchConfig(), **configs}, without=_BUDGET)


def run(args: argparse.Namespace) -> int:
    """Search."""
    from boxfold.agents.tune import AgentSearch  # torch takes a second: not for --help
    from boxfold.s1.run_folder import RunFolder

    require_package("Optuna", "tune")
    settings = SETTINGS[args.algorithm]
    fixed = [setting.name for setting in settings if hasattr(args, setting.name)]
    search_config = overridden(AgentSearchConfig(), args, seed=args.seed)
    base, start = train_agent.training_config(args)
    train, validation = load_instances(args)
    observed = [*train, *validation]
    assembly = observing_bases(observed, base.assembly, base.network.needs_bases)
    base = overridden(base, argparse.Namespace(), assembly=assembly)
    stored = train_agent.run_config(args, base) | {"verb": "tune-agent", "fixed": fixed}
    stored |= {"search": asdict(search_config)}
    folder = RunFolder.open(args.out, stored, command_line(), args.resume, args.overwrite).path

    def open_run(path: Path, trial: AgentConfig) -> "RunFolder":
        content = train_agent.run_config(args, trial)
        return RunFolder.open(path, content, train_command(args, trial, path), True, False)

    search = AgentSearch(
        search_config,
        args.algorithm,
        base,
        fixed,
        len(train),
        folder,
        open_run,
        lambda trial, run: train_agent.trainer_of(trial, train, validation, run, start),
    )
    run_search(search, args.n_trials, lambda trial, out: train_command(args, trial, out))
    return 0


def train_command(args: argparse.Namespace, config: AgentConfig, out: Path) -> str:
    """Command line that trains with a config."""
    words = ["boxfold", "train-agent", *given_words(verb_parser(train_agent), args, _TASK)]
    default = train_agent.default_config(args.algorithm, args.init is not None)
    words += given_flags(config, default)
    if args.init is None:
        words += given_flags(config.network, NetworkConfig())
    elif config.network.reactivity:
        words.append("--reactivity")
    return shlex.join([*words, "--out", str(out)])


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
