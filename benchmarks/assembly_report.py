"""Tables of docs/assembly-report.md out of a per_sequence.csv of `boxfold evaluate`.

    python benchmarks/assembly_report.py runs/set_b/per_sequence.csv --agents clone reinforce

Prints energy gap and F1 by length and by whether the reference has a multi-branch loop, and the ten
worst sequences of the first agent with both structures.
"""

import argparse

import numpy as np
import pandas as pd

from boxfold.features.loops import stems
from boxfold.features.relations import closed_by_same_pair
from boxfold.features.structure import base_pairs_from_dot_bracket

BINS = (0, 60, 90, 120, 150, 201)


def has_multiloop(dot_bracket: str) -> bool:
    """Whether two stems lie side by side inside of a third."""
    boxes = stems(base_pairs_from_dot_bracket(dot_bracket))
    return bool(closed_by_same_pair(boxes).any()) if len(boxes) else False


def split_table(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Number of sequences, mean energy gap and F1 of each agent by a column."""
    grouped = rows.groupby([by, "agent"], observed=True)[["energy_gap", "f1"]]
    table = grouped.mean().unstack("agent")
    table[("n", "")] = rows.drop_duplicates("id").groupby(by, observed=True).size()
    return table


def main() -> None:
    """Read, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("table", help="per_sequence.csv with rows of the agent rnafold")
    parser.add_argument("--agents", nargs="+", required=True)
    args = parser.parse_args()
    frame = pd.read_csv(args.table)
    reference = frame[frame["agent"] == "rnafold"].set_index("id")["dot_bracket"]
    rows = frame[frame["agent"].isin(args.agents)].copy()
    rows["length"] = pd.cut(rows["length"], BINS, right=False)
    rows["multiloop"] = rows["id"].map(reference.map(has_multiloop))
    with pd.option_context("display.width", 200):
        for by in ("length", "multiloop"):
            print(split_table(rows, by).to_string(float_format="{:.3f}".format), end="\n\n")
    first = frame[frame["agent"] == args.agents[0]]
    for row in first.nlargest(10, "energy_gap").itertuples():
        print(f"{row.id} ({row.length} nt): {row.energy_gap:.2f} kcal/mol above the optimum")
        print(f"  {args.agents[0]:<12} {row.dot_bracket}")
        print(f"  {'rnafold':<12} {reference[row.id]}")
    assert np.isfinite(rows["energy_gap"]).all(), "an agent failed on a sequence"


if __name__ == "__main__":
    main()
