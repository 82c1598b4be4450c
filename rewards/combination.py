"""Several rewards by weight: made from what was written down, checked, computed."""

import math
from dataclasses import fields
from functools import lru_cache
from typing import Any

from boxfold.features.errors import InputError
from boxfold.rewards.plugin import Problem, Reward, RewardError, Structure
from boxfold.rewards.plugins import reward_class
from boxfold.rewards.terms import RewardTerm


class Combination:
    """A weighted sum of rewards. Picklable.

    Parameters
    ----------
    terms : tuple of RewardTerm

    Raises
    ------
    InputError
        If there is no such reward, or its settings can't be used.

    Examples
    --------
    >>> Combination((RewardTerm("energy"), RewardTerm("shape", 0.5))).names
    ('energy', 'shape')
    """

    def __init__(self, terms: tuple[RewardTerm, ...]) -> None:
        self.terms = terms
        self._rewards = [_made(term) for term in terms]

    def __reduce__(self) -> tuple[Any, ...]:
        return combination_of, (self.terms,)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rewards."""
        return tuple(term.name for term in self.terms)

    @property
    def training_only(self) -> tuple[str, ...]:
        """Names of those that read the known structure."""
        pairs = zip(self.terms, self._rewards, strict=True)
        return tuple(term.name for term, reward in pairs if reward.training_only)

    def parts(self, instance: Problem, structure: Structure) -> dict[str, float]:
        """What each reward adds, weighted.

        Raises
        ------
        RewardError
            Naming the reward and the sequence, if one raises or gives something that is no number.
        """
        return {
            term.name: term.weight * _value(term.name, reward, instance, structure)
            for term, reward in zip(self.terms, self._rewards, strict=True)
        }

    def total(self, instance: Problem, structure: Structure) -> float:
        """Sum of `parts`."""
        return sum(self.parts(instance, structure).values())


@lru_cache(maxsize=32)
def combination_of(terms: tuple[RewardTerm, ...]) -> Combination:
    """Combination of some terms, the same for the same ones: files of settings are read once."""
    return Combination(terms)


def _made(term: RewardTerm) -> Reward:
    kind = reward_class(term.name)
    place = f"reward '{term.name}'"
    known = {item.name: item for item in fields(kind.Config)}
    for name, value in term.settings:
        if name not in known:
            allowed = f"settings are {', '.join(known)}" if known else "it has no settings"
            raise InputError(f"{place}: no setting '{name}' ({allowed})")
        default = known[name].default
        wanted = (int, float) if isinstance(default, float) else type(default)
        if not isinstance(value, wanted) or (isinstance(value, bool) is not (wanted is bool)):
            raise InputError(f"{place}: {name} is '{value}', needed is one like '{default}'")
    try:
        return kind(kind.Config(**dict(term.settings)))
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    except Exception as error:  # of another package
        raise RewardError(f"{place}: {_line(error)}") from error


def _value(name: str, reward: Reward, instance: Problem, structure: Structure) -> float:
    place = f"reward '{name}' failed on '{instance.id}'"
    try:
        components = reward.score(instance, structure)
        values = {key: float(value) for key, value in components.items()}
    except Exception as error:  # a plug-in may raise anything; the run that asked for it ends
        raise RewardError(f"{place}: {_line(error)}") from error
    for key, value in values.items():
        if not math.isfinite(value):
            raise RewardError(f"{place}: component '{key}' is {value}")
    return sum(values.values())


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, InputError) else f"{type(error).__name__} {text}".strip()
