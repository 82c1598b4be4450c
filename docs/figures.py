"""Draws an RNA: arcs in the colour of their probability, or boxes on the grid.

python docs/figures.py           # docs/riboswitch.png
python docs/figures.py --grid    # docs/example.png
"""

import argparse
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Arc, Rectangle
from PIL import Image

from boxfold.agents.predictor import Predictor
from boxfold.features.agreement import agreement
from boxfold.features.box import BoxKind
from boxfold.features.fasta import FastaRecord
from boxfold.features.loops import structure_boxes
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket, pages
from boxfold.scripts.chain_flags import AGENT, S1

RIBOSWITCH = {
    "id": "ztp_riboswitch",
    "sequence": "GGGAUACAGGACUGGCGGAUUAGUGGGAAACCACGUGGACUGUAUCCGAAAAAAAGCCGACCGCCUGGGCAUC",
    "dot_bracket": ".((((((((..(.[[[[[....((((....))))..)..))))))))........(((..]]]]]..)))...",
    "name": "ZTP riboswitch of Thermosinus carboxydivorans",
    "accession": "PDB 4ZNP",
    "source": "PDB (CC0); Ren, Rajashankar & Patel 2015 (Structure 23:1375)",
    "table": "pdb_tr1_vl1",
    "record": "4znp-1-A",
}
"""Drawn unless another is asked for: a fact beside the bundled ones, with canonical pairs only."""

COLOURS = {
    BoxKind.STEM: "#14823c",
    BoxKind.INTERIOR_LOOP: "#c87d0a",
    BoxKind.HAIRPIN: "#8246a0",
}
PROPOSED = "#5a96d2"
KNOWN = "#787878"
SURE = LinearSegmentedColormap.from_list("sure", ["#f0a030", "#d2466e", "#322882"])
"""Of a pair's probability; even the lowest is seen on white, and darker is surer in print, too."""

FLAT = 0.6
"""Height of an arc, as a share of half a circle's."""


def main() -> None:
    """Predict one RNA and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("id", nargs="?", default=RIBOSWITCH["id"], help="or that of a bundled RNA")
    parser.add_argument("--grid", action="store_true", help="boxes on the L x L grid, no arcs")
    parser.add_argument("--s1", default=S1, help="name of weights or run folder")
    parser.add_argument("--agent", default=AGENT)
    parser.add_argument("--pseudoknots", choices=("forbid", "allow"), default="allow")
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--out", help="default: riboswitch.png or example.png, beside this file")
    args = parser.parse_args()
    known = known_rnas().loc[args.id]
    chain = Predictor.load(args.s1, args.agent, args.pseudoknots, samples=args.samples)
    reference = base_pairs_from_dot_bracket(known["dot_bracket"])
    paint = grid_figure if args.grid else arc_figure
    record = FastaRecord(args.id, known["accession"], known["sequence"], 0)
    out = args.out or Path(__file__).parent / ("example.png" if args.grid else "riboswitch.png")
    save(paint(chain, record, reference, known["name"]), out)


def save(figure: Figure, path: str | Path) -> None:
    """As PNG of 256 colours, a third of the size: what a README shows is loaded by everybody."""
    figure.set_dpi(120)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture.quantize(method=Image.Quantize.MAXCOVERAGE).save(path, format="PNG", optimize=True)


def known_rnas() -> pd.DataFrame:
    """The bundled RNAs and `RIBOSWITCH`, by id."""
    bundled = pd.read_csv(str(files("boxfold.scripts") / "examples" / "rnas.csv"))
    return pd.concat([bundled, pd.DataFrame([RIBOSWITCH])]).set_index("id")


def grid_figure(chain: Predictor, record: FastaRecord, reference: IntArray, name: str) -> Figure:
    """Boxes that were proposed and assembled, on the L x L grid."""
    (instance,) = chain.instances([record])
    rng = np.random.default_rng(0)
    (assembly,) = chain.agent.assemble([instance], rng, samples=chain.samples)
    figure, axes = plt.subplots(figsize=(6.4, 6.4), layout="constrained")
    draw(axes, len(record.seq), instance.boxes, assembly.base_pairs, reference)
    f1 = agreement(assembly.base_pairs, reference).f1
    add_legend(figure)
    axes.set_title(f"{name}\n{len(instance.boxes)} boxes proposed, F1 {f1:.2f}")
    return figure


def arc_figure(chain: Predictor, record: FastaRecord, reference: IntArray, name: str) -> Figure:
    """The predicted pairs above the sequence, in the colour of their confidence; the known below.

    Pairs of one side only are dashed.
    """
    (found,) = chain.predict([record], print)
    figure, axes = plt.subplots(figsize=(9.6, 4.9), layout="constrained")
    sure = np.ones(len(found.base_pairs)) if found.confidence is None else found.confidence
    _arcs(axes, found.base_pairs, [SURE(each) for each in sure], others=reference, side=1)
    _arcs(axes, reference, [KNOWN] * len(reference), others=found.base_pairs, side=-1)
    _letters(axes, record.seq)
    _name_the_knot(axes, found.base_pairs)
    widest = max([12, *np.ptp(np.concatenate([found.base_pairs, reference]), axis=1)])
    top = FLAT * widest / 2 + 3.5
    axes.set(xlim=(-2.5, len(record.seq) + 1.5), ylim=(-top, top), aspect="equal")
    axes.axis("off")
    axes.text(-2.5, top - 1.5, "predicted", va="top", fontsize=11, color=SURE(1.0))
    known = f"known, {record.description} (dashed: missed)"
    axes.text(-2.5, 1.5 - top, known, va="bottom", fontsize=11, color=KNOWN)
    _scale(axes)
    f1 = agreement(found.base_pairs, reference).f1
    figure.suptitle(f"{name}: confidence {found.structure_confidence:.2f}, F1 {f1:.2f}")
    return figure


def _arcs(axes: Axes, pairs: IntArray, colours: list[Any], others: IntArray, side: int) -> None:
    """One arc over (side 1) or below (-1) the letters of each pair."""
    shared = set(map(tuple, others.tolist()))
    angles = {"theta1": 0, "theta2": 180} if side > 0 else {"theta1": 180, "theta2": 360}
    for (i, j), colour in zip(pairs.tolist(), colours, strict=True):
        style = "-" if (i, j) in shared else (0, (3, 2))
        size = (j - i, FLAT * (j - i))
        arc = Arc(((i + j) / 2, side), *size, **angles, lw=1.8, ls=style, color=colour)
        axes.add_patch(arc)


def _letters(axes: Axes, seq: str) -> None:
    """The sequence between both sides, and its ends."""
    size = min(9.0, 640 / len(seq))
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
    for position, base in enumerate(seq):
        axes.text(position, 0, base, family="monospace", **style)
    for beyond, end in ((-1.7, "5'"), (len(seq) + 0.7, "3'")):
        axes.text(beyond, 0, end, color=KNOWN, **style)


def _name_the_knot(axes: Axes, pairs: IntArray) -> None:
    """Write above the widest pair among those that are bracketed as crossing others."""
    crossing = pairs[pages(pairs) > 0]
    if len(crossing):
        i, j = crossing[np.argmax(np.ptp(crossing, axis=1))]
        place = ((i + j) / 2, 1.5 + FLAT * (j - i) / 2)
        axes.text(*place, "the stem that knots", ha="center", va="bottom", fontsize=9)


def _scale(axes: Axes) -> None:
    """A small colour bar where no arc reaches."""
    place = axes.inset_axes((0.78, 0.9, 0.2, 0.03))
    bar = axes.figure.colorbar(ScalarMappable(cmap=SURE), cax=place, orientation="horizontal")
    bar.set_ticks([0, 0.5, 1])
    bar.ax.tick_params(labelsize=8, length=2)
    bar.outline.set_visible(False)
    bar.ax.set_title("probability of a pair", fontsize=9)


def draw(
    axes: Axes, length: int, proposed: IntArray, base_pairs: IntArray, reference: IntArray
) -> None:
    """Proposed and assembled boxes above the diagonal, known pairs below it."""
    for box in proposed:
        _rectangle(axes, box, edgecolor=PROPOSED, linewidth=0.6, fill=False)
    for box in structure_boxes(base_pairs):
        colour = COLOURS[BoxKind(int(box[0]))]
        _rectangle(axes, box, edgecolor=colour, facecolor=colour + "40", linewidth=1.4)
    columns, rows = base_pairs[:, 1], base_pairs[:, 0]
    axes.scatter(columns, rows, s=5, color=COLOURS[BoxKind.STEM], zorder=3)
    axes.scatter(reference[:, 0], reference[:, 1], s=5, color=KNOWN, zorder=3)
    axes.plot([0, length - 1], [0, length - 1], color="#dddddd", linewidth=0.8)
    axes.set(xlim=(-1, length), ylim=(length, -1), aspect="equal")
    axes.set(xlabel="3' position", ylabel="5' position")


def add_legend(figure: Figure) -> None:
    """Below the grid, where it hides nothing."""
    handles = [Rectangle((0, 0), 1, 1, color=colour) for colour in COLOURS.values()]
    handles += [Rectangle((0, 0), 1, 1, color=PROPOSED, fill=False)]
    handles += [Rectangle((0, 0), 1, 1, color=KNOWN)]
    labels = [kind.label.replace("_", " ") for kind in COLOURS] + ["proposed stem", "known pair"]
    figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=8)


def _rectangle(axes: Axes, box: IntArray, **style: Any) -> None:
    _, row, col, n_rows, n_cols = box.tolist()
    axes.add_patch(Rectangle((col - 0.5, row - 0.5), n_cols, n_rows, **style))


if __name__ == "__main__":
    main()
