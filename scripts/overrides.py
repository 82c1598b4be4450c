"""Flags for the numbers of several configs at once; one that isn't given leaves the default."""

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from boxfold.features.errors import InputError

ConfigT = TypeVar("ConfigT")

_FIXED = ("seed", "algorithm", "n_token_features", "n_globals")


def add_override_arguments(parser: argparse.ArgumentParser, defaults: Mapping[str, Any]) -> None:
    """One flag per number in some configs; the help tells the default of each config.

    Parameters
    ----------
    parser : ArgumentParser
    defaults : mapping of str to config
        Frozen dataclasses by the name under which the help lists them.
    """
    group = parser.add_argument_group("training (config.json keeps the values used)")
    known = {item.name: item for each in defaults.values() for item in dataclasses.fields(each)}
    for name, item in known.items():
        if item.type in (int, float) and name not in _FIXED:
            values = {
                label: getattr(each, name)
                for label, each in defaults.items()
                if hasattr(each, name)
            }
            group.add_argument(
                _flag(name),
                type=item.type,
                default=argparse.SUPPRESS,
                help=f"{item.metadata['help']} (default: {_described(values)})",
            )


def overridden(config: ConfigT, args: argparse.Namespace, **values: Any) -> ConfigT:
    """Config with the given flags and values put in.

    Parameters
    ----------
    config : dataclass
    args : Namespace
    **values
        Fields set otherwise.

    Raises
    ------
    InputError
        If a value can't be used.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Tiny:
    ...     steps: int = 3
    ...     rate: float = 0.1
    >>> overridden(Tiny(), argparse.Namespace(steps=5), rate=0.2)
    Tiny(steps=5, rate=0.2)
    """
    given = {
        item.name: getattr(args, item.name)
        for item in dataclasses.fields(config)  # type: ignore[arg-type]
        if item.type in (int, float) and item.name not in _FIXED and hasattr(args, item.name)
    }
    for name, value in given.items():
        check_range(name, value)
    try:
        return dataclasses.replace(config, **{**given, **values})  # type: ignore[type-var]
    except ValueError as error:
        raise InputError(str(error)) from None


def refuse_unused(
    args: argparse.Namespace, defaults: Mapping[str, Any], used: Mapping[str, Any], what: str
) -> None:
    """Refuse flags that were given but belong to a config that isn't used.

    Raises
    ------
    InputError
        With the first such flag.
    """
    all_, kept = (
        {item.name for each in configs.values() for item in dataclasses.fields(each)}
        for configs in (defaults, used)
    )
    for name in sorted((all_ - kept) & vars(args).keys() - set(_FIXED)):
        raise InputError(f"{_flag(name)} means nothing for {what}")


def check_range(name: str, value: float) -> None:
    """Refuse numbers that no training can use.

    Raises
    ------
    InputError
    """
    if isinstance(value, int) and value < 1:
        raise InputError(f"{_flag(name)} {value} is too small (at least 1)")
    if not 0 <= value < float("inf"):
        raise InputError(f"{_flag(name)} {value} is out of range (a number, at least 0)")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _described(values: dict[str, Any]) -> str:
    if len(set(values.values())) == 1:
        return str(next(iter(values.values())))
    return ", ".join(f"{label} {value}" for label, value in values.items())
