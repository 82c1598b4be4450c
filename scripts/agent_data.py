"""What both verbs that train agents share: their data, and the flags that name it."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from boxfold.features.errors import InputError
from boxfold.scripts.common import positive_int
from boxfold.scripts.reward_flags import add_reactivities_argument, with_reactivities

if TYPE_CHECKING:
    import pandas as pd

    from boxfold.envs.instance import Instance

VALIDATION_SHARE = 0.05
"""Part of the groups that validates where the tables do not say which rows do."""


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags for tables, run folder and resuming."""
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="P.parquet", help="tables of `boxfold propose`"
    )
    parser.add_argument(
        "--validation",
        nargs="+",
        metavar="P.parquet",
        help="tables; default: split 'validation', else 5 %% of the groups of --data",
    )
    parser.add_argument(
        "--validation-instances", type=positive_int, default=200, help="most that are used"
    )
    parser.add_argument(
        "--max-boxes", type=positive_int, default=64, metavar="N", help="stems per sequence"
    )
    parser.add_argument(
        "--geometry-only",
        action="store_true",
        help="tokens hold only kind, place and size of a box: no sequence, energies or S1 evidence",
    )
    add_reactivities_argument(parser)
    parser.add_argument("--out", required=True, metavar="RUN", help="run folder")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")


def data_config(args: argparse.Namespace) -> dict[str, Any]:
    """The part of config.json that says what a run is trained on."""
    names = ("data", "validation", "validation_instances", "reactivities")
    return {name: getattr(args, name) for name in names}


def load_instances(args: argparse.Namespace) -> "tuple[list[Instance], list[Instance]]":
    """Instances to train and to validate on.

    Raises
    ------
    InputError
        If one of both is empty.
    """
    import pandas as pd  # in functions only: --help starts without it

    from boxfold.envs.instance_table import instances_from_frame

    tables = [_read(paths) for paths in (args.data, args.validation) if paths]
    frame = with_reactivities(pd.concat(tables, ignore_index=True), args.reactivities)
    if args.validation:
        train, held_out = frame[: len(tables[0])], frame[len(tables[0]) :]
    else:
        is_validation = validation_rows(frame, args.seed)
        train, held_out = frame[~is_validation], frame[is_validation]
    # Many rows may be one window after the other of the same gene: take them from all over.
    rng = np.random.default_rng(args.seed)
    chosen = np.sort(rng.permutation(len(held_out))[: args.validation_instances])
    sets = [instances_from_frame(part, args.max_boxes) for part in (train, held_out.iloc[chosen])]
    for name, instances in zip(("training", "validation"), sets, strict=True):
        if not instances:
            raise InputError(f"{', '.join(args.data)}: no sequences are left for {name}")
    return sets[0], sets[1]


def split_instances(
    table: str,
    split: str | None,
    max_boxes: int,
    limit: int | None = None,
    reactivities: str | None = None,
) -> "list[Instance]":
    """Instances of one table, of all rows or of those of a split; `with_reactivities` of a file.

    Raises
    ------
    InputError
        If there are none.
    """
    from boxfold.envs.instance_table import instances_from_frame
    from boxfold.s1.tables import read_proposals

    frame = with_reactivities(read_proposals(table), reactivities)
    if split:
        frame = frame[frame["split"] == split]
    instances = instances_from_frame(frame[:limit], max_boxes)
    if not instances:
        raise InputError(f"{table}: holds no sequences" + f" of {split}" * bool(split))
    return instances


def validation_rows(frame: "pd.DataFrame", seed: int) -> "pd.Series[bool]":
    """Which rows validate: those of split 'validation', or a seeded share of the groups."""
    marked = frame["split"] == "validation"
    if marked.any():
        return marked
    groups = np.sort(frame["group"].astype(str).unique())
    n_held_out = max(1, round(VALIDATION_SHARE * len(groups)))
    held_out = np.random.default_rng(seed).choice(groups, n_held_out, replace=False)
    return frame["group"].astype(str).isin(held_out)


def _read(paths: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    from boxfold.s1.tables import read_proposals

    return pd.concat([read_proposals(path) for path in paths], ignore_index=True)
