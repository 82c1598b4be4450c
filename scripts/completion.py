"""Verb ``completion``: scripts that complete the command line in bash, zsh and fish."""

import argparse
import importlib
import sys
from collections.abc import Sequence

import shtab

from boxfold.scripts.common import fill_parser, verb_main
from boxfold.scripts.manual import ManualParser
from boxfold.scripts.verbs import VERBS

DESCRIPTION = """Print a script that completes verbs, flags, choices and file names. It is made of
the parsers of all verbs, so it is to be made anew after an update of boxfold."""

EXAMPLE = """boxfold completion bash | tee ~/.local/share/bash-completion/completions/boxfold
boxfold completion zsh | tee ~/.zfunc/_boxfold   # with ~/.zfunc in $fpath
boxfold completion fish | tee ~/.config/fish/completions/boxfold.fish"""

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("shell", choices=SHELLS, help="whose language the script has")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(shtab.complete(whole_parser(), args.shell))
    return 0


def whole_parser() -> argparse.ArgumentParser:
    """Parser of ``boxfold`` with a subparser for each verb.

    The command itself has none: it would have to import all verbs to run one.
    """
    parser = ManualParser(prog="boxfold")
    parser.add_argument("--version", action="store_true", help="print the version")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for verb, summary in VERBS.items():
        module = importlib.import_module(f"boxfold.scripts.{verb.replace('-', '_')}")
        of_verb = verbs.add_parser(verb, help=summary)
        fill_parser(module, of_verb)
        for action in of_verb._actions:
            if action.choices is not None:
                action.choices = tuple(action.choices)  # a dict would count as subparsers
            elif action.nargs != 0 and action.type is None:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
