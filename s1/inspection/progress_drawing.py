"""The course of a training: every metric and loss of a run over its epochs."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from boxfold.features.box import BoxKind
from boxfold.s1.inspection.drawing import PALETTE, kind_name, legend_below
from boxfold.s1.metrics import METRIC_NAMES, selection_score
from boxfold.s1.validation import STEM_RECALL

SETS = {"training": ("training/", "train/"), "validation": ("validation/",)}
"""Which prefixes of tags belong to which examples; losses are logged under ``train/``."""

LINE_STYLES: dict[str, Any] = {"training": "--", "validation": "-"}

SCORE = "score"

COLUMNS = 4


class Panel(NamedTuple):
    """Curves that share axes.

    Attributes
    ----------
    title, label : str
        Above the panel, and of its y axis.
    names : list of str
        Tags without the prefix of `SETS`.
    """

    title: str
    label: str
    names: list[str]


def progress_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Every curve of a run in long form.

    Parameters
    ----------
    metrics : DataFrame
        Of `RunFolder.metrics`, not empty.

    Returns
    -------
    DataFrame
        Columns name (e.g. ``stem/auroc``), examples (training or validation), epoch, value.
    """
    parts = []
    for examples, prefixes in SETS.items():
        for tag in metrics.columns:
            prefix = next((p for p in prefixes if tag.startswith(p)), None)
            if prefix is not None:
                curve = metrics[["step", tag]].set_axis(["epoch", "value"], axis=1)
                parts.append(curve.assign(name=tag.removeprefix(prefix), examples=examples))
    return pd.concat(parts, ignore_index=True)[["name", "examples", "epoch", "value"]]


def best_epoch(metrics: pd.DataFrame) -> int:
    """Epoch of the highest validation score; of the 20 metrics alone where no score was logged.

    Parameters
    ----------
    metrics : DataFrame
        Of `RunFolder.metrics`, not empty.
    """
    if f"validation/{SCORE}" in metrics:
        scores = metrics[f"validation/{SCORE}"].to_list()
    else:
        rows = metrics.rename(columns=lambda tag: tag.removeprefix("validation/"))
        rows = rows.reindex(columns=list(METRIC_NAMES))
        scores = [selection_score(row) for row in rows.to_dict("records")]
    best = np.argmax(np.nan_to_num(scores, nan=-np.inf))
    return int(metrics["step"].iloc[int(best)])


def panels(names: Sequence[str]) -> list[list[Panel]]:
    """Panels of the names that a run has logged: a row per kind that has any, then further ones.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    list of list of Panel
        Rows of `COLUMNS` panels, of which the last ones may be without names.
    """
    rows = []
    for kind in BoxKind:
        metrics = [name for name in METRIC_NAMES if name in names]
        of_kind = [name for name in metrics if name.startswith(f"{kind.label}/")]
        on = [name for name in of_kind if "/au" in name]
        scalar = [name for name in of_kind if name.endswith("_l1")]
        classes = [name for name in of_kind if name not in on + scalar]
        losses = [name for name in names if name.startswith(f"boxes/{kind.label}/")]
        title = kind_name(kind)
        rows.append(
            [
                Panel(f"{title}: on (↑ better)", "area under the curve", on),
                Panel(
                    f"{title}: location, size class (↑ better)", "share of pixels right", classes
                ),
                Panel(f"{title}: scalar size (↓ better)", "mean distance (positions)", scalar),
                Panel(f"{title}: losses (↓ better)", "loss (nats; L1: positions)", losses),
            ]
        )
    rows = [row for row in rows if any(panel.names for panel in row)]
    shown = {name for row in rows for panel in row for name in panel.names}
    further = _further(name for name in names if name not in shown)
    further += [Panel("", "", [])] * (-len(further) % COLUMNS)
    return rows + [further[k : k + COLUMNS] for k in range(0, len(further), COLUMNS)]


def _further(names: Iterable[str]) -> list[Panel]:
    """Panels of what belongs to no kind: stem recall, score, total loss, groups of losses."""
    groups: dict[str, list[str]] = {}
    for name in names:
        alone = "/" not in name or name == STEM_RECALL
        groups.setdefault(name if alone else name.partition("/")[0], []).append(name)
    titles = {
        STEM_RECALL: ("ends: stem recall at L boxes (↑ better)", "share of target stems"),
        SCORE: ("score that picks the epoch (↑ better)", "sum of metrics"),
        "loss": ("weighted sum of losses (↓ better)", "loss"),
        "learning_rate": ("learning rate", "per step"),
    }
    order = {group: place for place, group in enumerate(titles)}
    ranked = sorted(groups, key=lambda group: order.get(group, len(order)))
    return [
        Panel(*titles.get(group, (f"{group}: losses (↓ better)", "loss")), groups[group])
        for group in ranked
    ]


def progress_figure(metrics: pd.DataFrame, title: str) -> Figure:
    """Draw all panels with the best epoch marked.

    Parameters
    ----------
    metrics : DataFrame
        Of `RunFolder.metrics`, not empty.
    title : str

    Returns
    -------
    Figure
    """
    table, best = progress_table(metrics), best_epoch(metrics)
    rows = panels(list(dict.fromkeys(table["name"])))
    figure = Figure(figsize=(3.4 * COLUMNS, 3.3 * len(rows)), layout="constrained")
    figure.suptitle(f"{title}: best epoch {best}", parse_math=False)
    for axes_row, row in zip(figure.subplots(len(rows), COLUMNS), rows, strict=True):
        for axes, panel in zip(axes_row, row, strict=True):
            if panel.names:
                _draw_panel(axes, panel, table, best)
            else:
                axes.set_axis_off()
    handles = [
        Line2D([], [], color="0.2", linestyle=style, label=examples)
        for examples, style in LINE_STYLES.items()
    ]
    handles.append(Line2D([], [], color="0.5", linestyle=":", label="best epoch"))
    legend_below(figure, handles, columns=len(handles))
    return figure


def _draw_panel(axes: Axes, panel: Panel, table: pd.DataFrame, best: int) -> None:
    axes.axvline(best, color="0.5", linestyle=":")
    for name, colour in zip(panel.names, PALETTE * len(panel.names), strict=False):
        for examples, style in LINE_STYLES.items():
            curve = table[(table["name"] == name) & (table["examples"] == examples)]
            axes.plot(curve["epoch"], curve["value"], style, color=colour, marker=".")
    axes.set_title(panel.title, fontsize=9)
    axes.set_xlabel("epoch", fontsize=9)
    axes.set_ylabel(panel.label, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.set_xlim(table["epoch"].min() - 0.5, table["epoch"].max() + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    labels = [name.removeprefix("boxes/").partition("/")[2] or name for name in panel.names]
    handles = [
        Line2D([], [], color=colour, label=label)
        for label, colour in zip(labels, PALETTE * len(labels), strict=False)
    ]
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.2),
        ncols=2,
        fontsize=8,
        frameon=False,
    )
