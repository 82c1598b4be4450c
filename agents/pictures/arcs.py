"""The arc diagram: a sequence in a line, each pair an arc over it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Arc

from boxfold.agents.pictures.style import KNOWN, SURE, add_scale, pair_colours, title_of
from boxfold.agents.recording import Recording
from boxfold.features.structure import IntArray, pages

FLAT = 0.6
"""Height of an arc, as a share of half a circle's."""

MOST_LETTERS = 200
"""Longer sequences get a line with positions in place of their letters."""

WIDTH, HEIGHTS = 9.6, (1.5, 8.0)
"""Of the figure, in inches; the height as is needed, in these bounds."""


def draw_arcs(recording: Recording, title: str | None = None, known: str = "known") -> Figure:
    """Pairs in the colour of their probability above the sequence, the known ones below.

    Pairs of one side only are dashed. Without a known structure, what crosses is drawn below.

    Parameters
    ----------
    recording : Recording
    title : str, optional
        Default: see `title_of`.
    known : str
        What the known structure is called.

    Returns
    -------
    Figure
    """
    pairs, reference = recording.base_pairs, recording.reference
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    gap, margin = _gap(recording.seq), max(2.5, len(recording.seq) / 20)
    _letters(axes, recording.seq)
    if reference is None:
        below = pages(pairs) > 0
        colours = np.array(pair_colours(recording)).reshape(-1, 4)
        _arcs(axes, pairs[~below], list(colours[~below]), others=pairs, side=gap)
        _arcs(axes, pairs[below], list(colours[below]), others=pairs, side=-gap)
        heights = _highest(pairs[~below]), _highest(pairs[below])
    else:
        _arcs(axes, pairs, pair_colours(recording), others=reference, side=gap)
        _arcs(axes, reference, [KNOWN] * len(reference), others=pairs, side=-gap)
        _name_the_knot(axes, pairs, gap)
        heights = (max(_highest(pairs), _highest(reference), 6 * FLAT),) * 2
        _name_the_sides(axes, heights[0] + gap + margin, known)
    low, high = -heights[1] - gap - margin, heights[0] + gap + margin
    axes.set(xlim=(-2.5 * gap, len(recording.seq) + 1.5 * gap), ylim=(low, high), aspect="equal")
    axes.axis("off")
    title = title or title_of(recording)
    height = WIDTH * (high - low) / (len(recording.seq) + 4 * gap) + 0.25 * (1 + title.count("\n"))
    figure.set_size_inches(WIDTH, float(np.clip(height, *HEIGHTS)))
    if recording.confidence is not None:
        add_scale(axes, (0.78, 0.9, 0.2, 0.03), "probability of a pair")
    figure.suptitle(title, parse_math=False)
    return figure


def _gap(seq: str) -> float:
    """Room between the line of the sequence and the feet of arcs, in bases."""
    return max(1.0, len(seq) / 80)


def _highest(pairs: IntArray) -> float:
    """Height of the highest arc."""
    return FLAT * float(np.ptp(pairs, axis=1).max(initial=0)) / 2


def _arcs(
    axes: Axes, pairs: IntArray, colours: Sequence[Any], others: IntArray, side: float
) -> None:
    """One arc for each pair, its feet at this height: over the letters or below them."""
    shared = set(map(tuple, others.tolist()))
    width = min(1.8, 7 / abs(side))  # the gap grows with the sequence
    angles = {"theta1": 0, "theta2": 180} if side > 0 else {"theta1": 180, "theta2": 360}
    for (i, j), colour in zip(pairs.tolist(), colours, strict=True):
        style = "-" if (i, j) in shared else (0, (3, 2))
        size = (j - i, FLAT * (j - i))
        arc = Arc(((i + j) / 2, side), *size, **angles, lw=width, ls=style, color=colour)
        axes.add_patch(arc)


def _letters(axes: Axes, seq: str) -> None:
    """The sequence between both sides, and its ends; of a long one only positions."""
    size = max(min(9.0, 640 / len(seq)), 3.0)
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
    if len(seq) <= MOST_LETTERS:
        for position, base in enumerate(seq):
            axes.text(position, 0, base, family="monospace", **style)
    else:
        style["fontsize"] = 7
        step = 10 ** int(np.log10(len(seq) / 2))
        for position in range(step, len(seq), step):
            axes.text(position - 1, 0, str(position), **style)
        for side in (-_gap(seq), _gap(seq)):
            axes.plot([0, len(seq) - 1], [side, side], color="0.8", linewidth=0.6, zorder=0)
    away = 1.7 * _gap(seq)
    for beyond, end in ((-away, "5'"), (len(seq) - 1 + away, "3'")):
        axes.text(beyond, 0, end, color=KNOWN, **style)


def _name_the_knot(axes: Axes, pairs: IntArray, gap: float) -> None:
    """Write above the widest pair among those that are bracketed as crossing others."""
    crossing = pairs[pages(pairs) > 0]
    if len(crossing):
        i, j = crossing[np.argmax(np.ptp(crossing, axis=1))]
        place = ((i + j) / 2, gap + 0.5 + FLAT * (j - i) / 2)
        axes.text(*place, "the stem that knots", ha="center", va="bottom", fontsize=9)


def _name_the_sides(axes: Axes, top: float, known: str) -> None:
    axes.text(-2.5, top - 1.5, "predicted", va="top", fontsize=11, color=SURE(1.0))
    text = f"{known} (dashed: missed)"
    axes.text(-2.5, 1.5 - top, text, va="bottom", fontsize=11, color=KNOWN, parse_math=False)
