r"""RNAs on which knots are measured: tables of sequences, and of their boxes.

OMP_NUM_THREADS=1 python benchmarks/knot_sets.py --s1 real --out runs/knots/real

Writes SET.csv (id, sequence, dot_bracket, origin), with --s1 SET.parquet too, the output of
`boxfold propose`, and knotted_families.txt. Sets: ``report``, half `report` of PseudoBase++;
``matched``, the nested RNAs of TS0 that match it in length (matched.csv of `benchmarks/peers.py`);
``shuffled``, dinucleotide shuffles of these; ``flanked``, `report` between shuffles of itself.

A model for which knotted families are held out learns from
`boxfold dataset-known --without $(cat knotted_families.txt)`; the sets stay as they are.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from peer_rows import known_structures
from peers import matched_ids

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path
from boxfold.features.knots import is_knotted
from boxfold.features.shuffle import dinucleotide_shuffle
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.tables import read_sequences
from boxfold.scripts import propose
from boxfold.scripts.common import guarded

SETS = ("report", "matched", "shuffled", "flanked")
FLANK = 30
"""Bases on each side of a flanked RNA."""

_COLUMNS = ["id", "sequence", "dot_bracket", "origin"]


def knot_sets(known: pd.DataFrame, seeds: Sequence[int]) -> dict[str, pd.DataFrame]:
    """The sets by name, each with columns id, sequence, dot_bracket, origin (id of the source).

    Parameters
    ----------
    known : DataFrame
        Of `peer_rows.known_structures`.
    seeds : sequence of int
        ``shuffled`` and ``flanked`` hold each RNA once per seed.
    """
    known = known.assign(origin=known["id"])
    report = known.loc[known["set"] == "pseudobase", _COLUMNS]
    matched = known.loc[(known["set"] == "ts0") & known["id"].isin(matched_ids(known)), _COLUMNS]
    sets = {
        "report": report,
        "matched": matched,
        "shuffled": pd.concat([shuffled(matched, seed) for seed in seeds]),
        "flanked": pd.concat([flanked(report, seed) for seed in seeds]),
    }
    return {name: rows.reset_index(drop=True) for name, rows in sets.items()}


def shuffled(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Sequences with the same dinucleotides; ``dot_bracket`` is None, since no structure is known.

    Examples
    --------
    >>> rows = pd.DataFrame({"id": ["x"], "sequence": ["ACACGUAGGUAC"], "dot_bracket": ["." * 12]})
    >>> shuffled(rows, seed=3).values.tolist()
    [['x_shuffle3', 'AGGUACGUACAC', None]]
    """
    rng = np.random.default_rng(seed)
    found = [dinucleotide_shuffle(seq, rng) for seq in rows["sequence"]]
    return rows.assign(id=rows["id"] + f"_shuffle{seed}", sequence=found, dot_bracket=None)


def flanked(rows: pd.DataFrame, seed: int, size: int = FLANK) -> pd.DataFrame:
    """RNAs with a `flank` on each side; the structure moves along, the flanks have none.

    Examples
    --------
    >>> rows = pd.DataFrame({"id": ["x"], "sequence": ["GGAAACC"], "dot_bracket": ["((...))"]})
    >>> flanked(rows, seed=0, size=4).values.tolist()
    [['x_flanks0', 'GGAAGGAAACCGGAA', '....((...))....']]
    """
    rng = np.random.default_rng(seed)
    sequences = [flank(seq, rng, size) + seq + flank(seq, rng, size) for seq in rows["sequence"]]
    structures = "." * size + rows["dot_bracket"] + "." * size
    return rows.assign(id=rows["id"] + f"_flanks{seed}", sequence=sequences, dot_bracket=structures)


def flank(seq: str, rng: np.random.Generator, size: int = FLANK) -> str:
    """First `size` bases of a dinucleotide shuffle of a sequence; of several, if it is shorter.

    Each shuffle is a new one, so that a short RNA gets no repeats.
    """
    shuffles = [dinucleotide_shuffle(seq, rng) for _ in range(-(-size // len(seq)))]
    return "".join(shuffles)[:size]


def knotted_families(folder: Path) -> list[str]:
    """Rfam accessions of TR0 and VL0 that hold a knotted RNA, sorted."""
    tables = [folder / f"bprna_{name}.csv.gz" for name in ("tr0", "vl0")]
    frames = [read_sequences(path, on_warning=lambda line: None) for path in tables]
    rows = pd.concat(frames).dropna(subset=["rfam_acc", "dot_bracket"])
    knotted = [is_knotted(base_pairs_from_dot_bracket(text)) for text in rows["dot_bracket"]]
    return sorted(rows.loc[knotted, "rfam_acc"].unique())


def write_sets(shared: Path, seeds: Sequence[int], out: Path) -> None:
    """Write the tables of sequences and the list of families."""
    for name, rows in knot_sets(known_structures(shared), seeds).items():
        with atomic_path(out / f"{name}.csv") as path:
            rows.to_csv(path, index=False)
        print(f"{name}: {len(rows)} RNAs, {rows['sequence'].str.len().mean():.1f} nt", flush=True)
    families = knotted_families(shared)
    with atomic_path(out / "knotted_families.txt") as path:
        path.write_text("".join(f"rfam_acc={name}\n" for name in families))
    print(f"knotted families of TR0 and VL0: {len(families)}", flush=True)


def propose_sets(folder: Path, s1: str, max_boxes: int) -> None:
    """Write SET.parquet beside each SET.csv, in place of older ones.

    Raises
    ------
    InputError
        If `boxfold propose` fails on one.
    """
    for name in SETS:
        files = ["--data", folder / f"{name}.csv", "--out", folder / f"{name}.parquet"]
        flags = [*files, "--s1", s1, "--max-boxes", max_boxes, "--overwrite"]
        if propose.main([str(flag) for flag in flags]):
            raise InputError(f"{folder / name}.csv: boxfold propose failed")


def add_set_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags that `knot_curve.py` shares."""
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="data folder")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of shuffles, flanks")
    parser.add_argument("--max-boxes", type=int, default=128, help="stems per RNA")


def main() -> int:
    """Write the sets and, with --s1, their boxes."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_set_arguments(parser)
    parser.add_argument("--s1", help="weights or run folder of train-s1: propose boxes too")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    args = parser.parse_args()
    write_sets(args.shared, args.seeds, args.out)
    if args.s1:
        propose_sets(args.out, args.s1, args.max_boxes)
    return 0


if __name__ == "__main__":
    sys.exit(guarded("knot_sets", main))
