"""Drawing of one sequence on the grid: proposals against targets."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from boxfold.features.box import BoxKind
from boxfold.features.loops import structure_boxes
from boxfold.features.proposals import Proposals
from boxfold.features.structure import IntArray
from boxfold.s1.inspection.drawing import (
    draw_boxes,
    draw_known_pairs,
    grid_figure,
    kind_handles,
    legend_below,
    opacity_handles,
    outline_boxes,
)
from boxfold.s1.validation import found_boxes


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
    figure, axes = grid_figure(seq, title)
    boxes = np.concatenate([proposals.boxes, proposals.loops])
    draw_boxes(axes, boxes, np.concatenate([proposals.score, proposals.loop_score]))
    handles = [*kind_handles(), *opacity_handles()]
    if base_pairs is not None:
        outline_boxes(axes, structure_boxes(base_pairs))
        draw_known_pairs(axes, base_pairs)
        handles.append(Patch(fill=False, edgecolor="black", linewidth=2, label="target box"))
        handles.append(Patch(color="0.35", label="known pair (below)"))
    legend_below(figure, handles, columns=4)
    return figure
