r"""Draws bundled RNAs: boxes on the grid (docs/example.png), or arcs with their confidence.

python docs/figures.py
python docs/figures.py preq1_pseudoknot --arcs --s1 real --agent best-score --pseudoknots allow \
    --out docs/riboswitch.png
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
from matplotlib.figure import Figure
from matplotlib.patches import Arc, Rectangle

from boxfold.agents.predictor import Predictor
from boxfold.features.agreement import agreement
from boxfold.features.box import BoxKind
from boxfold.features.fasta import FastaRecord
from boxfold.features.loops import structure_boxes
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket

COLOURS = {
    BoxKind.STEM: "#14823c",
    BoxKind.INTERIOR_LOOP: "#c87d0a",
    BoxKind.HAIRPIN: "#8246a0",
}
PROPOSED = "#5a96d2"
KNOWN = "#787878"
FAINTEST, BEYOND = 0.15, 0.85
"""Opacity of an arc without any confidence, and what full confidence adds."""


def main() -> None:
    """Predict one bundled example and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("id", nargs="?", default="adenine_riboswitch")
    parser.add_argument("--arcs", action="store_true", help="arcs above and below the sequence")
    parser.add_argument("--s1", help="name of weights or run folder (default: mfe)")
    parser.add_argument("--agent", default="clone")
    parser.add_argument("--pseudoknots", choices=("forbid", "allow"), default="forbid")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--out", default=str(Path(__file__).parent / "example.png"))
    args = parser.parse_args()
    table = pd.read_csv(str(files("boxfold.scripts") / "examples" / "rnas.csv")).set_index("id")
    known = table.loc[args.id]
    chain = Predictor.load(args.s1, args.agent, args.pseudoknots, samples=args.samples)
    reference = base_pairs_from_dot_bracket(known["dot_bracket"])
    paint = arc_figure if args.arcs else grid_figure
    figure = paint(chain, FastaRecord(args.id, "", known["sequence"], 0), reference, known["name"])
    figure.savefig(args.out, dpi=120, metadata={"Software": None})


def grid_figure(chain: Predictor, record: FastaRecord, reference: IntArray, name: str) -> Figure:
    """Boxes that were proposed and assembled, on the L x L grid."""
    (instance,) = chain.instances([record])
    rng = np.random.default_rng(0)
    (assembly,) = chain.agent.assemble([instance], rng, samples=chain.samples)
    figure, axes = plt.subplots(figsize=(6.4, 6.4), layout="constrained")
    draw(axes, len(record.seq), instance.boxes, assembly.base_pairs, reference)
    f1 = agreement(assembly.base_pairs, reference).f1
    add_legend(figure)
    axes.set_title(f"{name}: {len(instance.boxes)} boxes proposed, F1 {f1:.2f}")
    return figure


def arc_figure(chain: Predictor, record: FastaRecord, reference: IntArray, name: str) -> Figure:
    """The predicted pairs above the sequence, as opaque as they are sure; the known ones below."""
    (found,) = chain.predict([record], print)
    length = len(record.seq)
    figure, axes = plt.subplots(figsize=(8.0, 4.6), layout="constrained")
    sure = np.ones(len(found.base_pairs)) if found.confidence is None else found.confidence
    for pair, opacity in zip(found.base_pairs, sure, strict=True):
        _arc(axes, pair, up=True, color=COLOURS[BoxKind.STEM], alpha=FAINTEST + opacity * BEYOND)
    for pair in reference:
        _arc(axes, pair, up=False, color=KNOWN)
    size = min(9.0, 620 / length)
    for position, base in enumerate(record.seq):
        axes.text(position, 0, base, ha="center", va="center", family="monospace", fontsize=size)
    tallest = max([2, *np.ptp(np.concatenate([found.base_pairs, reference]), axis=1)]) / 2
    axes.set(xlim=(-1, length), ylim=(-tallest - 2.5, tallest + 2.5), aspect="equal")
    axes.axis("off")
    axes.text(-1, tallest + 1, "predicted: the fainter, the less sure", color=COLOURS[BoxKind.STEM])
    axes.text(-1, -tallest - 2, "known", color=KNOWN)
    f1 = agreement(found.base_pairs, reference).f1
    figure.suptitle(f"{name}: confidence {found.structure_confidence:.2f}, F1 {f1:.2f}")
    return figure


def _arc(axes: Axes, pair: IntArray, up: bool, **style: Any) -> None:
    """Half a circle over (or below) the letters of a pair."""
    i, j = pair.tolist()
    angles = (0, 180) if up else (180, 360)
    middle = ((i + j) / 2, 1 if up else -1)
    axes.add_patch(
        Arc(middle, j - i, j - i, theta1=angles[0], theta2=angles[1], linewidth=1.6, **style)
    )


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
