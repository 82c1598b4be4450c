"""Drawings of the reports on missed boxes, votes, numbers, calibration and reach."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from boxfold.features.box import BoxKind
from boxfold.s1.inspection.box_properties import CATEGORIES, INSTEAD
from boxfold.s1.inspection.calibration import AGAINST_EXACT, ALL, EDGES, ENSEMBLE, EVERYWHERE
from boxfold.s1.inspection.drawing import (
    KIND_COLOURS,
    PALETTE,
    kind_handles,
    kind_name,
    legend_below,
)
from boxfold.s1.inspection.shares import LENGTH_LABELS
from boxfold.s1.inspection.voting import SORTS

_PROPERTY_NAMES = {
    "length": "length of the sequence",
    "span": "distance of the outer pair",
    "size": "size (pairs, unpaired bases)",
    "mfe_frequency": "MFE frequency",
    "gc": "GC content of the box",
    "ensemble": "exact probability of the stem",
    "loop_type": "type of loop",
    "run": "canonical run around the stem",
}
_NOT_DRAWN = ("on .02", "on .01", "on .001", "votes .5", "both")
_LENGTH_COLOURS = dict(zip((ALL, *LENGTH_LABELS), ("black", *PALETTE[:5]), strict=True))


def missed_figure(table: pd.DataFrame) -> Figure:
    """Recall of method ends by every property of `missed_report`, and what lies at missed boxes."""
    figure = Figure(figsize=(14, 12.5), layout="constrained")
    grid = figure.subplots(4, 3).ravel()
    for axes, (name, values) in zip(grid, CATEGORIES.items(), strict=False):
        part = table[table["property"] == name]
        shown = [value for value in values if (part["value"] == value).any()]
        kinds = [kind for kind in BoxKind if (part["kind"] == kind.label).any()]
        for place, kind in enumerate(kinds):
            rows = part[part["kind"] == kind.label].set_index("value").reindex(shown)
            offset = place - (len(kinds) - 1) / 2
            _bars(axes, kind, rows["recall_ends"], rows["recall_ends_se"], offset)
        axes.set_xticks(range(len(shown)), shown, rotation=25, fontsize=9)
        axes.set(title=_PROPERTY_NAMES[name], ylim=(0, 1.02), ylabel="recall, ends")
        axes.set_xlim(-0.6, max(len(shown), 3) - 0.4)
    whole = table[table["property"] == "all"].set_index("kind")
    _draw_instead(grid[8], whole)
    _draw_pixels(grid[9], whole, "ends")
    _draw_pixels(grid[10], whole, "on .1")
    _draw_pixels(grid[11], whole, "votes .2")
    legend_below(figure, kind_handles(), columns=3)
    return figure


def _bars(
    axes: Axes, kind: BoxKind, values: pd.Series, errors: pd.Series | None, offset: float
) -> None:
    places = np.arange(len(values)) + 0.27 * offset
    axes.bar(places, values, 0.25, yerr=errors, color=KIND_COLOURS[kind], ecolor="0.3")


def _draw_whole(axes: Axes, whole: pd.DataFrame, columns: list[str]) -> None:
    """Bars of some columns, kind by kind."""
    for kind in BoxKind:
        if kind.label in whole.index:
            _bars(axes, kind, whole.loc[kind.label, columns], None, int(kind) - 1)
    axes.set_xlim(-0.5, len(columns) - 0.5)


def _draw_instead(axes: Axes, whole: pd.DataFrame) -> None:
    _draw_whole(axes, whole, [f"instead: {value}" for value in INSTEAD])
    axes.set_xticks(range(len(INSTEAD)), INSTEAD, fontsize=9)
    axes.set(title="proposed near boxes that ends misses", ylim=(0, 1.02), ylabel="share")


def _draw_pixels(axes: Axes, whole: pd.DataFrame, way: str) -> None:
    _draw_whole(axes, whole, [f"on_found_{way}", f"on_missed_{way}", f"pixels_on_missed_{way}"])
    axes.set_xticks(range(3), ["found:\nmean on", "missed:\nmean on", "missed:\nshare > .1"])
    axes.set(title=f"on-output of the box's pixels; found by {way}", ylim=(0, 1.02))


def votes_figure(table: pd.DataFrame) -> Figure:
    """Precision, and voters from inside and outside, by votes per pixel."""
    figure = Figure(figsize=(13, 7.5), layout="constrained")
    grid = figure.subplots(2, len(BoxKind), sharex=True, sharey="row")
    binned = table[(table["at_most"] < np.inf) | (table["more_than"] > 0)]
    for (top, bottom), kind in zip(grid.T, BoxKind, strict=True):
        for sort, colour in zip(SORTS, PALETTE, strict=False):
            rows = binned[(binned["kind"] == kind.label) & (binned["votes"] == sort)]
            rows = rows[rows["boxes"] > 0]
            x = (rows["more_than"] + np.minimum(rows["at_most"], 3)) / 2
            error = rows["precision_se"]
            top.errorbar(
                x, rows["precision"], error, color=colour, marker="o", capsize=2, label=sort
            )
            bottom.plot(x, rows["inside"], color=colour, marker="o", label=f"{sort}, inside")
            bottom.plot(x, rows["outside"], ":", color=colour, marker="o", label=f"{sort}, outside")
        top.set(title=kind_name(kind), ylim=(-0.02, 1.02))
        bottom.set(xlabel="votes per pixel of the box (n_proposal_norm)", xlim=(0, 2.6))
        for axes in (top, bottom):
            axes.axvline(1, color="0.6", linestyle="--", linewidth=0.8)
            axes.grid(color="0.93")
    grid[0, 0].set_ylabel("boxes that are right (share)")
    grid[1, 0].set_ylabel("voters of right boxes per pixel")
    grid[0, 0].legend(frameon=False)
    grid[1, 0].legend(frameon=False)
    return figure


def numbers_figure(table: pd.DataFrame) -> Figure:
    """Box plots of `box_numbers`: whiskers 5 % and 95 %."""
    figure = Figure(figsize=(15, 5.8), layout="constrained")
    lengths = [name for name in LENGTH_LABELS if (table["length"] == name).any()]
    for axes, kind in zip(figure.subplots(1, len(BoxKind), sharey=True), BoxKind, strict=True):
        part = table[(table["kind"] == kind.label) & ~table["boxes"].isin(_NOT_DRAWN)]
        names = part["boxes"].unique()
        axes.set_yscale("symlog", linthresh=1)
        for place, length in enumerate(lengths):
            rows = part[part["length"] == length].rename(columns=_BOX_PLOT)
            offset = 0.8 * ((place + 0.5) / len(lengths) - 0.5)
            artists = axes.bxp(
                rows[list(_BOX_PLOT.values())].to_dict("records"),
                positions=np.arange(len(names)) + offset,
                widths=0.7 / len(lengths),
                showfliers=False,
                patch_artist=True,
                medianprops={"color": "black"},
            )
            for box in artists["boxes"]:
                box.set_facecolor(_LENGTH_COLOURS[length])
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=9)
        axes.set(title=kind_name(kind), ylim=(0, 1.3 * max(table["q95"].max(), 1)))
        axes.grid(color="0.93", axis="y")
    figure.axes[0].set_ylabel("boxes per sequence")
    handles = [
        Line2D([], [], color=_LENGTH_COLOURS[n], linewidth=6, label=f"{n} nt") for n in lengths
    ]
    legend_below(figure, handles, columns=5)
    return figure


_BOX_PLOT = {"q05": "whislo", "q25": "q1", "q50": "med", "q75": "q3", "q95": "whishi"}


def calibration_figure(table: pd.DataFrame) -> Figure:
    """Reliability diagrams, one panel per quantity, one curve per length."""
    names = [name for name in table["quantity"].unique() if EVERYWHERE not in name]
    figure = Figure(figsize=(14, 7.5), layout="constrained")
    grid = figure.subplots(2, 4).ravel()
    for axes, name in zip(grid, names, strict=False):
        part = table[table["quantity"] == name]
        axes.plot([EDGES[1], 1], [EDGES[1], 1], color="0.6", linewidth=0.8)
        for length, rows in part.groupby("length", sort=False):
            style: dict[str, Any] = {"linewidth": 3, "alpha": 0.35} if length == ALL else {}
            style |= {"label": f"{length}: {rows['ece'].iloc[0]:.3f}", "marker": "."}
            outcome = rows["outcome"].where(rows["outcome"] > 0)
            axes.plot(rows["probability"], outcome, color=_LENGTH_COLOURS[length], **style)
        limits = (EDGES[1] / 2, 1.1)
        axes.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
        axes.set_title(name.replace("_", " "), fontsize=11)
        axes.set_xlabel("exact probability" if name == ENSEMBLE else "probability said")
        axes.set_ylabel("exact probability" if name == AGAINST_EXACT else "share that is right")
        axes.legend(title="length: ECE", frameon=False, fontsize=8, title_fontsize=8)
        axes.grid(color="0.93")
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    return figure


def receptive_figure(table: pd.DataFrame) -> Figure:
    """Gradients by distance; time and memory by length."""
    figure = Figure(figsize=(13, 8), layout="constrained")
    grid = figure.subplots(2, 2)
    for output, rows in table[table["part"] == "gradient"].groupby("output", sort=False):
        grid[0, 0].plot(rows["distance"], rows["gradient"], label=output)
        grid[0, 1].plot(rows["distance"], rows["within"], label=output)
    grid[0, 0].set(yscale="log", ylabel="gradient of a pixel (0: 1)")
    grid[0, 1].set(ylabel="share of all gradients within", ylim=(0, 1.02))
    for axes in grid[0]:
        axes.set_xlabel("distance from the target pixel (rows or columns)")
        axes.legend(frameon=False)
    cost = table[table["part"] == "cost"]
    units: Mapping[str, str] = {
        "seconds": "CPU seconds per sequence",
        "megabytes": "MB beyond idle",
    }
    for axes, (name, label) in zip(grid[1], units.items(), strict=True):
        axes.plot(cost["length"], cost[name], marker="o")
        axes.set(xscale="log", yscale="log", xlabel="length (nt)", ylabel=label)
        axes.set_xticks(cost["length"], [f"{n:.0f}" for n in cost["length"]], minor=False)
        axes.minorticks_off()
        for x, y in zip(cost["length"], cost[name], strict=True):
            axes.annotate(f"{y:.2g}", (x, y), (0, 7), textcoords="offset points", ha="right")
    for axes in grid.ravel():
        axes.grid(color="0.93")
    return figure
