"""Columns of an evaluation where instances have an objective: a combination of rewards."""

from collections.abc import Sequence

from boxfold.agents.agent import Assembly
from boxfold.envs.instance import Instance
from boxfold.rewards.plugin import Structure

REWARD_COLUMNS = ("reward", "reward_calls")


def reward_columns(instances: Sequence[Instance]) -> tuple[str, ...]:
    """`REWARD_COLUMNS` if any instance has an objective."""
    return REWARD_COLUMNS if any(each.objective for each in instances) else ()


def assembly_reward(instance: Instance, assembly: Assembly) -> float | None:
    """Reward of a valid assembly, None without an objective.

    Raises
    ------
    RewardError
        If a reward fails.
    """
    if instance.objective is None:
        return None
    picks = None if assembly.picks is None else tuple(instance.stems_of(assembly.picks))
    return instance.objective.rewards.total(instance, Structure(assembly.base_pairs, picks))


def reward_calls(instance: Instance) -> int | None:
    """Structures that an agent had judged by rewards, None without an objective."""
    return None if instance.objective is None else instance.objective.calls
