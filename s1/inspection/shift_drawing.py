"""Drawing of the pixel shift along one box: what its pixels say, class by class."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from boxfold.features.box import Box, boxes_to_array
from boxfold.s1.box_targets import BOX_HEADS
from boxfold.s1.inspection.drawing import PALETTE, legend_below
from boxfold.s1.inspection.shift import (
    OUTSIDE,
    FloatArray,
    aims,
    is_expressible,
    line_pixels,
    right_class,
    softmax,
)

SHIFT_LINES = {"top_row": "to the left", "right_column": "down"}
"""Lines that are drawn, and where their offsets lead."""

HEAD_LABELS = {
    "location_x": "location x\n(rows to the corner)",
    "location_y": "location y\n(columns to the corner)",
    "size": "size\n(rows = columns)",
    "size_x": "size x (rows)",
    "size_y": "size y (columns)",
}

VOTES, SILENT = PALETTE[0], "0.75"
INSIDE_MARK: dict[str, Any] = {"edgecolor": PALETTE[3], "linewidth": 1.8}
OUTSIDE_MARK: dict[str, Any] = {"edgecolor": PALETTE[5], "linewidth": 1.4}


def shift_table(logits: FloatArray, box: Box, outside: int = OUTSIDE) -> pd.DataFrame:
    """Activations of the pixels along a box's top row and right column, in long form.

    Parameters
    ----------
    logits : ndarray, dtype=float32, shape (123, L, L)
        Of the boxes heads.
    box : Box
    outside : int
        Pixels before and after the box.

    Returns
    -------
    DataFrame
        Columns line, offset, row, col, is_inside, on_probability, votes (points exactly at the
        box), head (``location_x``, ...), value (steps from the corner, or size; the largest one
        is the catch-all), probability, is_right.
    """
    lines = boxes_to_array([box])
    heads = [h for h in BOX_HEADS if h.kind is box.kind and h.output in ("location", "size")]
    parts = []
    for name in SHIFT_LINES:
        pixels = line_pixels(lines, logits.shape[-1], name, outside)
        i, j, at = pixels.i, pixels.j, lines[pixels.box]
        aim = aims(box.kind, logits[:, i, j], at, i, j)
        base = pd.DataFrame({"line": name, "offset": pixels.offset, "row": i, "col": j})
        base = base.assign(is_inside=pixels.is_inside, on_probability=aim.on_probability)
        base = base.assign(votes=aim.vote_share == 1)
        located, _ = is_expressible(at, i, j)
        for head in heads:
            is_size = head.output == "size"
            right = right_class(head.output, head.axis, at, i, j)
            for c, probability in enumerate(softmax(logits[head.channels][:, i, j])):
                said = base.assign(head=head.name.partition("/")[2], value=c + is_size)
                is_right = (right == c) & (located | is_size)
                parts.append(said.assign(probability=probability, is_right=is_right))
    return pd.concat(parts, ignore_index=True)


def shift_figure(table: pd.DataFrame, title: str) -> Figure:
    """Heat maps of `shift_table`: offset across, class up; the on-probability above them.

    Parameters
    ----------
    table : DataFrame
        Of `shift_table`.
    title : str

    Returns
    -------
    Figure
    """
    heads = list(dict.fromkeys(table["head"]))
    figure = Figure(figsize=(11.5, 1.9 + 2.5 * len(heads)), layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    heights = [0.45] + [1] * len(heads)
    grid = figure.subplots(len(heights), 2, sharex=True, sharey="row", height_ratios=heights)
    for column, (line, direction) in enumerate(SHIFT_LINES.items()):
        of_line = table[table["line"] == line]
        of_pixels = of_line.drop_duplicates("offset")
        grid[0, column].set_title(_line_title(of_pixels), fontsize=10)
        _draw_on(grid[0, column], of_pixels)
        for axes, head in zip(grid[1:, column], heads, strict=True):
            image = _draw_classes(axes, of_line[of_line["head"] == head])
        grid[-1, column].set_xlabel(f"pixels from the corner {direction}")
    labels = ["on-\nprobability", *(HEAD_LABELS[head] for head in heads)]
    for axes, label in zip(grid[:, 0], labels, strict=True):
        axes.set_ylabel(label)
    figure.colorbar(image, ax=grid[1:, :], label="probability of the class", aspect=40)
    legend_below(figure, _handles(), columns=5)
    return figure


def _line_title(pixels: pd.DataFrame) -> str:
    if pixels["line"].iloc[0] == "top_row":
        return f"top row of the box: row {pixels['row'].iloc[0]}"
    return f"right column of the box: column {pixels['col'].iloc[0]}"


def _draw_on(axes: Axes, pixels: pd.DataFrame) -> None:
    colours = [VOTES if votes else SILENT for votes in pixels["votes"]]
    axes.bar(pixels["offset"], pixels["on_probability"], width=0.9, color=colours)
    axes.set_ylim(0, 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _mark_ends(axes, pixels)


def _draw_classes(axes: Axes, of_head: pd.DataFrame) -> Any:
    """One heat map, with squares around the classes that point to the box."""
    axes.patch.set(hatch="///", edgecolor="0.85")
    cells = of_head.pivot(index="value", columns="offset", values="probability")
    edges = [np.append(v, v[-1] + 1) - 0.5 for v in (cells.columns, cells.index)]
    image = axes.pcolormesh(*edges, cells.to_numpy(), cmap="Greys", vmin=0, vmax=1)
    right = of_head[of_head["is_right"]]
    for offset, value, inside in zip(
        right["offset"], right["value"], right["is_inside"], strict=True
    ):
        style = INSIDE_MARK if inside else OUTSIDE_MARK
        axes.add_patch(Rectangle((offset - 0.4, value - 0.4), 0.8, 0.8, fill=False, **style))
    last = int(cells.index.max())
    shown = range(int(cells.index.min()), last - 1, 2)
    axes.set_yticks([*shown, last], [*map(str, shown), f">{last - 1}"])
    _mark_ends(axes, of_head)
    return image


def _mark_ends(axes: Axes, pixels: pd.DataFrame) -> None:
    """Lines where the box begins and ends."""
    inside = pixels["offset"][pixels["is_inside"]]
    for edge in (inside.min() - 0.5, inside.max() + 0.5):
        axes.axvline(edge, color="black", linewidth=1.2, linestyle="--")


def _handles() -> list[Any]:
    return [
        Patch(color=VOTES, label="pixel votes for the box"),
        Patch(color=SILENT, label="it does not"),
        Patch(fill=False, label="class that points to it, inside", **INSIDE_MARK),
        Patch(fill=False, label="the same, outside", **OUTSIDE_MARK),
        Patch(facecolor="white", hatch="///", edgecolor="0.85", label="no pixel"),
    ]
