"""Drawings of one sequence on the grid: proposals against targets; multi-branch loops."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon

from boxfold.features.box import BoxKind
from boxfold.features.loops import multiloops, stems, structure_boxes
from boxfold.features.proposals import Proposals
from boxfold.features.structure import IntArray
from boxfold.s1.inspection.drawing import (
    GREY,
    PALETTE,
    draw_boxes,
    draw_grid,
    draw_known_pairs,
    kind_handles,
    legend_below,
    outline_boxes,
)
from boxfold.s1.validation import found_boxes

OPACITIES = (0.25, 0.5, 1.0)
"""Probabilities that the legend shows."""


def proposals_table(proposals: Proposals, base_pairs: IntArray | None) -> pd.DataFrame:
    """What `proposals_figure` draws, a line per box: proposals, then targets that were missed.

    Parameters
    ----------
    proposals : Proposals
    base_pairs : ndarray, dtype=int, shape (K, 2), or None
        The known structure.

    Returns
    -------
    DataFrame
        Columns kind, row, col, n_rows, n_cols, probability (nan for a missed target), is_target
        (None where no structure is known).
    """
    boxes = np.concatenate([proposals.boxes, proposals.loops])
    probability = np.concatenate([proposals.score, proposals.loop_score]).astype(np.float64)
    is_target = np.full(len(boxes), None, dtype=object)
    if base_pairs is not None:
        targets = structure_boxes(base_pairs)
        missed = targets[~found_boxes(targets, boxes)]
        is_target = np.append(found_boxes(boxes, targets), np.ones(len(missed), dtype=bool))
        boxes = np.concatenate([boxes, missed])
        probability = np.append(probability, np.full(len(missed), np.nan))
    frame = pd.DataFrame(boxes, columns=["kind", "row", "col", "n_rows", "n_cols"])
    frame["kind"] = [BoxKind(kind).label for kind in frame["kind"]]
    return frame.assign(probability=probability, is_target=is_target)


def proposals_figure(
    seq: str, proposals: Proposals, base_pairs: IntArray | None, title: str
) -> Figure:
    """Proposed boxes, filled by probability; target boxes outlined; known pairs below.

    Parameters
    ----------
    seq : str
    proposals : Proposals
    base_pairs : ndarray, dtype=int, shape (K, 2), or None
        The known structure.
    title : str

    Returns
    -------
    Figure
    """
    figure, axes = _grid_figure(seq, title)
    boxes = np.concatenate([proposals.boxes, proposals.loops])
    draw_boxes(axes, boxes, np.concatenate([proposals.score, proposals.loop_score]))
    handles = kind_handles()
    handles += [Patch(color="0", alpha=p, linewidth=0, label=f"probability {p}") for p in OPACITIES]
    if base_pairs is not None:
        outline_boxes(axes, structure_boxes(base_pairs))
        draw_known_pairs(axes, base_pairs)
        handles.append(Patch(fill=False, edgecolor="black", linewidth=2, label="target box"))
        handles.append(Patch(color="0.35", label="known pair (below)"))
    legend_below(figure, handles, columns=4)
    return figure


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


def multiloops_figure(seq: str, base_pairs: IntArray, title: str) -> Figure:
    """Each multi-branch loop as the polygon of its closing pairs; stems outlined.

    Parameters
    ----------
    seq : str
    base_pairs : ndarray, dtype=int, shape (K, 2)
    title : str

    Returns
    -------
    Figure
    """
    figure, axes = _grid_figure(seq, title)
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
    handles.append(Patch(color="0.35", label="known pair (below)"))
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


def _grid_figure(seq: str, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9, 9.8), layout="constrained")
    axes = figure.subplots()
    draw_grid(axes, seq)
    axes.set_title(title, fontsize=11)
    return figure, axes
