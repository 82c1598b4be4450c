"""Drawing of multi-branch loops: no boxes, but relations between their closing pairs."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon

from boxfold.features.loops import multiloops, stems
from boxfold.features.structure import IntArray
from boxfold.s1.inspection.drawing import (
    GREY,
    PALETTE,
    draw_known_pairs,
    grid_figure,
    legend_below,
    outline_boxes,
)


def multiloops_table(seq: str, base_pairs: IntArray) -> pd.DataFrame:
    """Closing pairs of multi-branch loops, a line each.

    Parameters
    ----------
    seq : str
    base_pairs : ndarray, dtype=int, shape (K, 2)

    Returns
    -------
    DataFrame
        Columns loop (from 1), role (outer or inner), row, col, bases, n_closing, n_unpaired; the
        last two are those of the loop.
    """
    lines = [
        (number, "inner" if k else "outer", i, j, seq[i] + seq[j], len(loop), n_unpaired(loop))
        for number, loop in enumerate(multiloops(base_pairs), start=1)
        for k, (i, j) in enumerate(loop.tolist())
    ]
    names = ["loop", "role", "row", "col", "bases", "n_closing", "n_unpaired"]
    return pd.DataFrame(lines, columns=names)


def n_unpaired(loop: IntArray) -> int:
    """Unpaired bases of a multi-branch loop.

    Parameters
    ----------
    loop : ndarray, dtype=int, shape (1 + n_branches, 2)
        Closing pairs, the outer one first.

    Examples
    --------
    >>> n_unpaired(np.array([[1, 16], [4, 8], [9, 13]]))
    4
    """
    spans = loop[:, 1] - loop[:, 0] + 1
    return int(spans[0] - 2 - spans[1:].sum())


def multiloops_figure(
    seq: str, base_pairs: IntArray, title: str, pair_label: str = "known pair (below)"
) -> Figure:
    """Each multi-branch loop as the polygon of its closing pairs; stems outlined.

    Parameters
    ----------
    seq : str
    base_pairs : ndarray, dtype=int, shape (K, 2)
    title : str
    pair_label : str
        What the legend says of the pairs.

    Returns
    -------
    Figure
    """
    figure, axes = grid_figure(seq, title)
    outline_boxes(axes, stems(base_pairs), GREY)
    draw_known_pairs(axes, base_pairs)
    handles: list[Patch | Line2D] = []
    for number, loop in enumerate(multiloops(base_pairs), start=1):
        colour = PALETTE[(number - 1) % len(PALETTE)]
        _draw_multiloop(axes, loop, colour)
        text = f"loop {number}: {len(loop)} closing pairs, {n_unpaired(loop)} unpaired bases"
        handles.append(Patch(facecolor=colour + "40", edgecolor=colour, label=text))
    for marker, label in (("s", "outer closing pair"), ("o", "inner closing pair")):
        handles.append(Line2D([], [], marker=marker, color="0.2", linestyle="", label=label))
    handles.append(Patch(fill=False, edgecolor=GREY, label="stem"))
    handles.append(Patch(color="0.35", label=pair_label))
    legend_below(figure, handles, columns=3)
    return figure


def _draw_multiloop(axes: Axes, loop: IntArray, colour: str) -> None:
    # Seen from the outer pair the inner ones follow each other by angle: no two edges cross.
    points = loop[:, ::-1]
    axes.add_patch(Polygon(points, facecolor=colour + "40", edgecolor=colour, linewidth=1.6))
    for inner in points[1:]:
        axes.plot(*zip(points[0], inner, strict=True), color=colour, linewidth=1, linestyle=":")
    axes.plot(*points[:1].T, "s", color=colour, markersize=9, zorder=3)
    axes.plot(*points[1:].T, "o", color=colour, markersize=7, zorder=3)
