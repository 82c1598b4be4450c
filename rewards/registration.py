"""A reward class of this process: for notebooks and scripts, where no package is installed."""

from typing import TypeVar

from boxfold.features.errors import InputError
from boxfold.rewards.combination import combination_of
from boxfold.rewards.plugin import Reward
from boxfold.rewards.plugins import REGISTERED, installed_names, reward_class

R = TypeVar("R", bound=type[Reward])


def register(kind: R) -> R:
    """Let a reward be asked for by its name until the process ends; can be used as a decorator.

    A class of the same name that was registered before is replaced, as when a cell of a notebook
    is run again. Other processes know nothing of it: for those a package names the class as an
    entry point.

    Parameters
    ----------
    kind : subclass of Reward

    Returns
    -------
    subclass of Reward
        The same.

    Raises
    ------
    InputError
        If an installed reward has this name.
    """
    if kind.name in installed_names():
        raise InputError(f"reward '{kind.name}': an installed one has this name")
    REGISTERED[kind.name] = kind
    for cached in (reward_class, combination_of):
        cached.cache_clear()
    return kind
