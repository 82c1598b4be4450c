"""The drawn secondary structure: ViennaRNA's layout, knots as arcs over it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from boxfold.agents.pictures.style import (
    KNOWN,
    add_scale_below,
    base_colours,
    pair_colours,
    title_of,
)
from boxfold.agents.recording import Recording
from boxfold.features.calibration import FloatArray

SPACING = 15.0
"""Distance of neighbours on a stem in the units of the layout."""

INCHES = 0.17
"""Distance of neighbours on paper, while the whole figure stays below `LARGEST`."""

SMALLEST, LARGEST = (4.0, 2.0), 12.0
"""Width and height of the figure at least, and each at most, in inches."""

MOST_LETTERS = 250
"""Bases of longer sequences have no letters."""

NUMBERED = 10
"""Every so many bases have their position written beside them; of long sequences every fifth."""

BEND = 0.25
"""How far the arc of a knot leaves the straight line, as a share of its length."""


def draw_structure(recording: Recording, title: str | None = None) -> Figure:
    """Bases in the colour of their confidence, pairs in that of their probability.

    Parameters
    ----------
    recording : Recording
    title : str, optional
        Default: see `title_of`.

    Returns
    -------
    Figure
    """
    places = _upright(recording.layout)
    extent = np.ptp(places, axis=0) + 4 * SPACING
    scale = min(INCHES / SPACING, LARGEST / extent.max())
    width, height = np.clip(extent * scale, SMALLEST, LARGEST)
    figure = Figure(figsize=(width, height + 0.9), layout="constrained")
    axes = figure.subplots()
    _pairs(axes, recording, places, scale)
    _bases(axes, recording, places, scale)
    _positions(axes, places, scale)
    low, high = places.min(axis=0) - 2 * SPACING, places.max(axis=0) + 2 * SPACING
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.axis("off")
    if recording.confidence is not None:
        add_scale_below(figure, "probability of a pair, and of a base to be as drawn")
    figure.suptitle(title or title_of(recording), fontsize=11, parse_math=False)
    return figure


def _upright(places: FloatArray) -> FloatArray:
    """Turned so that the long side lies across the page."""
    width, height = np.ptp(places, axis=0)
    return places if width >= height else np.stack([places[:, 1], -places[:, 0]], axis=1)


def _pairs(axes: Axes, recording: Recording, places: FloatArray, scale: float) -> None:
    """The chain, a rung for each pair of the layout, an arc for each other pair."""
    axes.plot(*places.T, color="0.75", linewidth=_points(3, scale), zorder=1, gid="chain")
    rungs, colours = [], []
    for pair, colour, is_rung in zip(
        recording.base_pairs, pair_colours(recording), recording.is_laid_out, strict=True
    ):
        if is_rung:
            rungs.append(places[pair])
            colours.append(colour)
        else:
            axes.add_patch(_arc(places[pair], colour, scale))
    lines = LineCollection(rungs, colors=colours, linewidths=_points(4, scale), zorder=2)
    lines.set_gid("pairs")
    axes.add_collection(lines)


def _arc(ends: FloatArray, colour: Any, scale: float) -> FancyArrowPatch:
    start, end = ends.tolist()
    arc = FancyArrowPatch(
        tuple(start),
        tuple(end),
        connectionstyle=f"arc3,rad={BEND}",
        arrowstyle="-",
        shrinkA=0,
        shrinkB=0,
        color=colour,
        linewidth=_points(3, scale),
        zorder=2,
    )
    arc.set_gid("knotted")
    return arc


def _bases(axes: Axes, recording: Recording, places: FloatArray, scale: float) -> None:
    fill = base_colours(recording)
    look: dict[str, Any] = {"s": _points(11, scale) ** 2, "c": fill, "zorder": 3}
    dots = axes.scatter(places[:, 0], places[:, 1], edgecolors="0.3", linewidths=0.4, **look)
    dots.set_gid("bases")
    if len(recording.seq) > MOST_LETTERS:
        return
    is_dark = _is_dark(fill, len(places))
    style: dict[str, Any] = {"ha": "center", "va": "center_baseline", "zorder": 4}
    for (x, y), base, dark in zip(places.tolist(), recording.seq, is_dark, strict=True):
        colour = "white" if dark else "black"
        axes.text(x, y, base, fontsize=_points(7.5, scale), color=colour, **style)


def _is_dark(fill: FloatArray | str, n: int) -> list[bool]:
    """Whether letters on each fill must be white."""
    if isinstance(fill, str):
        return [False] * n
    return [bool(luminance < 0.5) for luminance in fill[:, :3] @ [0.299, 0.587, 0.114]]


def _positions(axes: Axes, places: FloatArray, scale: float) -> None:
    """Positions from 1, and the ends, on the side where the structure is not."""
    chosen = {0: "5'", len(places) - 1: "3'"}
    step = NUMBERED * (1 if len(places) <= MOST_LETTERS else 5)
    chosen |= {k: str(k + 1) for k in range(step - 1, len(places) - 1, step)}
    size = max(_points(6.5, scale), 5.0)
    away = SPACING * 1.1 * size / _points(6.5, scale)
    style: dict[str, Any] = {"ha": "center", "va": "center", "color": KNOWN, "fontsize": size}
    for position, text in chosen.items():
        x, y = (places[position] + away * _outward(places, position, away)).tolist()
        axes.text(x, y, text, **style)


def _outward(places: FloatArray, position: int, away: float) -> FloatArray:
    """Unit vector from a base to where the fewest others are near, of eight directions."""
    angles = np.arange(8) * np.pi / 4
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    others = np.delete(places, position, axis=0)
    ends = places[position] + away * directions
    gaps = np.linalg.norm(ends[:, None] - others[None], axis=2).min(axis=1, initial=np.inf)
    return np.asarray(directions[np.argmax(gaps.round(3))])


def _points(size: float, scale: float) -> float:
    """Size on paper of what has this size at the usual distance of bases."""
    return size * scale * SPACING / INCHES
