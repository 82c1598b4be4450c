"""Why target boxes are missed: recall by what a box is, and what was there in its place."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from boxfold.features.box import BoxKind
from boxfold.features.structure import BoolArray
from boxfold.s1.inspection.box_properties import (
    CATEGORIES,
    INSTEAD,
    binned,
    box_properties,
    pixels_on,
    proposed_instead,
)
from boxfold.s1.inspection.cases import Case
from boxfold.s1.inspection.ranked_targets import RankedTargets
from boxfold.s1.inspection.shares import clustered_share, length_labels

FOUND_BY = ("ends", "on .1", "votes .2", "union")
"""Ways to propose: method ends with L stems and L loops, and three of the old settings."""


class MissedBoxes:
    """Properties of target boxes, over many sequences; rows as those of `RankedTargets`."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []

    def add(self, case: Case) -> None:
        """Take in one sequence."""
        boxes, length = case.example.boxes, len(case.example.seq)
        part = box_properties(boxes, case.example.seq, case.exact)
        part["length"] = length_labels(np.full(len(part), length)).astype(object)
        part["mfe_frequency"] = binned("mfe_frequency", np.full(len(part), case.mfe_frequency))
        part["on_mean"], part["on_share"] = pixels_on(boxes, case.maps.on)
        part["instead"] = proposed_instead(boxes, case.offered["ends"], length)
        self._parts.append(part)

    @property
    def properties(self) -> pd.DataFrame:
        """A row per target box: `CATEGORIES`, ``on_mean``, ``on_share`` and ``instead``."""
        return pd.concat(self._parts, ignore_index=True)


def missed_report(ranked: RankedTargets, properties: pd.DataFrame) -> pd.DataFrame:
    """Recall by property of the box, and what lies at missed and at found boxes.

    Parameters
    ----------
    ranked : RankedTargets
    properties : DataFrame
        Of `MissedBoxes`, over the same sequences.

    Returns
    -------
    DataFrame
        ``kind``, ``property`` (`CATEGORIES`, or ``all``), ``value``, ``boxes``; for each way W of
        `FOUND_BY` ``recall_W`` with ``_se``, ``on_found_W`` and ``on_missed_W`` (mean
        on-probability of the pixels of found and of missed boxes) and ``pixels_on_missed_W`` (share
        of the pixels of missed boxes that are on); ``instead: X`` with X of `INSTEAD`: share of
        the boxes missed by ends.
    """
    targets, found = ranked.targets, found_flags(ranked)
    rows = []
    for kind in BoxKind:
        of_kind = (targets["kind"] == kind).to_numpy()
        for name, value, where in _groups(properties, of_kind):
            head = {"kind": kind.label, "property": name, "value": value, "boxes": where.sum()}
            part = properties[where]
            rows.append({**head, **_row(found[where], part, targets["sequence"][where])})
    return pd.DataFrame(rows)


def found_flags(ranked: RankedTargets) -> pd.DataFrame:
    """Whether each target is found, by the ways `FOUND_BY`."""
    targets = ranked.targets
    limit = ranked.sequences["length"].to_numpy()[targets["sequence"]]
    old = {label: targets[f"found_{label}"] for label in FOUND_BY[1:]}
    return pd.DataFrame({"ends": targets["rank_ends"] < limit, **old})


def _groups(properties: pd.DataFrame, of_kind: BoolArray) -> Iterator[tuple[str, str, BoolArray]]:
    """Property, value and boxes, where there are some."""
    if of_kind.any():
        yield "all", "all", of_kind
    for name, values in CATEGORIES.items():
        for value in values:
            where = of_kind & (properties[name] == value).to_numpy()
            if where.any():
                yield name, value, where


def _row(found: pd.DataFrame, part: pd.DataFrame, sequence: pd.Series) -> dict[str, float]:
    row: dict[str, float] = {}
    for way in FOUND_BY:
        hit = found[way].to_numpy(dtype=bool)
        row[f"recall_{way}"], row[f"recall_{way}_se"] = clustered_share(hit, sequence)
        row[f"on_found_{way}"] = part["on_mean"][hit].mean()
        row[f"on_missed_{way}"] = part["on_mean"][~hit].mean()
        row[f"pixels_on_missed_{way}"] = part["on_share"][~hit].mean()
    missed = part["instead"][~found["ends"].to_numpy(dtype=bool)]
    for value in INSTEAD:
        row[f"instead: {value}"] = (missed == value).mean() if len(missed) else float("nan")
    return row
