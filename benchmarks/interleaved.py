"""Two ways to do the same, timed in turns, and the rows of a table that come of it."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from boxfold.scripts.markdown import markdown_table

UNITS: dict[str, Callable[[float], float]] = {
    "steps/s": lambda seconds: 1 / seconds,
    "µs": lambda seconds: seconds * 1e6,
    "ms": lambda seconds: seconds * 1e3,
    "s": lambda seconds: seconds,
}
"""How seconds of one thing (a step, a sequence) are shown."""


class Side(NamedTuple):
    """Something that is timed.

    Attributes
    ----------
    name : str
    work : callable
        Does it once and returns the seconds that count.
    count : float
        Steps, sequences, ... of one call.
    """

    name: str
    work: Callable[[], float]
    count: float = 1


class Row(NamedTuple):
    """One line of the table; `ours`, `theirs` and `ratios` hold a value for each round.

    Attributes
    ----------
    what : str
    reference : str
        What `theirs` is of.
    unit : str
    ours, theirs : tuple of float
        In `unit`.
    ratios : tuple of float
        How many times as fast ours is; empty where nothing is a speed.
    megabytes : tuple of float, optional
        Largest peak of ours and of the reference.
    """

    what: str
    reference: str
    unit: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    ratios: tuple[float, ...]
    megabytes: tuple[float, float] | None = None


def cpu_seconds(work: Callable[[], object]) -> Callable[[], float]:
    """Work that returns the CPU seconds that it took."""

    def timed() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return timed


def compared(
    what: str,
    unit: str,
    ours: Side,
    references: Sequence[Side],
    rounds: int,
    warm_up: bool = True,
) -> list[Row]:
    """Time ours and the references in turns, after one call of each that does not count."""
    sides = [ours, *references]
    for side in sides if warm_up else ():
        side.work()
    seconds = np.array([[side.work() / side.count for side in sides] for _ in range(rounds)])
    return [
        row_of_seconds(what, side.name, unit, seconds[:, 0], seconds[:, column])
        for column, side in enumerate(references, start=1)
    ]


def row_of_seconds(
    what: str,
    reference: str,
    unit: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    megabytes: tuple[float, float] | None = None,
) -> Row:
    """A row of two speeds, each given as seconds of one thing in each round."""
    shown = UNITS[unit]
    pairs = list(zip(ours, theirs, strict=True))
    ratios = tuple(float(their / our) for our, their in pairs)
    of_each = (tuple(float(shown(pair[side])) for pair in pairs) for side in (0, 1))
    return Row(what, reference, unit, *of_each, ratios, megabytes)


def table(rows: Sequence[Row]) -> str:
    """Rows in Markdown; of the ratio the median with the quartiles, of the rest medians."""
    lines = [
        {
            "what": row.what,
            "reference": row.reference,
            "times as fast (quartiles)": spread(row.ratios) if row.ratios else None,
            "ours": spread(row.ours) if not row.ratios else number(np.median(row.ours)),
            "of the reference": spread(row.theirs)
            if not row.ratios
            else number(np.median(row.theirs)),
            "unit": row.unit,
            "rounds": len(row.ours),
            "MB, ours / reference": " / ".join(map(number, row.megabytes or ())) or None,
        }
        for row in rows
    ]
    return markdown_table(pd.DataFrame(lines))


def spread(values: Sequence[float]) -> str:
    """Median and quartiles.

    Examples
    --------
    >>> spread([1.0, 2.0, 3.0])
    '2 (1.5-2.5)'
    """
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{number(middle)} ({number(low)}-{number(high)})"


def number(value: float) -> str:
    """Three digits, thousands with a comma.

    Examples
    --------
    >>> number(8194.3), number(0.02744)
    ('8,190', '0.0274')
    """
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.3g}"
