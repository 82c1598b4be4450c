"""What both verbs that search for settings share: flags, the loop, and what it leaves behind."""

import argparse
import json
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boxfold.features.files import atomic_path
from boxfold.s1.search_space import Setting
from boxfold.scripts.common import positive_int, say

if TYPE_CHECKING:
    from boxfold.s1.search import Search


def add_search_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of every search."""
    parser.add_argument(
        "--n-trials", type=positive_int, default=20, help="with those of earlier calls"
    )


def flags_of(settings: Iterable[Setting]) -> str:
    """Names of the flags of settings, for people."""
    return ", ".join(f"--{setting.name.replace('_', '-')}" for setting in settings)


def run_search(
    search: "Search[Any]", n_trials: int, command_of: Callable[[Any, Path], str]
) -> None:
    """Make the trials, write the results after each one, and close the study.

    Parameters
    ----------
    search : Search
    n_trials : int
        With those of earlier calls.
    command_of : callable
        From a config and a run folder to the command that trains.
    """
    try:
        search.run(n_trials, say, lambda: write_results(search, command_of))
        write_results(search, command_of)  # also if there was nothing left to do
        best = search.best()
        say("no trial was trained to its end" if best is None else f"best: trial {best}")
    finally:
        search.close()


def write_results(search: "Search[Any]", command_of: Callable[[Any, Path], str]) -> None:
    """Write ``trials.csv``, and ``best.json`` if a trial was trained to its end."""
    frame, number = search.trials(), search.best()
    with atomic_path(search.folder / "trials.csv") as temporary:
        frame.to_csv(temporary, index=False)
    if number is None:
        return
    config = search.config_of(number)
    content = {
        "objective": search.objective,
        "value": float(frame["value"][number]),
        "trial": number,
        "run": str(search.run_path(number)),
        "config": config.to_dict(),
        "command": command_of(config, search.folder / "best"),
    }
    with atomic_path(search.folder / "best.json") as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n")


def given_words(
    parser: argparse.ArgumentParser, args: argparse.Namespace, names: Collection[str]
) -> list[str]:
    """Flags of a command line, for arguments whose value is not the default.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> for flag in ("--data", "--init"):
    ...     _ = parser.add_argument(flag, nargs="+")
    >>> given_words(parser, parser.parse_args(["--data", "a", "b"]), ["data", "init"])
    ['--data', 'a', 'b']
    """
    words: list[str] = []
    for name in names:
        value = getattr(args, name)
        if value == parser.get_default(name):
            continue
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words += map(str, value) if isinstance(value, list) else [str(value)]
    return words
