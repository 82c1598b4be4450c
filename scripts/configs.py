"""Frozen config dataclasses as command-line flags: one flag per field, its help text beside it."""

import argparse
import dataclasses
import shlex
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

ConfigT = TypeVar("ConfigT")

_PARSERS: dict[Any, type] = {int: int, float: float, str: str}


def add_config_arguments(
    parser: argparse.ArgumentParser, config_class: type, skip: Collection[str] = ()
) -> None:
    """Add ``--field-name`` for every int, float and str field that is not in `skip`.

    Parameters
    ----------
    parser : ArgumentParser
    config_class : type
        Frozen dataclass whose fields carry ``metadata={"help": ...}``.
    skip : collection of str
        Fields set elsewhere, such as ``seed``.
    """
    group = parser.add_argument_group(f"{config_class.__name__} (config.json keeps them)")
    for item in dataclasses.fields(config_class):
        if item.name in skip or item.type not in _PARSERS:
            continue
        group.add_argument(
            f"--{item.name.replace('_', '-')}",
            type=_PARSERS[item.type],
            default=item.default,
            help=f"{item.metadata['help']} (default %(default)s)",
        )


def config_from_arguments(
    config_class: type[ConfigT], args: argparse.Namespace, **values: Any
) -> ConfigT:
    """Config whose fields come from `values`, else from the flags of the same name.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Tiny:
    ...     steps: int = dataclasses.field(default=3, metadata={"help": "steps"})
    >>> parser = argparse.ArgumentParser()
    >>> add_config_arguments(parser, Tiny)
    >>> config_from_arguments(Tiny, parser.parse_args(["--steps", "5"]))
    Tiny(steps=5)
    """
    names = {item.name for item in dataclasses.fields(config_class)}  # type: ignore[arg-type]
    given = {name: value for name, value in vars(args).items() if name in names}
    return config_class(**{**given, **values})


def command_line() -> str:
    """The exact command that runs, quoted for a shell."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
