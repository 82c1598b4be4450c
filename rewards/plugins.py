"""Where rewards are found: those that ship, and the entry points of other packages."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from boxfold.features.errors import InputError
from boxfold.rewards.plugin import Reward, RewardError

GROUP = "boxfold.rewards"
"""Entry-point group: ``NAME = "package.module:Class"``."""

BUILT_IN = {
    "energy": "boxfold.rewards.energy_reward:EnergyReward",
    "s1": "boxfold.rewards.evidence_reward:EvidenceReward",
    "shape": "boxfold.rewards.probing_reward:ProbingReward",
    "similarity": "boxfold.rewards.structure_rewards:SimilarityReward",
    "f1": "boxfold.rewards.structure_rewards:F1Reward",
    "self_consistency": "boxfold.rewards.ensemble_reward:SelfConsistencyReward",
}
"""Rewards that ship; ``pyproject.toml`` registers them as any package does."""


REGISTERED: dict[str, type[Reward]] = {}
"""Rewards of this process alone; see `boxfold.rewards.registration`."""


def reward_names() -> list[str]:
    """Every reward there is, by name."""
    return sorted({*installed_names(), *REGISTERED})


def installed_names() -> set[str]:
    """Names of the rewards that ship and of those of other packages."""
    return {*BUILT_IN, *(point.name for point in _entry_points())}


@cache
def reward_class(name: str) -> type[Reward]:
    """Class of a reward.

    Raises
    ------
    InputError
        If there is none of this name, or two packages have one.
    RewardError
        If it can't be imported.

    Examples
    --------
    >>> reward_class("shape").name
    'shape'
    """
    if name in REGISTERED:
        return REGISTERED[name]
    # What ships is known without metadata, which an old installation may lack.
    targets = {point.value: point for point in _entry_points() if point.name == name}
    if name in BUILT_IN:
        targets[BUILT_IN[name]] = EntryPoint(name, BUILT_IN[name], GROUP)
    if not targets:
        raise InputError(
            f"reward '{name}': no such reward (choose from {', '.join(reward_names())})"
        )
    if len(targets) > 1:
        raise InputError(f"reward '{name}': two packages have one ({', '.join(sorted(targets))})")
    (point,) = targets.values()
    try:
        found = point.load()
    except Exception as error:  # whatever another package does while it is imported
        raise RewardError(f"reward '{name}': {point.value} can't be loaded ({error})") from error
    if not callable(getattr(found, "score", None)) or not hasattr(found, "Config"):
        raise RewardError(f"reward '{name}': {point.value} has no score and Config")
    return found


def _entry_points() -> list[EntryPoint]:
    return list(entry_points(group=GROUP))
