"""Seconds from a command to its end, where it has little to do: what imports cost."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from interleaved import Row, Side, compared

from boxfold.scripts.verbs import VERBS

BOXFOLD = str(Path(sys.executable).with_name("boxfold"))
HELP = "--help"
PREDICT = ("predict", "-")
ONE_RECORD = ">r\nGGGGAAAACCCC\n"


@dataclass(frozen=True)
class StartSize:
    """How much is measured."""

    verbs: tuple[str, ...] = tuple(VERBS)
    """Whose ``--help`` is timed."""

    rounds: int = 5


def start_rows(size: StartSize) -> list[Row]:
    """``--help`` of boxfold and its verbs, and one short prediction; wall clock."""
    nothing = _side("python -c pass", [sys.executable, "-c", "pass"])
    torch = _side("python -c 'import torch'", [sys.executable, "-c", "import torch"])
    flags = [(HELP,), ("--version",), *((verb, HELP) for verb in size.verbs)]
    rows = [row for each in flags for row in _rows(each, [nothing], size.rounds)]
    return [*rows, *_rows(PREDICT, [torch], size.rounds)]


def _rows(flags: Sequence[str], references: Sequence[Side], rounds: int) -> list[Row]:
    what = f"start: boxfold {' '.join(flags)}" + (", 12 nt" if flags == PREDICT else "")
    return compared(what, "s", _side("ours", [BOXFOLD, *flags]), references, rounds, rounds > 1)


def _side(name: str, command: Sequence[str]) -> Side:
    return Side(name, lambda: wall_seconds(command))


def wall_seconds(command: Sequence[str]) -> float:
    """Seconds of a command that gets one short record on standard input; it must succeed."""
    start = time.perf_counter()
    subprocess.run(command, input=ONE_RECORD, text=True, capture_output=True, check=True)
    return time.perf_counter() - start
