"""Verb ``export-episodes``: expert episodes as a data set for offline reinforcement learning."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from boxfold.features.errors import InputError
from boxfold.features.optional import require_package
from boxfold.scripts.common import positive_int, progress, say, verb_main

DESCRIPTION = """Write episodes of the exact teacher on boxfold/BoxAssembly-v0 (the boxes of the
optimum in random order, then STOP) as a data set of Minari: observations, actions, rewards,
terminations, and as infos id and seq. It needs the extra boxfold[minari]."""

EXAMPLE = """boxfold propose --data windows.parquet --max-boxes 64 --out proposals.parquet
boxfold export-episodes --data proposals.parquet --split train --out datasets
MINARI_DATASETS_PATH=datasets minari show boxfold/expert-v0"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("--data", required=True, metavar="P.parquet", help="output of propose")
    parser.add_argument(
        "--split", choices=("train", "validation"), help="only rows of this split (default: all)"
    )
    parser.add_argument("--limit", type=positive_int, metavar="N", help="only the first N rows")
    parser.add_argument(
        "--episodes-per-instance",
        type=positive_int,
        default=1,
        metavar="K",
        help="episodes of each sequence, in other orders of picks",
    )
    parser.add_argument(
        "--max-boxes", type=positive_int, default=64, metavar="N", help="slots for stems"
    )
    parser.add_argument(
        "--reward",
        choices=("final", "immediate", "potential"),
        default="final",
        help="when rewards are paid, as for train-agent",
    )
    parser.add_argument(
        "--geometry-only",
        action="store_true",
        help="tokens hold only kind, place and size of a box",
    )
    parser.add_argument("--id", default="boxfold/expert-v0", help="[namespace/]name-vN")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="what MINARI_DATASETS_PATH is to name"
    )


def run(args: argparse.Namespace) -> int:
    """Play, write, say how much."""
    from boxfold.agents.minari_export import dataset_folder, write_minari

    require_package("Minari", "minari")
    folder = dataset_folder(args.out, args.id, args.overwrite)

    import gymnasium

    from boxfold.agents.expert import expert_episodes
    from boxfold.envs import ENV_ID
    from boxfold.envs.box_assembly import BoxAssemblyEnv
    from boxfold.scripts.agent_data import split_instances

    instances = split_instances(args.data, args.split, args.max_boxes, args.limit)
    settings = {"max_boxes": args.max_boxes, "reward": args.reward}
    settings |= {"geometry_only": True} if args.geometry_only else {}
    try:
        env = gymnasium.make(ENV_ID, **settings)
    except ValueError as error:
        raise InputError(str(error)) from None
    assert isinstance(env.unwrapped, BoxAssemblyEnv)
    n_episodes = args.episodes_per_instance * len(instances)
    episodes = expert_episodes(env.unwrapped, instances, args.episodes_per_instance, args.seed)
    shown = progress(episodes, n_episodes, "episodes")
    n_steps = write_minari(shown, env, folder, args.id, _description(args), {"seed": args.seed})
    say(f"wrote {folder}: {n_episodes} episodes, {n_steps} steps")
    return 0


def _description(args: argparse.Namespace) -> str:
    of_split = f", split {args.split}" if args.split else ""
    return (
        "RNA secondary structures assembled from proposed boxes by an exact teacher: the stems of "
        f"least free energy in random order, then STOP; rewards of mode '{args.reward}'. "
        f"Boxes of {Path(args.data).name}{of_split}, {args.episodes_per_instance} per sequence. "
        "The environment is boxfold/BoxAssembly-v0 (import boxfold.envs)."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
