r"""Training sets for what S1 owes to the families it has seen, and to how many RNAs.

    python benchmarks/held_out.py --data data/real.parquet --knotted runs/knots/knotted_families.txt --out runs/held_out

`--data` is a data set of `boxfold dataset-known` with the columns rfam_acc and family. Its training
rows are cut, its validation rows stay:

- ``families.parquet``: without the three sets of `HELD_OUT`
- ``knots.parquet``: without the accessions of `--knotted` (of `benchmarks/knot_sets.py`) and without
  RNAs that have no accession, which may belong to them
- ``part_2.parquet``, ``part_4``, ``part_8``: a half, a quarter, an eighth, each within the one before

``SET.csv`` are the RNAs of each set of `HELD_OUT` in VL0 and TS0, to report on;
`boxfold dataset-known --without $(cat families.txt)` makes other tables without these sets.
"""  # noqa: E501

import argparse
import sys
import zlib
from pathlib import Path

import pandas as pd

from boxfold.features.files import atomic_path
from boxfold.s1.tables import read_dataset, read_sequences, write_dataset
from boxfold.scripts.common import guarded

HELD_OUT = {
    "trna": "RF00005 RF00023 RF01849 RF01850 RF01851 RF01852 RF02544 SPR tmRNA",
    "sam": "RF00162 RF00634 RF01725",
    "knotted": "RF01831 RF01704 RF01761 RF01739",
}
"""Accessions and data bases (bpRNA's column `family`) of three sets with their kin: the clan of
tRNA and tmRNA (CL00001), that of the SAM riboswitch (CL00012), and three knotted families (THF
riboswitch, downstream-peptide motif with its relative glnA, wcaG)."""

ALL_HELD_OUT = [name for names in HELD_OUT.values() for name in names.split()]

PARTS = (2, 4, 8)


def in_set(rows: pd.DataFrame, names: list[str]) -> pd.Series:
    """Which rows have one of these accessions or come from one of these data bases."""
    return rows["rfam_acc"].isin(names) | rows["family"].isin(names)


def in_part(rows: pd.DataFrame, n: int) -> pd.Series:
    """Which rows are in the part of one in `n`: by the CRC-32 of their id.

    Examples
    --------
    >>> rows = pd.DataFrame({"id": [str(k) for k in range(80)]})
    >>> [int(in_part(rows, n).sum()) for n in (1, 2, 4)]
    [80, 38, 19]
    """
    return rows["id"].map(lambda name: zlib.crc32(str(name).encode()) % n == 0)


def training_sets(rows: pd.DataFrame, knotted: list[str]) -> dict[str, pd.DataFrame]:
    """The cut data sets by name."""
    is_training = rows["split"] == "train"
    kept = {
        "families": ~in_set(rows, ALL_HELD_OUT),
        "knots": ~in_set(rows, knotted) & rows["rfam_acc"].notna(),
    }
    kept |= {f"part_{n}": in_part(rows, n) for n in PARTS}
    return {name: rows[keep | ~is_training].reset_index(drop=True) for name, keep in kept.items()}


def main() -> int:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="of boxfold dataset-known")
    parser.add_argument("--knotted", type=Path, required=True, help="lines rfam_acc=ACCESSION")
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="data folder")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    knotted = [line.partition("=")[2] for line in args.knotted.read_text().split()]
    for name, rows in training_sets(read_dataset(args.data), knotted).items():
        write_dataset(rows, args.out / f"{name}.parquet")
        print(f"{name}: {(rows['split'] == 'train').sum()} training rows", flush=True)
    tables = [args.shared / f"bprna_{name}.csv.gz" for name in ("vl0", "ts0")]
    known = pd.concat([read_sequences(path, on_warning=lambda line: None) for path in tables])
    words = [
        f"{'rfam_acc' if name.startswith('RF') else 'family'}={name}\n" for name in ALL_HELD_OUT
    ]
    with atomic_path(args.out / "families.txt") as path:
        path.write_text("".join(words), encoding="utf-8")
    for name, names in HELD_OUT.items():
        rows = known[in_set(known, names.split())]
        with atomic_path(args.out / f"{name}.csv") as path:
            rows[["id", "sequence", "dot_bracket", "rfam_acc"]].to_csv(path, index=False)
        print(f"{name}: {len(rows)} RNAs to report on", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(guarded("held_out", main))
