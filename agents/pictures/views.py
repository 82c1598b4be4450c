"""The drawings by name."""

from collections.abc import Callable

from matplotlib.figure import Figure

from boxfold.agents.pictures.arcs import draw_arcs
from boxfold.agents.pictures.grid import draw_multiloops, draw_proposals
from boxfold.agents.pictures.steps import draw_steps
from boxfold.agents.pictures.structure import draw_structure
from boxfold.agents.pictures.track import draw_confidence
from boxfold.agents.recording import Recording

VIEWS: dict[str, Callable[[Recording], Figure]] = {
    "structure": draw_structure,
    "arcs": draw_arcs,
    "grid": draw_proposals,
    "steps": draw_steps,
    "multiloops": draw_multiloops,
    "confidence": draw_confidence,
}
"""What ``boxfold plot --what`` draws of a recording. Figures belong to no window or pyplot."""
