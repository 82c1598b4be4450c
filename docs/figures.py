"""Draws docs/example.png of the README: ``python docs/figures.py [id]``."""

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
from matplotlib.patches import Rectangle

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


def main() -> None:
    """Predict one bundled example and draw its boxes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("id", nargs="?", default="adenine_riboswitch")
    parser.add_argument("--s1", help="run folder (default: shipped)")
    parser.add_argument("--agent", default="clone")
    parser.add_argument("--out", default=str(Path(__file__).parent / "example.png"))
    args = parser.parse_args()
    table = pd.read_csv(str(files("boxfold.scripts") / "examples" / "rnas.csv")).set_index("id")
    known = table.loc[args.id]
    chain = Predictor.load(args.s1, args.agent)
    record = FastaRecord(args.id, "", known["sequence"], 0)
    (instance,) = chain.instances([record])
    (assembly,) = chain.agent.assemble([instance], np.random.default_rng(0), samples=16)
    reference = base_pairs_from_dot_bracket(known["dot_bracket"])
    figure, axes = plt.subplots(figsize=(6.4, 6.4), layout="constrained")
    draw(axes, len(record.seq), instance.boxes, assembly.base_pairs, reference)
    f1 = agreement(assembly.base_pairs, reference).f1
    add_legend(figure)
    axes.set_title(f"{known['name']}: {len(instance.boxes)} boxes proposed, F1 {f1:.2f}")
    figure.savefig(args.out, dpi=120, metadata={"Software": None})


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
