"""Drawings on the L x L grid: what was proposed, picked and known; multi-branch loops."""

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from boxfold.agents.pictures.style import title_of
from boxfold.agents.recording import Recording
from boxfold.features.loops import structure_boxes
from boxfold.s1.inspection.drawing import (
    draw_boxes,
    draw_known_pairs,
    grid_figure,
    kind_handles,
    legend_below,
    opacity_handles,
    outline_boxes,
)
from boxfold.s1.inspection.multiloop_drawing import multiloops_figure


def draw_proposals(recording: Recording, title: str | None = None) -> Figure:
    """Proposed boxes as opaque as they are probable; those of the structure outlined.

    The known structure, if there is one, lies below the diagonal.

    Parameters
    ----------
    recording : Recording
    title : str, optional
        Default: see `title_of`.

    Returns
    -------
    Figure
    """
    figure, axes = grid_figure(recording.seq, title or title_of(recording))
    draw_boxes(axes, recording.boxes, recording.probability)
    width = min(1.4, 250 / len(recording.seq))
    outline_boxes(axes, structure_boxes(recording.base_pairs), width=width)
    columns, rows = recording.base_pairs[:, 1], recording.base_pairs[:, 0]
    size = (400 / max(len(recording.seq), 40)) ** 2
    axes.scatter(columns, rows, s=size, color="black", linewidth=0, zorder=3)
    handles = [*kind_handles(), *(opacity_handles() if len(recording.boxes) else [])]
    handles.append(Patch(fill=False, edgecolor="black", linewidth=2, label="in the structure"))
    if recording.reference is not None:
        draw_known_pairs(axes, recording.reference)
        handles.append(Patch(color="0.35", label="known pair (below)"))
    legend_below(figure, handles, columns=4)
    return figure


def draw_multiloops(recording: Recording, title: str | None = None) -> Figure:
    """Each multi-branch loop of the structure as the relation between its closing pairs.

    Parameters
    ----------
    recording : Recording
    title : str, optional

    Returns
    -------
    Figure
    """
    title = title or title_of(recording)
    if not recording.multiloops:
        title += "; no multi-branch loop"
    return multiloops_figure(recording.seq, recording.base_pairs, title, "pair (below)")
