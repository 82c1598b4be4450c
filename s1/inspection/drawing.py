"""What all drawings of S1 share: colours, the L x L grid, boxes and pairs on it, files.

Rows of the grid are 5' positions from the top down, columns 3' positions, both from 0, so that a
base pair lies above the diagonal. Colours are those of Okabe and Ito, which colour-blind readers
can tell apart.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from boxfold.features.box import BoxKind
from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path
from boxfold.features.structure import IntArray

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#999999")
"""Okabe and Ito: blue, orange, green, vermillion, purple, light blue, black; and a grey."""

KIND_COLOURS = dict(zip(BoxKind, PALETTE, strict=False))

GREY = "0.55"

MAX_LETTERS = 80
"""Longer sequences are not written along the axes."""

FORMATS = ("png", "svg", "pdf")

DPI = 120

OPACITIES = (0.25, 0.5, 1.0)
"""Probabilities that a legend shows."""


def figure_format(path: str | Path) -> str:
    """Format that the suffix of a file name asks for.

    Raises
    ------
    InputError
        If it is none of `FORMATS`.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        allowed = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(f"{path}: no drawing can be written as that (allowed: {allowed})")
    return suffix


def save_figure(figure: Figure, path: str | Path, overwrite: bool = True, dpi: int = DPI) -> None:
    """Write a drawing; the same drawing gives the same bytes.

    Parameters
    ----------
    figure : Figure
    path : str or Path
        Its suffix says which of `FORMATS`.
    overwrite : bool
    dpi : int
        Pixels per inch of a PNG.

    Raises
    ------
    InputError
        If the path can't be written, or for another suffix.
    """
    name = figure_format(path)
    stamps = {"png": "Software", "svg": "Date", "pdf": "CreationDate"}
    metadata: dict[str, Any] = {stamps[name]: None}
    with (
        atomic_path(path, overwrite) as temporary,
        rc_context({"svg.hashsalt": "boxfold"}),
        catch_warnings(),
    ):
        filterwarnings("ignore", "Glyph .* missing from font")  # of ids in other scripts: a frame
        figure.savefig(temporary, format=name, dpi=dpi, metadata=metadata)


def kind_name(kind: BoxKind) -> str:
    """``interior loop`` instead of ``interior_loop``."""
    return kind.label.replace("_", " ")


def grid_figure(seq: str, title: str) -> tuple[Figure, Axes]:
    """Figure with one grid; a dollar sign in the title is one."""
    figure = Figure(figsize=(9, 9.8), layout="constrained")
    axes = figure.subplots()
    draw_grid(axes, seq)
    figure.suptitle(title, fontsize=11, parse_math=False)  # letters hide a title of the axes
    return figure, axes


def draw_grid(axes: Axes, seq: str) -> None:
    """Set up the grid of a sequence: diagonal, positions, letters of short ones.

    Parameters
    ----------
    axes : Axes
    seq : str
    """
    length = len(seq)
    axes.plot([-0.5, length - 0.5], [-0.5, length - 0.5], color="0.8", linewidth=0.8, zorder=0)
    axes.grid(color="0.93", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set(xlim=(-0.5, length - 0.5), ylim=(length - 0.5, -0.5), aspect="equal")
    axes.set(xlabel="3' position (column, from 0)", ylabel="5' position (row, from 0)")
    if length <= MAX_LETTERS:
        for letters in (axes.secondary_xaxis("top").xaxis, axes.secondary_yaxis("right").yaxis):
            letters.set_ticks(range(length), list(seq), fontsize=8)
            letters.set_tick_params(length=0, pad=1.5)


def draw_boxes(axes: Axes, boxes: IntArray, probability: NDArray[np.floating]) -> None:
    """Filled rectangles, one colour per kind, as opaque as they are probable, with a hairline.

    Parameters
    ----------
    axes : Axes
    boxes : ndarray, dtype=int, shape (N, 5)
    probability : ndarray, dtype=float, shape (N,)
        In [0, 1]; the most probable box lies on top.
    """
    for index in np.argsort(probability, kind="stable"):
        colour = KIND_COLOURS[BoxKind(int(boxes[index, 0]))]
        alpha = float(np.clip(probability[index], 0, 1))
        axes.add_patch(_rectangle(boxes[index], facecolor=colour, alpha=alpha, linewidth=0))
        axes.add_patch(
            _rectangle(boxes[index], fill=False, edgecolor=colour, linewidth=0.4, alpha=0.3)
        )


def outline_boxes(
    axes: Axes, boxes: IntArray, colour: str | None = None, width: float = 1.4
) -> None:
    """Rectangles without filling.

    Parameters
    ----------
    axes : Axes
    boxes : ndarray, dtype=int, shape (N, 5)
    colour : str, optional
        Default: black with the colour of the kind inside it.
    width : float
        Of the line, in points.
    """
    for box in boxes:
        inner = colour or KIND_COLOURS[BoxKind(int(box[0]))]
        if colour is None:
            axes.add_patch(_rectangle(box, fill=False, edgecolor="black", linewidth=2.3 * width))
        axes.add_patch(_rectangle(box, fill=False, edgecolor=inner, linewidth=width))


def draw_known_pairs(axes: Axes, base_pairs: IntArray) -> None:
    """Base pairs below the diagonal, one pixel each.

    Parameters
    ----------
    axes : Axes
    base_pairs : ndarray, dtype=int, shape (K, 2)
    """
    for i, j in base_pairs:
        axes.add_patch(Rectangle((i - 0.5, j - 0.5), 1, 1, facecolor="0.35", linewidth=0))


def legend_below(figure: Figure, handles: Iterable[Any], columns: int) -> None:
    """Legend under all axes, where it hides nothing."""
    figure.legend(
        handles=list(handles), loc="outside lower center", ncols=columns, fontsize=9, frameon=False
    )


def kind_handles() -> list[Patch]:
    """Legend entries of the kinds of boxes."""
    return [Patch(color=colour, label=kind_name(kind)) for kind, colour in KIND_COLOURS.items()]


def opacity_handles() -> list[Patch]:
    """Legend entries of `OPACITIES`."""
    return [Patch(color="0", alpha=p, linewidth=0, label=f"probability {p}") for p in OPACITIES]


def _rectangle(box: IntArray, **style: Any) -> Rectangle:
    _, row, col, n_rows, n_cols = box.tolist()
    return Rectangle((col - 0.5, row - 0.5), n_cols, n_rows, **style)
