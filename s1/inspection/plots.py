"""The drawings of ``boxfold plot-s1``, from a run or a record to figure, tables and text."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from boxfold.features.box import Box
from boxfold.features.errors import InputError
from boxfold.s1.batches import Example
from boxfold.s1.inspection.grid_drawing import proposals_figure, proposals_table
from boxfold.s1.inspection.multiloop_drawing import multiloops_figure, multiloops_table
from boxfold.s1.inspection.progress_drawing import best_epoch, progress_figure, progress_table
from boxfold.s1.inspection.record import Record, box_text, check_box, known_pairs, largest_stem
from boxfold.s1.inspection.shift import OUTSIDE
from boxfold.s1.inspection.shift_curves import statistics_figure
from boxfold.s1.inspection.shift_drawing import shift_figure, shift_table
from boxfold.s1.inspection.shift_statistics import ShiftStatistics
from boxfold.s1.metrics import METRIC_NAMES
from boxfold.s1.model import S1Model
from boxfold.s1.propose import ProposeConfig, propose_batch
from boxfold.s1.run_folder import RunFolder


@dataclass(frozen=True)
class Drawing:
    """A figure, its numbers, and what there is to say about it."""

    figure: Figure
    tables: tuple[pd.DataFrame, ...]
    text: str


def plot_progress(run: str | Path) -> Drawing:
    """Metrics and losses of a training.

    Raises
    ------
    InputError
        If `run` is no run folder, or no epoch is finished.
    """
    folder = RunFolder(run)
    folder.config()  # names what is no run
    metrics = folder.metrics()
    if metrics.empty:
        raise InputError(f"{run}: no epoch is finished yet")
    table, best = progress_table(metrics), best_epoch(metrics)
    at_best = table[table["epoch"] == best].pivot(index="name", columns="examples", values="value")
    names = [name for name in METRIC_NAMES if name in at_best.index]  # a rescorer has none
    at_best = at_best.reindex(dict.fromkeys([*names, *table["name"]])).reset_index()
    text = f"best epoch {best} of {metrics['step'].max()}\n{_text(at_best)}"
    return Drawing(progress_figure(metrics, str(run)), (table,), text)


def plot_proposals(model: S1Model | None, record: Record, config: ProposeConfig) -> Drawing:
    """Proposals of one sequence on the grid; `model` as in `propose_batch`."""
    (proposals,) = propose_batch(model, [record.seq], config)
    table = proposals_table(proposals, record.base_pairs)
    text = f"{len(proposals.boxes)} stems and {len(proposals.loops)} loops proposed"
    if record.base_pairs is not None:
        targets = table[table["is_target"] == True]  # noqa: E712 (an object column)
        found = targets["probability"].notna().sum()
        text += f", {found} of {len(targets)} target boxes among them"
    title = f"{record.id}, method {config.method}: {text}"
    figure = proposals_figure(record.seq, proposals, record.base_pairs, title)
    return Drawing(figure, (table,), title)


def plot_multiloops(record: Record) -> Drawing:
    """Multi-branch loops of a known structure.

    Raises
    ------
    InputError
        If no structure is known.
    """
    pairs = known_pairs(record)
    table = multiloops_table(record.seq, pairs)
    n_loops = table["loop"].nunique()
    title = f"{record.id}: {n_loops} multi-branch loop{'s' * (n_loops != 1)}"
    text = title if table.empty else f"{title}\n{_text(table)}"
    return Drawing(multiloops_figure(record.seq, pairs, title), (table,), text)


def plot_shift(
    model: S1Model, record: Record, box: Box | None = None, outside: int = OUTSIDE
) -> Drawing:
    """Activations of the pixels along one box.

    Parameters
    ----------
    model : S1Model
    record : Record
    box : Box, optional
        Default: the largest known stem.
    outside : int
        Pixels before and after the box.

    Raises
    ------
    InputError
        If the box is no box of this grid, or there is no known stem.
    """
    box = largest_stem(record) if box is None else box
    check_box(box, len(record.seq))
    ((_, maps),) = model.maps([record.seq], dense=True)
    assert maps.boxes is not None
    table = shift_table(maps.boxes, box, outside)
    once = table.drop_duplicates(["line", "offset"])
    votes = once[once["votes"]]["is_inside"]
    text = (
        f"{record.id}, {box_text(box)}: of the pixels along top row and right column {votes.sum()} "
        f"inside and {(~votes).sum()} outside vote for the box"
    )
    return Drawing(shift_figure(table, text), (table,), text)


def plot_shift_statistics(
    model: S1Model,
    examples: Sequence[Example],
    outside: int = OUTSIDE,
    track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> Drawing:
    """The pixel shift of all target boxes; see `ShiftStatistics`.

    Parameters
    ----------
    model : S1Model
    examples : sequence of Example
    outside : int
    track : callable
        Wraps the iteration, to show progress.

    Returns
    -------
    Drawing
        With two tables: by offset, and voters.

    Raises
    ------
    InputError
        If no structure has a box.
    """
    if not any(len(example.boxes) for example in examples):
        raise InputError("no structure has a box that pixels could point to")
    statistics = ShiftStatistics(outside)
    for index, maps in track(model.maps([example.seq for example in examples], dense=True)):
        statistics.add(maps.boxes, examples[index].boxes, maps.voted)
    table, voters = statistics.table(), statistics.voters()
    title = f"Where pixels point, {len(examples)} sequences"
    figure = statistics_figure(table, voters, title)
    return Drawing(figure, (table, voters), f"{_text(table)}\n{_text(voters)}")


def _text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, float_format="{:.3f}".format, na_rep="-")
