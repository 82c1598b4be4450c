"""How a structure was picked: energy and reward by pick, and the grid after each."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from boxfold.agents.pictures.style import title_of
from boxfold.agents.recording import Recording
from boxfold.envs.rendering import COLOURS
from boxfold.features.box import BoxKind, boxes_from_array
from boxfold.features.errors import InputError
from boxfold.s1.inspection.drawing import PALETTE, kind_name, legend_below

MOST_PANELS = 12
"""Of more picks, so many are shown on the grid, the last one among them."""

COLUMNS = 4
"""Most panels side by side."""


def draw_steps(recording: Recording, title: str | None = None) -> Figure:
    """Curves of energy and reward over the picks, and below them the grid after each pick.

    Parameters
    ----------
    recording : Recording
    title : str, optional
        Default: see `title_of`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the structure isn't made of picks.
    """
    if not recording.steps:
        raise InputError(f"record '{recording.id}': not made of picks, so there are no steps")
    shown = _shown(len(recording.steps))
    n_rows = -(-len(shown) // COLUMNS)
    n_columns = -(-len(shown) // n_rows)
    figure = Figure(figsize=(10, 2.9 + 2.7 * n_rows), layout="constrained")
    curves, grids = np.asarray(figure.subfigures(2, 1, height_ratios=[2.4, 2.7 * n_rows]))
    _curves(curves, recording)
    panels = grids.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes, number in zip(panels, shown, strict=False):
        _panel(axes, recording, number)
    for axes in panels[len(shown) :]:
        axes.axis("off")
    figure.suptitle(title or title_of(recording), fontsize=11, parse_math=False)
    handles = [Patch(color=_colour(state), label=_LABELS[state]) for state in COLOURS]
    legend_below(grids, handles, columns=3)
    return figure


_LABELS = {"picked": "picked", "allowed": "can be picked", "excluded": "ruled out"}


def _shown(n_steps: int) -> list[int]:
    """Steps that get a panel: all picks, or evenly many; the start if nothing was picked."""
    if n_steps == 1:
        return [0]
    numbers = np.linspace(1, n_steps - 1, min(n_steps - 1, MOST_PANELS))
    return numbers.round().astype(int).tolist()


def _curves(figure: Figure, recording: Recording) -> None:
    numbers = range(len(recording.steps))
    left = figure.subplots()
    right = left.twinx()
    values = [step.energy for step in recording.steps]
    left.plot(numbers, values, "o-", color=PALETTE[0], gid="energy")
    rewards = [step.reward for step in recording.steps]
    right.plot(numbers, rewards, "s--", color=PALETTE[3], gid="reward", markersize=4)
    left.set(xlabel="picks", xlim=(-0.2, len(numbers) - 0.8))
    left.set_ylabel("free energy (kcal/mol)", color=PALETTE[0])
    right.set_ylabel("reward so far", color=PALETTE[3])
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.grid(color="0.93")


def _panel(axes: Axes, recording: Recording, number: int) -> None:
    """The grid after a step: stems by state, the last pick framed."""
    step, length = recording.steps[number], len(recording.seq)
    states = states_after(recording, number)
    for state in COLOURS:
        for index in np.flatnonzero(states == state).tolist():
            _box(axes, recording, index, facecolor=_colour(state), linewidth=0)
    axes.plot([-0.5, length - 0.5], [-0.5, length - 0.5], color="0.8", linewidth=0.8, zorder=0)
    axes.set(xlim=(-0.5, length - 0.5), ylim=(length - 0.5, -0.5), aspect="equal")
    axes.set(xticks=[], yticks=[])
    if step.pick is None:
        text = "start"
    else:
        _box(axes, recording, step.pick, fill=False, edgecolor="black", linewidth=0.9, zorder=3)
        (box,) = boxes_from_array(recording.boxes[step.pick : step.pick + 1])
        i, j = box.outer_pair
        text = f"{number}: {kind_name(box.kind)} {i + 1}-{j + 1}"
    axes.set_title(f"{text}\n{step.energy:.1f} kcal/mol", fontsize=9)


def states_after(recording: Recording, number: int) -> np.ndarray:
    """State of each box after a step: a key of `boxfold.envs.rendering.COLOURS`, or empty.

    Loops have none unless one was picked: they can't be picked then.
    """
    loops_count = (recording.boxes[list(recording.picks), 0] != BoxKind.STEM).any()
    states = np.full(len(recording.boxes), "allowed", dtype="<U8")
    if not loops_count:
        states[recording.boxes[:, 0] != BoxKind.STEM] = ""
    for step in recording.steps[1 : number + 1]:
        states[list(step.excluded)] = "excluded"
        states[step.pick] = "picked"
    return states


def _box(axes: Axes, recording: Recording, index: int, **style: Any) -> None:
    _, row, col, n_rows, n_cols = recording.boxes[index].tolist()
    axes.add_patch(Rectangle((col - 0.5, row - 0.5), n_cols, n_rows, **style))


def _colour(state: str) -> tuple[float, float, float]:
    red, green, blue = COLOURS[state]
    return red / 255, green / 255, blue / 255
