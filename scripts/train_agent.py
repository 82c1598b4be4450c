"""Verb ``train-agent``: train an agent that assembles boxes step by step."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.sb3_config import preset
from boxfold.agents.search_space import AgentConfig
from boxfold.agents.training_config import CloneConfig, ReinforceConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import observing_bases
from boxfold.features.errors import InputError
from boxfold.rewards.probing_reward import ProbingReward
from boxfold.rewards.reward_text import REWARD_HELP, reward_config
from boxfold.scripts.agent_data import add_data_arguments, data_config, load_instances
from boxfold.scripts.common import say, verb_main
from boxfold.scripts.configs import command_line
from boxfold.scripts.overrides import add_override_arguments, check_range, overridden, refuse_unused

if TYPE_CHECKING:
    from boxfold.agents.clone import CloneTrainer
    from boxfold.agents.network import AssemblyNetwork
    from boxfold.agents.reinforce import ReinforceTrainer
    from boxfold.agents.sb3_training import RLTrainer
    from boxfold.envs.instance import Instance
    from boxfold.s1.run_folder import RunFolder

DESCRIPTION = """Train an agent on proposed boxes: by cloning the exact optimum (clone), or by
reinforcement: leave-one-out REINFORCE (reinforce) or Stable-Baselines3 (ppo, a2c), from scratch or
from another run."""

EXAMPLE = """boxfold train-agent --data proposals.parquet --algorithm clone --out runs/clone
boxfold train-agent --data proposals.parquet --algorithm ppo --init runs/clone --out runs/ppo
tensorboard --logdir runs"""

DEFAULTS = {
    "clone": CloneConfig(),
    "reinforce": ReinforceConfig(),
    "ppo": preset("ppo", False),
    "a2c": preset("a2c", False),
}
WARM = {"ppo --init": preset("ppo", True), "a2c --init": preset("a2c", True)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    add_data_arguments(parser)
    add_task_arguments(parser)
    add_override_arguments(parser, DEFAULTS | WARM | {"network": NetworkConfig()})


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags for what is learnt: algorithm, start, rewards, environment."""
    parser.add_argument("--algorithm", choices=tuple(DEFAULTS), required=True, help="how it learns")
    parser.add_argument("--init", metavar="RUN", help="run or weights file to start from")
    parser.add_argument(
        "--trust-pickle",
        action="store_true",
        help="let --init be a model.zip of Stable-Baselines3, whose loader runs code in the file",
    )
    parser.add_argument(
        "--reward", default="final", metavar="MODE|NAME=WEIGHT,...|F.yaml", help=REWARD_HELP
    )
    parser.add_argument("--gamma", type=float, default=1.0, help="discount of rewards")
    parser.add_argument(
        "--loop-weight",
        type=float,
        default=0.0,
        help="reward for S1's log-probability of the loops that are implied, kcal/mol per unit",
    )
    parser.add_argument(
        "--pseudoknots", choices=("forbid", "allow"), default="forbid", help="may boxes cross"
    )
    parser.add_argument(
        "--action-types",
        choices=("stem", "all"),
        default="stem",
        help="what ppo and a2c pick: stems, or loops as well (N stems and N loops)",
    )
    parser.add_argument(
        "--no-mask",
        action="store_true",
        help="ppo, a2c: conflicts are not hidden, an impossible pick ends the episode as invalid",
    )


def run(args: argparse.Namespace) -> int:
    """Train."""
    from boxfold.s1.run_folder import RunFolder  # torch takes a second: not for --help

    config, start = training_config(args)
    train, validation = load_instances(args)
    assembly = observing_bases([*train, *validation], config.assembly, config.network.needs_bases)
    config = dataclasses.replace(config, assembly=assembly)
    say(f"{len(train)} training and {len(validation)} validation instances")
    content = run_config(args, config)
    folder = RunFolder.open(args.out, content, command_line(), args.resume, args.overwrite)
    trainer_of(config, train, validation, folder, start).fit(say)
    return 0


def run_config(args: argparse.Namespace, config: AgentConfig) -> dict[str, Any]:
    """What config.json says about a training."""
    content = {"verb": "train-agent", **data_config(args), "algorithm": args.algorithm}
    return content | {"init": args.init, **config.to_dict()}


def trainer_of(
    config: AgentConfig,
    train: "Sequence[Instance]",
    validation: "Sequence[Instance]",
    run: "RunFolder",
    start: "AssemblyNetwork | None",
) -> "CloneTrainer | ReinforceTrainer | RLTrainer":
    """What trains by a config, in a run folder."""
    from boxfold.agents.clone import CloneTrainer
    from boxfold.agents.reinforce import ReinforceTrainer
    from boxfold.agents.sb3_training import RLTrainer

    if isinstance(config, CloneConfig):
        return CloneTrainer(config, train, validation, run, start)
    if isinstance(config, ReinforceConfig):
        return ReinforceTrainer(config, train, validation, run, start)
    return RLTrainer(config, train, validation, run, start)


def default_config(algorithm: str, has_start: bool) -> AgentConfig:
    """Config of an algorithm where no flag says otherwise."""
    if algorithm in ("ppo", "a2c"):
        return preset(algorithm, has_start)  # type: ignore[arg-type]
    return CloneConfig() if algorithm == "clone" else ReinforceConfig()


def training_config(args: argparse.Namespace) -> "tuple[AgentConfig, AssemblyNetwork | None]":
    """Config of a training, and the network it starts from.

    Raises
    ------
    InputError
        If flags do not go together, or the start can't be read.
    """
    from boxfold.agents.learned import seeing_reactivities

    if args.algorithm in ("clone", "reinforce") and (args.action_types != "stem" or args.no_mask):
        raise InputError(
            f"--algorithm {args.algorithm}: picks stems that fit; --action-types and --no-mask "
            "are for ppo and a2c"
        )
    start, assembly = _start(args), _assembly(args)
    needs_probing = any(term.name == ProbingReward.name for term in assembly.reward.terms)
    is_seen = getattr(args, "reactivity", needs_probing)
    if start:
        start = seeing_reactivities(start) if is_seen else start
        vars(args).pop("reactivity", None)  # the one part of a start that may be added
    network = start.config if start else NetworkConfig(reactivity=is_seen)
    default = default_config(args.algorithm, start is not None)
    shape = {} if start else {"network": network}
    defaults = DEFAULTS | {"network": NetworkConfig()}
    what = args.algorithm + (" with --init" if start else "")
    refuse_unused(args, defaults, {"training": default, **shape}, what)
    network = network if start else overridden(network, args)
    assembly = dataclasses.replace(assembly, reactivity=network.reactivity)
    config = overridden(default, args, network=network, assembly=assembly, seed=args.seed)
    return config, start


def _assembly(args: argparse.Namespace) -> AssemblyConfig:
    check_range("loop_weight", args.loop_weight)
    try:
        reward = reward_config(args.reward, gamma=args.gamma, loop_weight=args.loop_weight)
        return AssemblyConfig(
            args.max_boxes * (1 if args.action_types == "stem" else 2),
            action_types=args.action_types,
            mask=not args.no_mask,
            pseudoknots=args.pseudoknots,
            geometry_only=args.geometry_only,
            reward=reward,
        )
    except ValueError as error:
        raise InputError(str(error)) from None


def _start(args: argparse.Namespace) -> "AssemblyNetwork | None":
    from boxfold.agents.learned import load_learned

    if args.init is None:
        return None
    path = Path(args.init)
    if path.suffix == ".zip":
        if not args.trust_pickle:
            raise InputError(f"{path}: loading it may run code; --trust-pickle allows it")
        from boxfold.agents.sb3_training import load_zip

        return load_zip(path)
    learned = load_learned(path / "weights.safetensors" if path.is_dir() else path)
    if learned.role != "policy":
        raise InputError(f"{path}: holds a {learned.role} network, --init needs one of train-agent")
    return learned.network


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
