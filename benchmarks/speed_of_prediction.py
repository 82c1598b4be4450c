"""Predictions by length with their memory against RNAfold, and how both grow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from interleaved import Row, row_of_seconds
from predict_length import Job, measurements

from boxfold.scripts.chain_flags import AGENT, KNOTTING, S1

REFERENCE = "RNAfold's MFE"


@dataclass(frozen=True)
class PredictionSize:
    """How much is measured: rounds by length."""

    rounds: tuple[tuple[int, int], ...] = (
        (50, 3),
        (100, 3),
        (200, 3),
        (400, 3),
        (600, 3),
        (1000, 3),
        (2000, 2),
        (3000, 2),  # each takes two and a half minutes
    )
    bases: int = 800
    """Bases of a round of short sequences: several, since one is over too soon to be timed."""


def prediction_rows(size: PredictionSize) -> list[Row]:
    """What `boxfold predict` does without a flag: a row for each length, and two on growth."""
    found = pd.DataFrame(measurements(jobs(size)))
    rows = []
    for length, of_length in found.groupby("length"):
        ours, theirs = (of_length[of_length["tool"] == tool] for tool in ("boxfold", "rnafold"))
        rows.append(
            row_of_seconds(
                f"prediction, {length} nt",
                REFERENCE,
                "s",
                ours["seconds"].tolist(),
                theirs["seconds"].tolist(),
                (float(ours["peak_mb"].max()), float(theirs["peak_mb"].max())),
            )
        )
    return [*rows, growth_row(found, "seconds", "time"), growth_row(found, "peak_mb", "memory")]


def jobs(size: PredictionSize) -> list[Job]:
    """One process for each length and tool, round by round, ours and the reference in turns."""
    pseudoknots = "allow" if AGENT in KNOTTING else "forbid"
    return [
        Job(tool, length, max(1, size.bases // length), S1, AGENT, pseudoknots)
        for number in range(max(rounds for _, rounds in size.rounds))
        for length, rounds in size.rounds
        if number < rounds
        for tool in ("boxfold", "rnafold")
    ]


def growth_row(found: pd.DataFrame, column: str, name: str) -> Row:
    """Power of the length that a column grows with over the longer half of the lengths.

    Each value is that of a round; rounds that lack a length are left out.
    """
    lengths = np.unique(found["length"])
    upper = lengths[-max(2, -(-len(lengths) // 2)) :]
    powers = {}
    for tool, of_tool in found.groupby("tool"):
        rounds = of_tool.assign(round=of_tool.groupby("length").cumcount())
        wide = rounds.pivot(index="round", columns="length", values=column)[upper].dropna()
        powers[tool] = tuple(growth(upper, row) for row in wide.to_numpy())
    what = f"prediction, growth of {name} from {upper[0]} nt on"
    return Row(what, REFERENCE, "power", powers["boxfold"], powers["rnafold"], ())


def growth(lengths: Sequence[int], values: Sequence[float]) -> float:
    """Slope of the logarithm of values over that of lengths.

    Examples
    --------
    >>> round(growth([100, 200, 400], [1.0, 8.0, 64.0]), 6)
    3.0
    """
    return float(np.polyfit(np.log(lengths), np.log(values), 1)[0])
