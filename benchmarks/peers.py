r"""Other predictors on TS0, PseudoBase++ (half report) and Rfam151, and ours beside them.

OMP_NUM_THREADS=1 python benchmarks/peers.py --shared ../shared/data --out runs/peers/report
    --ours runs/peers/*/per_sequence.csv

Writes peers.csv (every number with its 95 % bootstrap interval over sequences), peers.md and
matched.csv: the nested RNAs of TS0 that match PseudoBase++ in length, on which false knots count.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd
from peer_rows import KNOT_SIZES, Ratio, known_structures, length_matched, measured, ratios, subsets

from boxfold.features.files import atomic_path
from boxfold.scripts.markdown import markdown_table

TITLES = {"ts0": "bpRNA TS0", "pseudobase": "PseudoBase++, half report", "rfam151": "Rfam151"}
COLUMNS = ("f1", "f1_canonical", "knotted_f1", "false_knots")


def main() -> None:
    """Measure, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="data folder")
    parser.add_argument("--ours", nargs="*", default=[], help="per_sequence.csv of our agents")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    args = parser.parse_args()
    known = known_structures(args.shared)
    predictions = read_predictions(args.shared / "peers_public.csv.gz", args.ours)
    matched = matched_ids(known)
    table = peer_table(measured(predictions, known), matched)
    text = "\n\n".join(report(table))
    print(text)
    with atomic_path(args.out / "peers.csv") as path:
        table.to_csv(path, index=False, float_format="%.5f")
    with atomic_path(args.out / "matched.csv") as path:
        known[known["id"].isin(matched)][["id", "length"]].to_csv(path, index=False)
    with atomic_path(args.out / "peers.md") as path:
        path.write_text(text + "\n")


def read_predictions(peers: Path, ours: list[str]) -> pd.DataFrame:
    """Columns id, tool, dot_bracket of the peers, and of agents in tables of `boxfold evaluate`.

    Agents of the name of a peer are left out: `evaluate --peers` writes those too.
    """
    frame = pd.read_csv(peers, dtype=str)[["id", "tool", "dot_bracket"]]
    tables = [pd.read_csv(path, dtype={"id": str}) for path in ours]
    rows = [table.rename(columns={"agent": "tool"})[list(frame.columns)] for table in tables]
    rows = [each[~each["tool"].isin(frame["tool"])] for each in rows]
    return pd.concat([frame, *rows], ignore_index=True)


def matched_ids(known: pd.DataFrame) -> list[str]:
    """Nested RNAs of TS0 without unknown bases (peers lack those), as long as PseudoBase++."""
    lengths = known.set_index("id")["length"]
    is_plain = known["nested"] & ~known["sequence"].str.contains("N")
    offered = known.loc[(known["set"] == "ts0") & is_plain, "id"]
    wanted = known.loc[known["set"] == "pseudobase", "id"]
    return length_matched(lengths[wanted], lengths[offered])


def peer_table(rows: pd.DataFrame, matched: list[str]) -> pd.DataFrame:
    """Columns set, subset, tool, metric, n, value, low, high."""
    found = []
    for set_name, of_set in rows.groupby("set", sort=False):
        for subset, part in subsets(of_set, matched):
            for tool, of_tool in part.groupby("tool", sort=False):
                for metric, numbers in ratios(of_tool).items():
                    key = {"set": set_name, "subset": subset, "tool": tool, "metric": metric}
                    found.append({**key, "n": len(of_tool), **numbers._asdict()})
    return pd.DataFrame(found)


def report(table: pd.DataFrame) -> list[str]:
    """Titles and tables in Markdown."""
    parts = []
    for set_name, title in TITLES.items():
        of_set = table[table["set"] == set_name]
        parts += [f"### {title}", markdown_table(wide(of_set[of_set["subset"] == "all"], "metric"))]
        by_subset = of_set[(of_set["metric"] == "f1") & (of_set["subset"] != "all")]
        sizes = by_subset.groupby("subset", sort=False)["n"].max()
        sizes_text = ", ".join(f"{name} {n}" for name, n in sizes.items())
        parts += [f"F1 by part (RNAs: {sizes_text}):", markdown_table(wide(by_subset, "subset"))]
    matched = table[(table["set"] == "ts0") & (table["subset"] == "length-matched")]
    curve = matched[matched["metric"].str.startswith("false_knots_")]
    parts += [
        f"### False knots on nested RNAs of TS0 matched to PseudoBase++ in length, "
        f"by the fewest pairs of a crossing stem ({', '.join(map(str, KNOT_SIZES))}; 3 of both)",
        markdown_table(wide(curve, "metric")),
    ]
    return parts


def wide(table: pd.DataFrame, across: str) -> pd.DataFrame:
    """Tools down, metrics or subsets across, each as ``value (low-high)``; best F1 first."""
    numbers = table[["value", "low", "high"]].itertuples(index=False, name=None)
    texts = table.assign(text=[interval(Ratio(*each)) for each in numbers])
    order = table.groupby("tool", sort=False)["value"].first().sort_values(ascending=False).index
    columns = list(dict.fromkeys(table[across]))
    if across == "metric" and set(COLUMNS) <= set(columns):
        columns = list(COLUMNS)
    frame = texts.pivot(index="tool", columns=across, values="text").loc[order, columns]
    frame.insert(0, "n", table.groupby("tool")["n"].max())
    return frame.reset_index()


def interval(numbers: Ratio) -> str:
    """E.g. ``.541 (.52-.56)``; ``-`` where there is nothing to count."""
    if numbers.value != numbers.value:
        return "-"
    value, low, high = (f"{x:.{digits}f}".removeprefix("0") for x, digits in
                        zip(numbers, (3, 2, 2), strict=True))  # fmt: skip
    return f"{value} ({low}-{high})"


if __name__ == "__main__":
    sys.exit(main())
