"""Confidence along the sequence: a bar for each base."""

import numpy as np
from matplotlib.figure import Figure

from boxfold.agents.pictures.style import base_colours, title_of
from boxfold.agents.recording import Recording
from boxfold.features.errors import InputError

MOST_LETTERS = 120
"""Longer sequences have positions in place of letters."""


def draw_confidence(recording: Recording, title: str | None = None) -> Figure:
    """Confidence of each base: of its pair, or that it has none; paired bases are marked.

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
        If it isn't known.
    """
    if recording.base_confidence is None:
        raise InputError(f"record '{recording.id}': nothing says how sure its bases are")
    length = len(recording.seq)
    figure = Figure(figsize=(9.6, 2.8), layout="constrained")
    axes = figure.subplots()
    fill = base_colours(recording)
    axes.bar(range(length), recording.base_confidence, width=0.9, color=fill)
    paired = np.unique(recording.base_pairs)
    axes.plot(paired, np.full(len(paired), -0.04), "k.", markersize=3, gid="paired")
    axes.set(xlim=(-0.8, length - 0.2), ylim=(-0.08, 1.02), ylabel="confidence")
    if length <= MOST_LETTERS:
        axes.set_xticks(range(length), list(recording.seq), fontsize=min(9.0, 640 / length))
        axes.tick_params(axis="x", length=0)
    where = "" if length <= MOST_LETTERS else "position (from 0); "
    axes.set_xlabel(f"{where}dots: paired bases", fontsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title(title or title_of(recording), fontsize=11, parse_math=False)
    return figure
