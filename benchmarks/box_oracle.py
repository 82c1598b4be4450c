r"""How good a structure the boxes of a source allow: best reachable F1 by number of boxes.

OMP_NUM_THREADS=1 python benchmarks/box_oracle.py --data ../shared/data/bprna_vl0.csv.gz \
    --count 300 --s1 real --out runs/box_oracle

Sources: all maximal canonical runs by stacking energy; S1; stems of structures sampled from
ViennaRNA's ensemble, by votes; and the three in turn. Crossing boxes may be picked together. The
references are taken as given, and without what no box can hold (pairs that are not canonical,
short hairpins).
"""

import argparse
import time
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from boxfold.agents.oracle import BestF1, best_f1
from boxfold.features.box import line_keys
from boxfold.features.cleaning import canonical_pairs
from boxfold.features.files import atomic_path
from boxfold.features.loops import stems
from boxfold.features.proposals import run_proposals
from boxfold.features.stem_weights import shared_pairs
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket
from boxfold.rewards.energy import sample_structures
from boxfold.s1.model import S1Model
from boxfold.s1.propose import ProposeConfig, propose_batch
from boxfold.s1.tables import read_sequences
from boxfold.scripts.common import progress
from boxfold.scripts.markdown import markdown_table

SIZES = (16, 32, 64, 128, 256)


def boxes_of_sources(
    seq: str, model: S1Model, size: int, samples: int, seed: int
) -> dict[str, IntArray]:
    """At most `size` stems (N, 5) of each source, best first."""
    config = ProposeConfig(max_boxes=size)
    found = {
        "runs": run_proposals(seq, size).boxes,
        "s1": propose_batch(model, [seq], config)[0].boxes,
        "viennarna": voted_stems(sample_structures(seq, samples, seed))[:size],
    }
    return {**found, "union": in_turn(list(found.values()))[:size]}


def voted_stems(structures: list[IntArray]) -> IntArray:
    """Stems of structures, those of most structures first, long ones among equals; (N, 5)."""
    lines = np.concatenate([np.zeros((0, 5), dtype=np.int64), *map(stems, structures)])
    _, first, votes = np.unique(line_keys(lines), return_index=True, return_counts=True)
    return lines[first[np.lexsort((-lines[first, 3], -votes))]]


def in_turn(sources: list[IntArray]) -> IntArray:
    """The best of each source, then the second of each, and so on; each box once.

    Examples
    --------
    >>> in_turn([np.array([[0, 1, 2, 3, 3], [0, 0, 9, 1, 1]]), np.array([[0, 1, 2, 3, 3]])])
    array([[0, 1, 2, 3, 3],
           [0, 0, 9, 1, 1]])
    """
    turns = zip_longest(*(map(tuple, boxes.tolist()) for boxes in sources))
    unique = dict.fromkeys(box for box in chain.from_iterable(turns) if box is not None)
    return np.array(list(unique), dtype=np.int64).reshape(-1, 5)


def best_once(boxes: IntArray, reference: IntArray, solved: dict[bytes, BestF1]) -> BestF1:
    """`best_f1` of the boxes with true pairs, from `solved` if it was asked before.

    No other box helps, and from some number on a source has no more of them.
    """
    useful = np.unique(boxes[shared_pairs(boxes, reference) > 0], axis=0)
    key = useful.tobytes() + reference.tobytes()
    if key not in solved:
        solved[key] = best_f1(useful, reference)
    return solved[key]


def rows_of(
    record: Any, model: S1Model, sizes: tuple[int, ...], samples: int, seed: int
) -> Iterator[dict[str, Any]]:
    """One row per source and number of boxes."""
    given = base_pairs_from_dot_bracket(record.dot_bracket)
    cleaned = canonical_pairs(record.sequence, given)
    sources = boxes_of_sources(record.sequence, model, max(sizes), samples, seed)
    solved: dict[bytes, BestF1] = {}
    for (source, boxes), size in ((item, n) for item in sources.items() for n in sizes):
        start = time.process_time()
        best = best_once(boxes[:size], given, solved)
        of_cleaned = best_once(boxes[:size], cleaned, solved)
        yield {
            "id": record.id,
            "length": len(record.sequence),
            "source": source,
            "max_boxes": size,
            "n_boxes": len(boxes[:size]),
            "f1_given": best.f1,
            "f1_cleaned": of_cleaned.f1,
            "proven": best.proven and of_cleaned.proven,
            "seconds": time.process_time() - start,
        }


def summary(rows: pd.DataFrame) -> str:
    """Mean best F1 by source and number of boxes, as two tables in Markdown."""
    parts = []
    for column in ("f1_given", "f1_cleaned"):
        table = rows.pivot_table(column, "source", "max_boxes", sort=False).reset_index()
        number = rows.pivot_table("n_boxes", "source", "max_boxes", sort=False).reset_index()
        table["boxes"] = number[number.columns[-1]].round().astype(int)
        parts.append(f"{column}, {rows['id'].nunique()} sequences\n\n{markdown_table(table)}\n")
    return "\n".join(parts)


def main() -> None:
    """Write ``box_oracle.csv`` (per sequence) and ``box_oracle.md`` (means)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="table of id, sequence, dot_bracket")
    parser.add_argument("--count", type=int, default=300, help="sequences, drawn at random")
    parser.add_argument("--max-length", type=int, default=600, help="longer ones are left out")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of boxes")
    parser.add_argument("--samples", type=int, default=1000, help="structures of the ensemble")
    parser.add_argument("--s1", help="run folder of train-s1, or mfe, real (default: mfe)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, help="folder")
    args = parser.parse_args()
    torch.set_num_threads(1)
    frame = read_sequences(args.data, on_warning=lambda line: None)
    frame = frame[frame["sequence"].str.len() <= args.max_length]
    frame = frame.sample(min(args.count, len(frame)), random_state=args.seed)
    model, sizes = S1Model.load(args.s1), tuple(args.sizes)
    records = progress(frame.itertuples(), len(frame), "sequences")
    rows = pd.DataFrame(
        row for record in records for row in rows_of(record, model, sizes, args.samples, args.seed)
    )
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / "box_oracle.csv", overwrite=True) as path:
        rows.to_csv(path, index=False, float_format="%.6g")
    text = summary(rows)
    (folder / "box_oracle.md").write_text(text, encoding="utf-8")
    print(text)
    print(f"proven: {rows['proven'].mean():.4f}, CPU s per row: {rows['seconds'].mean():.4f}")


if __name__ == "__main__":
    main()
