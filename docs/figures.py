"""Draws an RNA: arcs in the colour of their probability, or boxes on the grid.

python docs/figures.py           # docs/riboswitch.png
python docs/figures.py --grid    # docs/example.png
"""

import argparse
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from boxfold.agents.pictures.arcs import draw_arcs
from boxfold.agents.pictures.grid import draw_proposals
from boxfold.agents.predictor import Predictor
from boxfold.features.agreement import agreement
from boxfold.features.box import BoxKind
from boxfold.features.fasta import FastaRecord
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket
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
    (found,) = chain.record([record], print)
    f1 = agreement(found.base_pairs, reference).f1
    n_stems = int((found.boxes[:, 0] == BoxKind.STEM).sum())
    title = f"{name}\n{n_stems} stems proposed, F1 {f1:.2f}"
    return draw_proposals(replace(found, reference=reference), title)


def arc_figure(chain: Predictor, record: FastaRecord, reference: IntArray, name: str) -> Figure:
    """The predicted pairs above the sequence, as coloured as they are sure; the known below."""
    (found,) = chain.record([record], print)
    sure = found.confidence.structure if found.confidence else 1.0
    f1 = agreement(found.base_pairs, reference).f1
    title = f"{name}: confidence {sure:.2f}, F1 {f1:.2f}"
    known = f"known, {record.description}"
    return draw_arcs(replace(found, reference=reference), title, known)


if __name__ == "__main__":
    main()
