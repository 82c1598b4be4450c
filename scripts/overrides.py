"""Flags for numbers, switches and choices of configs; one that isn't given leaves the default."""

import argparse
import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

from boxfold.features.errors import InputError

ConfigT = TypeVar("ConfigT")

_FIXED = (
    "seed",
    "algorithm",
    "n_token_features",
    "n_globals",
    "warm_start",  # follows from --init
    "full_recall_only",  # a flag of its own
)


def add_override_arguments(
    parser: argparse.ArgumentParser, defaults: Mapping[str, Any], without: Collection[str] = ()
) -> None:
    """One flag per number, switch or choice in some configs; the help tells the defaults.

    A switch, a field of type bool, gets ``--name`` and ``--no-name``.

    Parameters
    ----------
    parser : ArgumentParser
    defaults : mapping of str to config
        Frozen dataclasses by the name under which the help lists them.
    without : collection of str
        Fields that get no flag.
    """
    group = parser.add_argument_group("training (config.json keeps the values used)")
    known = {item.name: item for each in defaults.values() for item in dataclasses.fields(each)}
    for name, item in known.items():
        if not _is_flag(item) or name in without:
            continue
        values = {
            label: getattr(each, name) for label, each in defaults.items() if hasattr(each, name)
        }
        kind: dict[str, Any] = {"type": item.type}
        if item.type is bool:
            kind = {"action": argparse.BooleanOptionalAction}
        elif _is_choice(item):
            kind = {"choices": get_args(item.type)}
        group.add_argument(
            _flag(name),
            default=argparse.SUPPRESS,
            help=f"{item.metadata['help']} (default: {_described(values)})",
            **kind,
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
    given = {}
    for item in dataclasses.fields(config):  # type: ignore[arg-type]
        if _is_flag(item) and hasattr(args, item.name):
            given[item.name] = getattr(args, item.name)
            if not _is_choice(item):
                check_range(item.name, given[item.name], item.metadata.get("zero", False))
    try:
        return dataclasses.replace(config, **{**given, **values})  # type: ignore[type-var]
    except ValueError as error:
        raise InputError(str(error)) from None


def given_flags(config: Any, default: Any) -> list[str]:
    """Flags that make a config of a default one. Inverse of `overridden`.

    Parameters
    ----------
    config, default : dataclass
        Of one class.

    Returns
    -------
    list of str
        Without those of nested configs and of the seed.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Tiny:
    ...     steps: int = 3
    ...     rate: float = 0.1
    ...     soft: bool = True
    >>> given_flags(Tiny(steps=5, soft=False), Tiny())
    ['--steps', '5', '--no-soft']
    """
    words: list[str] = []
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if not _is_flag(item) or value == getattr(default, item.name):
            continue
        if item.type is bool:
            words.append(_flag(item.name) if value else _flag(f"no_{item.name}"))
        else:
            words += [_flag(item.name), str(value)]
    return words


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


def check_range(name: str, value: float, may_be_zero: bool = False) -> None:
    """Refuse numbers that no training can use.

    Parameters
    ----------
    name : str
    value : int, float or bool
    may_be_zero : bool
        For an int; fields say so with the metadata ``zero``.

    Raises
    ------
    InputError
    """
    least = 0 if may_be_zero or isinstance(value, bool) else 1
    if isinstance(value, int) and value < least:
        raise InputError(f"{_flag(name)} {value} is too small (at least {least})")
    if not 0 <= value < float("inf"):
        raise InputError(f"{_flag(name)} {value} is out of range (a number, at least 0)")


def _is_flag(item: dataclasses.Field[Any]) -> bool:
    return (item.type in (int, float, bool) or _is_choice(item)) and item.name not in _FIXED


def _is_choice(item: dataclasses.Field[Any]) -> bool:
    return get_origin(item.type) is Literal


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _described(values: dict[str, Any]) -> str:
    if len(set(values.values())) == 1:
        return str(next(iter(values.values())))
    return ", ".join(f"{label} {value}" for label, value in values.items())
