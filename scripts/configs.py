"""From the command line to frozen config dataclasses, and to what a run folder records."""

import argparse
import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Any, TypeVar

from boxfold.features.errors import InputError

ConfigT = TypeVar("ConfigT")


def config_from_arguments(
    config_class: type[ConfigT], args: argparse.Namespace, **values: Any
) -> ConfigT:
    """Config whose fields come from `values`, else from the flags of the same name.

    Raises
    ------
    InputError
        If a value can't be used.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Tiny:
    ...     steps: int = 3
    >>> config_from_arguments(Tiny, argparse.Namespace(steps=5, out="x"))
    Tiny(steps=5)
    """
    names = {item.name for item in dataclasses.fields(config_class)}  # type: ignore[arg-type]
    given = {name: value for name, value in vars(args).items() if name in names}
    try:
        return config_class(**{**given, **values})
    except ValueError as error:
        raise InputError(str(error)) from None


def help_of(config_class: type, name: str) -> str:
    """What a field of a config says about itself.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Tiny:
    ...     steps: int = dataclasses.field(default=3, metadata={"help": "how many"})
    >>> help_of(Tiny, "steps")
    'how many'
    """
    return {item.name: item.metadata["help"] for item in dataclasses.fields(config_class)}[name]


def command_line() -> str:
    """The exact command that runs, quoted for a shell."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
