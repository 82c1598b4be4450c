"""``--help`` of a verb, in the sections of a manual page."""

import argparse
import shutil
from collections.abc import Mapping
from typing import Any, NoReturn

from boxfold.features.errors import InputError

EXIT_STATUS = """0    everything was done
1    some records were bad, each is named on standard error; the others were finished
2    bad input or flags: one line on standard error
130  interrupted; 143: terminated; 141: standard output was closed"""

_INDENT = "    "


class ManualParser(argparse.ArgumentParser):
    """A parser whose help has the sections of a manual page, and whose errors are one line.

    Parameters
    ----------
    *args, **kwargs
        Of `ArgumentParser`.
    summary : str
        What the command does, in half a line.
    sections : mapping of str to str, optional
        More sections by title, behind the options; empty ones are left out.
    """

    def __init__(
        self,
        *args: Any,
        summary: str = "",
        sections: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **{"formatter_class": _Formatter, "allow_abbrev": False, **kwargs})
        self.summary, self.sections = summary, dict(sections or {})

    def error(self, message: str) -> NoReturn:
        """Refuse the command line; the usage text would bury the message."""
        raise InputError(f"{message} (see {self.prog} --help)")

    def format_help(self) -> str:
        """Text of ``--help``."""
        shown = {"NAME": f"{self.prog} - {self.summary}", "SYNOPSIS": self._synopsis()}
        shown |= {"DESCRIPTION": self.description or "", "OPTIONS": self._options()}
        shown |= self.sections
        return "\n".join(section(title, text) for title, text in shown.items() if text)

    def _synopsis(self) -> str:
        formatter = _Formatter(self.prog, width=shutil.get_terminal_size().columns - 6)
        formatter.add_usage(None, self._actions, self._mutually_exclusive_groups, prefix="")
        return formatter.format_help()

    def _options(self) -> str:
        formatter = _Formatter(self.prog, width=shutil.get_terminal_size().columns - 6)
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_text(group.description)
            formatter.add_arguments(group._group_actions)
            formatter.end_section()
        return formatter.format_help()


def section(title: str, text: str) -> str:
    r"""A section of a manual page.

    Examples
    --------
    >>> section("FILES", "a.txt  one\nb.txt  another")
    'FILES\n    a.txt  one\n    b.txt  another\n'
    """
    lines = text.strip("\n").splitlines()
    return "\n".join([title, *(f"{_INDENT}{line}".rstrip() for line in lines)]) + "\n"


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps line breaks; shows the defaults that say something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)
