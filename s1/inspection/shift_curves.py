"""Drawing of the pixel shift over a data set: shares by offset, votes per pixel of a box."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from boxfold.features.box import BoxKind
from boxfold.s1.inspection.drawing import PALETTE, kind_name
from boxfold.s1.inspection.shift import LINES
from boxfold.s1.inspection.shift_statistics import REGIONS, SORTS

CURVES: dict[str, tuple[str, str, Any]] = {
    "location_share": ("location right (share)", PALETTE[0], "-"),
    "location_probability": ("location, mean probability", PALETTE[0], ":"),
    "size_share": ("size right (share)", PALETTE[3], "-"),
    "size_probability": ("size, mean probability", PALETTE[3], ":"),
    "vote_share": ("votes for the box (share)", PALETTE[6], "-"),
    "on_probability": ("on, mean probability", PALETTE[2], "-."),
}
"""Label, colour and line style of each measure."""

LINE_NAMES = dict(zip(LINES, ("top row", "right column", "anti-diagonal"), strict=True))

GAP = 1
"""Free places between the regions."""


def statistics_figure(table: pd.DataFrame, voters: pd.DataFrame, title: str) -> Figure:
    """Curves of `ShiftStatistics.table`, bars of `ShiftStatistics.voters`.

    Parameters
    ----------
    table, voters : DataFrame
    title : str

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(15, 10), layout="constrained")
    figure.suptitle(title, parse_math=False)
    grid = figure.subplots(len(BoxKind), len(LINES))
    limits = table["offset"].min(), table["offset"][table["region"] == "inside"].max()
    for row, kind in zip(grid, BoxKind, strict=True):
        for axes, line in zip(row, LINES, strict=True):
            part = table[(table["kind"] == kind.label) & (table["line"] == line)]
            if line != "anti_diagonal" or kind is BoxKind.STEM:
                _draw_curves(axes, part, *limits)
                axes.set_title(f"{kind_name(kind)}: {LINE_NAMES[line]}", fontsize=10)
        row[0].set_ylabel("share or probability")
    _draw_voters(grid[1, 2], voters)
    _draw_legend(grid[2, 2])
    return figure


def _draw_curves(axes: Axes, table: pd.DataFrame, first: int, last: int) -> None:
    start = {"before": 0, "inside": GAP, "after": GAP * 2 + last}
    for name, (_, colour, style) in CURVES.items():
        for region in REGIONS:
            part = table[table["region"] == region]
            axes.plot(part["offset"] + start[region], part[name], style, color=colour, marker=".")
    axes.axvspan(GAP - 0.5, GAP + last + 0.5, color="0.93", zorder=0)
    shown = [("before", k) for k in range(first, 0, 3)]
    shown += [("inside", k) for k in range(0, last + 1, 2)]
    shown += [("after", k) for k in range(1, -first + 1, 3)]
    labels = [f"+{k}" if region == "after" else str(k) for region, k in shown]
    axes.set_xticks([k + start[region] for region, k in shown], labels, fontsize=8)
    axes.set(xlim=(first - 1, start["after"] - first + 1), ylim=(-0.02, 1.02))
    axes.set_xlabel("before | pixels from the corner, inside | past the box", fontsize=9)


def _draw_voters(axes: Axes, voters: pd.DataFrame) -> None:
    """Stacked bars: votes from inside and outside per pixel of the box."""
    places = np.arange(len(voters)) + 0.4 * (np.arange(len(voters)) // len(SORTS))
    inside, outside = voters["inside_per_area"], voters["outside_per_area"]
    axes.bar(places, inside, color=PALETTE[5], label="from pixels inside")
    axes.bar(places, outside, bottom=inside, color=PALETTE[1], label="from pixels outside")
    for place, total, above in zip(places, inside + outside, voters["share_above_1"], strict=True):
        if np.isfinite(total):
            axes.text(place, total, f"{above:.1%}", ha="center", va="bottom", fontsize=8)
    kinds = [kind_name(BoxKind[label.upper()]) for label in voters["kind"]]
    labels = [f"{sort}\n{kind}" for kind, sort in zip(kinds, voters["votes"], strict=True)]
    axes.set_xticks(places, [label.replace(" ", "\n") for label in labels], fontsize=8)
    axes.set_ylim(0, 1.2 * max(1.0, float(np.nanmax([1, *(inside + outside)]))))
    axes.axhline(1, color="0.5", linewidth=0.8, linestyle="--")
    axes.set_ylabel("votes per pixel of a box")
    axes.set_title("n_proposal_norm (percent: boxes above 1)", fontsize=10)


def _draw_legend(axes: Axes) -> None:
    axes.set_axis_off()
    handles: list[Any] = [
        Line2D([], [], color=colour, linestyle=style, marker=".", label=label)
        for label, colour, style in CURVES.values()
    ]
    curves = axes.legend(handles=handles, loc="upper left", title="curves", frameon=False)
    axes.add_artist(curves)
    bars = axes.figure.axes[5].get_legend_handles_labels()[0]
    axes.legend(handles=bars, loc="lower left", title="bars: votes", frameon=False)
