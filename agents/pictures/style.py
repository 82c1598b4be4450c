"""What all drawings of recordings share: colours, titles, the scale of probabilities."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from boxfold.agents.recording import Recording
from boxfold.features.agreement import agreement
from boxfold.features.calibration import FloatArray
from boxfold.features.errors import printable

SURE = LinearSegmentedColormap.from_list("sure", ["#f0a030", "#d2466e", "#322882"])
"""Of a probability; even the lowest is seen on white, and darker is surer in print, too."""

KNOWN = "#787878"
"""Of the known structure."""

LONGEST_ID = 60
"""Longer ids are cut in titles."""


def title_of(recording: Recording) -> str:
    """Who is drawn, and in a second line who made it and how good it is."""
    name = printable(recording.id)
    name = name if len(name) <= LONGEST_ID else name[: LONGEST_ID - 1] + "…"
    facts = [f"{len(recording.seq)} nt"]
    if recording.agent is not None:
        facts.append(f"by {printable(recording.agent)}")
    if recording.free_energy is not None:
        facts.append(f"{recording.free_energy:.1f} kcal/mol")
    if recording.confidence is not None:
        facts.append(f"confidence {recording.confidence.structure:.2f}")
    if recording.reference is not None:
        facts.append(f"F1 {agreement(recording.base_pairs, recording.reference).f1:.2f}")
    return f"{name}\n{', '.join(facts)}"


def pair_colours(recording: Recording) -> list[Any]:
    """Colour of each pair: of its probability where that is known, else of a sure one."""
    if recording.confidence is None:
        return [SURE(1.0)] * len(recording.base_pairs)
    return list(SURE(recording.confidence.pairs))


def base_colours(recording: Recording) -> FloatArray | str:
    """Fill of each base: of its confidence where that is known, else white."""
    return "white" if recording.base_confidence is None else SURE(recording.base_confidence)


def add_scale(axes: Axes, place: tuple[float, float, float, float], label: str) -> None:
    """A small colour bar of `SURE` at a place in the units of the axes."""
    inset = axes.inset_axes(place)
    bar = axes.figure.colorbar(ScalarMappable(cmap=SURE), cax=inset, orientation="horizontal")
    _as_scale(bar, label)


def add_scale_below(figure: Figure, label: str) -> None:
    """The same colour bar under the only axes of a figure, 2.5 inches wide."""
    shrink = min(0.5, 2.5 / figure.get_figwidth())
    colours = ScalarMappable(cmap=SURE)
    bar = figure.colorbar(colours, ax=figure.axes, location="bottom", shrink=shrink, aspect=30)
    _as_scale(bar, label)


def _as_scale(bar: Colorbar, label: str) -> None:
    bar.set_ticks([0, 0.5, 1])
    bar.ax.tick_params(labelsize=8, length=2)
    bar.outline.set_visible(False)
    bar.ax.set_title(label, fontsize=9)
