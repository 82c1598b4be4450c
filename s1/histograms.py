"""Boxes by kind and length, before and after pruning: counted, tabulated, drawn."""

from pathlib import Path

import numpy as np
import pandas as pd

from boxfold.features.box import BoxKind
from boxfold.features.files import atomic_path
from boxfold.features.structure import IntArray

LONGEST = 200
"""Longer boxes are counted with this length."""

LENGTH_LABELS = {
    BoxKind.STEM: "pairs",
    BoxKind.INTERIOR_LOOP: "unpaired bases, both sides",
    BoxKind.HAIRPIN: "unpaired bases",
}


def box_lengths(boxes: IntArray) -> IntArray:
    """Length of each box: pairs of a stem, unpaired bases of a loop.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)

    Returns
    -------
    ndarray, dtype=int64, shape (N,)

    Examples
    --------
    >>> box_lengths(np.array([[0, 0, 21, 4, 4], [1, 3, 17, 4, 5], [2, 9, 9, 6, 6]])).tolist()
    [4, 5, 4]
    """
    kind, _, _, n_rows, n_cols = boxes.T
    return np.select(
        [kind == BoxKind.STEM, kind == BoxKind.INTERIOR_LOOP],
        [n_rows, n_rows + n_cols - 4],
        n_rows - 2,
    )


class BoxHistogram:
    """Boxes of many sequences by kind and length, before and after pruning."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, len(BoxKind), LONGEST + 1), dtype=np.int64)

    def add(self, before: IntArray, after: IntArray) -> None:
        """Count the boxes of one sequence; lines (N, 5) of any kind."""
        for counts, boxes in zip(self._counts, (before, after), strict=True):
            np.add.at(counts, (boxes[:, 0], np.clip(box_lengths(boxes), 0, LONGEST)), 1)

    def totals(self) -> pd.DataFrame:
        """Boxes by kind: columns kind, before, after."""
        before, after = self._counts.sum(axis=2)
        labels = [kind.label for kind in BoxKind]
        return pd.DataFrame({"kind": labels, "before": before, "after": after})

    def table(self) -> pd.DataFrame:
        """Columns kind, length, before, after; lengths without boxes are left out."""
        kind, length = np.nonzero(self._counts.any(axis=0))
        before, after = self._counts[:, kind, length]
        labels = [BoxKind(k).label for k in kind.tolist()]
        return pd.DataFrame({"kind": labels, "length": length, "before": before, "after": after})

    def draw(self, path: str | Path, overwrite: bool = True) -> None:
        """Write the histograms as a PNG, one panel per kind.

        Raises
        ------
        InputError
            If the path can't be written.
        """
        # The object interface needs no display and leaves no global state behind.
        from matplotlib.figure import Figure

        figure = Figure(figsize=(12, 3.6), layout="constrained")
        for axes, kind in zip(figure.subplots(1, len(BoxKind)), BoxKind, strict=True):
            before, after = self._counts[:, kind]
            last = max(10, int(np.flatnonzero(before + after).max(initial=0)))
            lengths = np.arange(last + 1)
            axes.bar(lengths, before[: last + 1], width=0.9, color="0.8", label="before pruning")
            axes.bar(lengths, after[: last + 1], width=0.5, color="C0", label="after")
            axes.set_yscale("symlog")
            axes.set_title(kind.label.replace("_", " "))
            axes.set_xlabel(LENGTH_LABELS[kind])
        figure.axes[0].set_ylabel("boxes")
        figure.axes[0].legend(frameon=False)
        with atomic_path(path, overwrite) as temporary:
            figure.savefig(temporary, format="png", dpi=120, metadata={"Software": None})
