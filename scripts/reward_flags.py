"""Flags of rewards and of probing data, for the verbs that have them."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from boxfold.features.errors import InputError
from boxfold.features.reactivity import matched, read_reactivities, refuse_unknown

if TYPE_CHECKING:
    import pandas as pd

    from boxfold.envs.instance import Instance
    from boxfold.rewards.combination import Combination

COLUMN = "reactivity"
"""Column of a table that holds reactivities, one list per row."""


def add_reactivities_argument(parser: argparse.ArgumentParser) -> None:
    """``--reactivities FILE``."""
    parser.add_argument(
        "--reactivities",
        metavar="FILE",
        help="reactivities by id: TSV, CSV or RDAT, plain or gzip (default: column reactivity)",
    )


def with_reactivities(frame: "pd.DataFrame", path: str | None) -> "pd.DataFrame":
    """Table whose column ``reactivity`` comes from a file; sequences that it lacks have none.

    Raises
    ------
    InputError
        Naming file and record: if the file can't be used, an id is in no row, or a profile is of
        another length than the sequence.
    """
    if path is None:
        return frame
    profiles = read_reactivities(path)
    names = frame["id"].astype(str)
    refuse_unknown(profiles, names, path)
    found = [
        matched(profiles, name, len(seq), path)
        for name, seq in zip(names, frame["sequence"], strict=True)
    ]
    column = frame["id"].astype(object).copy()
    column[:] = found
    return frame.assign(**{COLUMN: column})


def judging_rewards(text: str | None) -> "Combination | None":
    """Combination that agents are judged and guided by; None for the free energy.

    Raises
    ------
    InputError
        If there is no such reward, or it reads the known structure.
    """
    if text is None:
        return None
    from boxfold.rewards.combination import combination_of
    from boxfold.rewards.reward_text import reward_config

    terms = reward_config(text).terms
    if not terms:  # a mode of the free energy: they differ in training only
        return None
    rewards = combination_of(terms)
    if rewards.training_only:
        raise InputError(f"reward '{rewards.training_only[0]}': for training only (train-agent)")
    return rewards


def with_objective(
    instances: "Sequence[Instance]", rewards: "Combination | None"
) -> "list[Instance]":
    """Instances whose objective is a combination of rewards, if there is one."""
    if rewards is None:
        return list(instances)
    from boxfold.envs.objective import Objective

    return [replace(each, objective=Objective(rewards)) for each in instances]
