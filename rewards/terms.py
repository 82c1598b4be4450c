"""A combination of rewards as it is written down: on the command line or in a YAML file."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boxfold.features.errors import InputError
from boxfold.features.limits import MAX_SETTINGS
from boxfold.features.text_file import read_text

Setting = str | int | float | bool
_WEIGHT = "weight"


@dataclass(frozen=True)
class RewardTerm:
    """One reward of a combination; hashable, and JSON-able by `dataclasses.asdict`.

    Attributes
    ----------
    name : str
    weight : float
    settings : tuple of (str, value)
        Fields of its config that are not the default.
    """

    name: str
    weight: float = 1.0
    settings: tuple[tuple[str, Setting], ...] = ()


def terms_of_text(text: str) -> tuple[RewardTerm, ...]:
    """Terms of ``NAME=WEIGHT[,NAME=WEIGHT...]``.

    Raises
    ------
    InputError
        If a weight is missing or no number, or a name comes twice.

    Examples
    --------
    >>> [(term.name, term.weight) for term in terms_of_text("energy=1,shape=0.5")]
    [('energy', 1.0), ('shape', 0.5)]
    """
    terms = []
    for part in text.split(","):
        name, equals, weight = (word.strip() for word in part.partition("="))
        if not name or not equals:
            raise InputError(f"reward '{text}': '{part}' must be NAME=WEIGHT")
        terms.append(RewardTerm(name, _weight(weight, f"reward '{name}'")))
    return _without_doubles(terms, f"reward '{text}'")


def terms_of_file(path: str | Path) -> tuple[RewardTerm, ...]:
    """Terms of a YAML file: a weight by name, or ``weight`` and settings.

    Raises
    ------
    InputError
        If the file can't be read or holds something else.
    """
    import yaml  # most runs need no file

    try:
        content = yaml.safe_load(read_text(path, MAX_SETTINGS))
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date may have no such day
        raise InputError(f"{path}: no YAML ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: must hold rewards by name, such as 'energy: 1'")
    return tuple(_term(str(name), entry, path) for name, entry in content.items())


def _term(name: str, entry: Any, path: str | Path) -> RewardTerm:
    place = f"{path}: reward '{name}'"
    if not isinstance(entry, Mapping):
        return RewardTerm(name, _weight(entry, place))
    settings = {str(key): value for key, value in entry.items() if key != _WEIGHT}
    for key, value in settings.items():
        if not isinstance(value, Setting):
            raise InputError(f"{place}: {key} must be a text, a number, true or false")
    return RewardTerm(name, _weight(entry.get(_WEIGHT, 1), place), tuple(settings.items()))


def _weight(value: Any, place: str) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError, OverflowError):
        # Written out, a list of aliases of aliases would fill the memory.
        shown = reprlib.repr(value)
        raise InputError(f"{place}: the weight {shown} is not a number") from None
    if not abs(weight) < float("inf") or isinstance(value, bool):
        raise InputError(f"{place}: the weight '{value}' is not a finite number")
    return weight


def _without_doubles(terms: list[RewardTerm], place: str) -> tuple[RewardTerm, ...]:
    names = [term.name for term in terms]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{place}: '{name}' comes twice")
    return tuple(terms)
