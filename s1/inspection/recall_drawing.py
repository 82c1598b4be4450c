"""Drawings of what is found: recall curves, complete sequences, what a filter keeps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import ScalarFormatter
from numpy.typing import NDArray

from boxfold.features.box import BoxKind
from boxfold.s1.inspection.completeness import TUNED_METHODS, WANTED, Curve
from boxfold.s1.inspection.drawing import PALETTE, kind_name, legend_below
from boxfold.s1.inspection.offers import RANKED_METHODS
from boxfold.s1.inspection.recall_curves import PER_SEQUENCE, STEM_CLASSES

METHOD_COLOURS = dict(zip(RANKED_METHODS, PALETTE, strict=True))

_MEASURES = {
    "recall": "identical stems",
    "pair_recall": "base pairs inside some stem",
    "all_stems": "sequences with all their stems",
}
_METHODS_BY_CLASS = ("ends", "ensemble", "runs", "rank")
_CHOSEN_TWICE = ("ends", "rank")
_NUMBERED = {
    "stem": "stems",
    "loop": "all loops",
    "interior_loop": "interior loops among them",
    "hairpin": "hairpins among them",
}
_OLD_POINTS = {
    "on: .1, .02, .01, .001": (["on .1", "on .02", "on .01", "on .001"], "v", PALETTE[3]),
    "votes: .5, .2": (["votes .5", "votes .2"], "^", PALETTE[4]),
    "union": (["union"], "s", PALETTE[5]),
    "both": (["both"], "D", PALETTE[6]),
    "all votes": (["all votes"], "P", PALETTE[1]),
}
_FILTERED = {"on .1": PALETTE[3], "votes .2": PALETTE[4], "union": PALETTE[5]}
_FILTERED_ENDS = (PALETTE[0], PALETTE[2])


def recall_figure(table: pd.DataFrame) -> Figure:
    """Curves of `recall_curves`; methods, stems by pairs, and the two ways to choose a number."""
    figure = Figure(figsize=(14, 8.8), layout="constrained")
    grid = figure.subplots(2, 3)
    fixed = table[table["choice"] == PER_SEQUENCE]
    for axes, (measure, title) in zip(grid.ravel(), _MEASURES.items(), strict=False):
        for method, part in fixed.groupby("method", sort=False):
            _errors(axes, part, "budget", measure, METHOD_COLOURS[method])
        axes.set_title(title, fontsize=11)
    for label, line in zip(STEM_CLASSES, (":", "--", "-"), strict=True):
        for method in _METHODS_BY_CLASS:
            part = fixed[fixed["method"] == method]
            _errors(grid[1, 0], part, "budget", f"recall_{label}", METHOD_COLOURS[method], line)
    grid[1, 0].set_title("stems of 1 (dotted), 2 (dashed), 3+ pairs (solid)", fontsize=11)
    for axes, measure in zip(grid[1, 1:], ("recall", "all_stems"), strict=True):
        for method, part in table[table["method"].isin(_CHOSEN_TWICE)].groupby("method"):
            for choice, rows in part.groupby("choice"):
                line = "-" if choice == PER_SEQUENCE else "--"
                _errors(axes, rows, "budget", measure, METHOD_COLOURS[method], line)
        axes.set_title(f"{_MEASURES[measure]};\ndashed: one score threshold for all", fontsize=11)
    _finish(figure, grid, "stems offered / length")
    return figure


def methods_figure(table: pd.DataFrame) -> Figure:
    """Recall of `equal_numbers` by number of boxes, for stems and loops."""
    figure = Figure(figsize=(12, 8.8), layout="constrained")
    grid = figure.subplots(2, 2)
    for axes, (boxes, title) in zip(grid.ravel(), _NUMBERED.items(), strict=True):
        of_boxes = table[table["boxes"] == boxes]
        for method, part in of_boxes.groupby("method", sort=False):
            _errors(axes, part, "offered", "recall", METHOD_COLOURS[method])
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.set_title(title, fontsize=11)
    _finish(figure, grid, "boxes offered per sequence (loops: both kinds together)")
    return figure


def complete_figure(table: pd.DataFrame, curves: Mapping[tuple[str, BoxKind], Curve]) -> Figure:
    """Complete sequences by mean number of boxes of a kind; points: rows of `completeness`.

    Parameters
    ----------
    table : DataFrame
    curves : mapping
        Of each tuned method and kind, on the data that is reported.
    """
    figure = Figure(figsize=(13, 5.8), layout="constrained")
    measured = table[table["measured_on"] == "data"].set_index("setting")
    panels = zip(figure.subplots(1, len(BoxKind), sharey=True), BoxKind, WANTED, strict=True)
    for axes, kind, wanted in panels:
        x, y = measured[f"boxes_{kind.label}"], measured[f"complete_{kind.label}"]
        for method in TUNED_METHODS:
            curve, at, colour = curves[method, kind], f"{method}, tuned", METHOD_COLOURS[method]
            axes.plot(curve.number, curve.share, color=colour, label=f"{method}, any threshold")
            axes.plot(x[at], y[at], "o", color=colour, markersize=9, label=at)
        for label, (settings, marker, colour) in _OLD_POINTS.items():
            style = {"marker": marker, "color": colour, "linewidth": 0.6}
            axes.plot(x[settings], y[settings], label=label, **style)
        axes.axhline(wanted, color="0.5", linestyle="--", linewidth=1)
        axes.text(0.02, wanted + 0.01, f"wanted {wanted:.2f}", transform=axes.get_yaxis_transform())
        axes.set_xscale("symlog", linthresh=1)
        axes.set(title=kind_name(kind), ylim=(-0.02, 1.02), xlim=(0, None))
        axes.set_xlabel("boxes of the kind per sequence")
        axes.grid(color="0.93")
    figure.axes[0].set_ylabel("sequences with all such boxes found")
    legend_below(figure, figure.axes[0].get_legend_handles_labels()[0], columns=5)
    return figure


def filter_figure(table: pd.DataFrame) -> Figure:
    """What `filter_report` keeps (points) beside what independent misses would leave (dashed)."""
    figure = Figure(figsize=(12, 5), layout="constrained")
    ends = [name for name in table["setting"].unique() if name.startswith("ends")]
    colours = _FILTERED | dict(zip(ends, _FILTERED_ENDS, strict=True))
    names = {"boxes": "target boxes", "length": "length (nt)"}
    for axes, (by, name) in zip(figure.subplots(1, 2, sharey=True), names.items(), strict=True):
        part = table[table["by"] == by]
        labels = list(dict.fromkeys(part[["bin", "examples"]].itertuples(index=False, name=None)))
        for setting, colour in colours.items():
            rows = part[part["setting"] == setting].reset_index(drop=True)
            axes.errorbar(
                rows.index, rows["kept"], rows["kept_se"], color=colour, marker="o", capsize=2
            )
            axes.plot(rows.index, rows["expected_by_kind"], "--", marker="_", color=colour)
        axes.set_xticks(range(len(labels)), [f"{label}\n(n={n})" for label, n in labels])
        axes.set(xlabel=name, ylim=(-0.02, 1.02), xlim=(-0.5, max(len(labels), 3) - 0.5))
        axes.grid(color="0.93")
    figure.axes[0].set_ylabel("examples with all boxes proposed")
    handles = [Line2D([], [], color=c, marker="o", label=name) for name, c in colours.items()]
    handles.append(Line2D([], [], color="0.3", linestyle="--", label="if misses were independent"))
    legend_below(figure, handles, columns=6)
    return figure


def _errors(axes: Axes, part: pd.DataFrame, x: str, y: str, colour: str, line: str = "-") -> None:
    """Curve with standard errors."""
    style: dict[str, Any] = {"linestyle": line, "marker": "o", "markersize": 4, "capsize": 2}
    axes.errorbar(part[x], part[y], part[f"{y}_se"], color=colour, **style)


def _finish(figure: Figure, grid: NDArray[np.object_], label: str) -> None:
    """Axes, labels and the legend of methods."""
    for axes in grid.ravel():
        axes.set(ylim=(-0.02, 1.02))
        axes.grid(color="0.93")
    for axes in grid[-1]:
        axes.set_xlabel(label)
    for axes in grid[:, 0]:
        axes.set_ylabel("share found")
    handles = [Line2D([], [], color=c, marker="o", label=m) for m, c in METHOD_COLOURS.items()]
    legend_below(figure, handles, columns=len(handles))
