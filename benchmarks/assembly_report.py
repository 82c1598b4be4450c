"""Tables of docs/assembly-report.md out of a per_sequence.csv of `boxfold evaluate`.

    python benchmarks/assembly_report.py runs/set_b/per_sequence.csv --agents clone reinforce

Prints energy gap and F1 by length and by whether the reference has a multi-branch loop, and the ten
worst sequences of the first agent; draws these with `--draw FILE`: the agent's pairs as arcs above
the sequence, RNAfold's below, pairs of both in grey.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from boxfold.features.loops import has_multiloop
from boxfold.features.structure import base_pairs_from_dot_bracket

BINS = (0, 60, 90, 120, 150, 201)


def split_table(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Number of sequences, mean energy gap and F1 of each agent by a column."""
    grouped = rows.groupby([by, "agent"], observed=True)[["energy_gap", "f1"]]
    table = grouped.mean().unstack("agent")
    table[("n", "")] = rows.drop_duplicates("id").groupby(by, observed=True).size()
    return table


def draw_worst(worst: pd.DataFrame, reference: pd.Series, path: str) -> None:
    """Arc diagrams of some rows, one below the other."""
    figure, axes = plt.subplots(len(worst), 1, figsize=(8, 1.5 * len(worst)), squeeze=False)
    for axis, row in zip(axes[:, 0], worst.itertuples(), strict=True):
        pairs = {
            side: {tuple(pair) for pair in base_pairs_from_dot_bracket(dot_bracket).tolist()}
            for side, dot_bracket in ((1, row.dot_bracket), (-1, reference[row.id]))
        }
        for side, colour in ((1, "tab:red"), (-1, "tab:blue")):
            for i, j in pairs[side]:
                shade = "lightgrey" if (i, j) in pairs[-side] else colour
                angle = np.linspace(0, np.pi, 60)
                x, y = (i + j) / 2 + (j - i) / 2 * np.cos(angle), side * (j - i) * np.sin(angle) / 2
                axis.plot(x, y, color=shade, linewidth=0.8)
        axis.plot([0, row.length - 1], [0, 0], color="black", linewidth=0.6)
        axis.set_title(f"{row.id}: {row.energy_gap:.1f} kcal/mol above the optimum", fontsize=7)
        axis.set_axis_off()
    figure.tight_layout(pad=0.3)
    figure.savefig(path, dpi=45)


def main() -> None:
    """Read, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("table", help="per_sequence.csv with rows of the agent rnafold")
    parser.add_argument("--agents", nargs="+", required=True)
    parser.add_argument("--draw", metavar="PNG", help="where to draw the ten worst")
    args = parser.parse_args()
    frame = pd.read_csv(args.table)
    reference = frame[frame["agent"] == "rnafold"].set_index("id")["dot_bracket"]
    rows = frame[frame["agent"].isin(args.agents)].copy()
    rows["length"] = pd.cut(rows["length"], BINS, right=False)
    rows["multiloop"] = rows["id"].map(
        reference.map(base_pairs_from_dot_bracket).map(has_multiloop)
    )
    with pd.option_context("display.width", 200):
        for by in ("length", "multiloop"):
            print(split_table(rows, by).to_string(float_format="{:.3f}".format), end="\n\n")
    first = frame[frame["agent"] == args.agents[0]]
    worst = first.nlargest(10, "energy_gap")
    if args.draw:
        draw_worst(worst, reference, args.draw)
    for row in worst.itertuples():
        print(f"{row.id} ({row.length} nt): {row.energy_gap:.2f} kcal/mol above the optimum")
        print(f"  {args.agents[0]:<12} {row.dot_bracket}")
        print(f"  {'rnafold':<12} {reference[row.id]}")
    assert np.isfinite(rows["energy_gap"]).all(), "an agent failed on a sequence"


if __name__ == "__main__":
    main()
