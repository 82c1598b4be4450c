r"""Fits the confidence of S1 on known structures, and says on others how true it is.

OMP_NUM_THREADS=1 python benchmarks/calibration.py --s1 mfe --fit ../shared/data/bprna_vl0.csv.gz \
    --report ../shared/data/bprna_ts0.csv.gz --count 300 --out runs/calibration

Pairs are those that boxes of S1 hold, true if the reference has them: these are the probabilities
that a structure's confidence is made of. Beside them, the pairs and structures of one agent. With
``--ship`` the two numbers go to the place where `boxfold predict` finds them. An agent that judges
pairs itself (`judge`) is only reported, without ``--fit``: its probabilities are taken as they are.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from boxfold.agents.confidence import JudgesPairs, PairProbabilities, pairs_of_agent
from boxfold.agents.predictor import Predictor
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.agreement import agreement
from boxfold.features.calibration import (
    IDENTITY,
    Calibration,
    FloatArray,
    fit_calibration,
    reliability,
)
from boxfold.features.fasta import FastaRecord
from boxfold.features.pair_confidence import confidence, is_known
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket
from boxfold.s1 import calibration_file
from boxfold.s1.shipped import SHIPPED
from boxfold.s1.tables import read_proposals, read_sequences
from boxfold.scripts.common import progress
from boxfold.scripts.markdown import markdown_table

CHUNK = 16


class Seen(NamedTuple):
    """A known RNA, the pairs that boxes hold and what the agent made of it; pairs (K, 2)."""

    held: PairProbabilities
    structure: IntArray
    reference: IntArray


def seen(path: str, predictor: Predictor, count: int, max_length: int, seed: int) -> list[Seen]:
    """Known RNAs of a table, drawn at random, with their boxes and assembled structures.

    A table of `boxfold propose` (.parquet) has its boxes already, by whatever S1 made them.
    """
    has_boxes = Path(path).suffix == ".parquet"
    read = read_proposals if has_boxes else read_sequences
    frame = read(path)
    frame = frame[frame["dot_bracket"].notna() & (frame["sequence"].str.len() <= max_length)]
    frame = frame.sample(min(count, len(frame)), random_state=seed)
    rng = np.random.default_rng(seed)
    found = []
    for start in progress(range(0, len(frame), CHUNK), None, Path(path).name):
        part = frame[start : start + CHUNK]
        records = [FastaRecord(row.id, "", row.sequence, 0) for row in part.itertuples()]
        instances = (
            instances_from_frame(part, predictor.max_boxes or max_length)
            if has_boxes
            else predictor.instances(records)
        )
        made = predictor.agent.assemble(instances, rng)
        pairs, _ = pairs_of_agent(predictor.agent, instances, IDENTITY)
        known = map(base_pairs_from_dot_bracket, part["dot_bracket"])
        structures = (assembly.base_pairs for assembly in made)
        found += map(Seen, pairs, structures, known)
    return found


def offered_pairs(examples: Sequence[Seen]) -> tuple[FloatArray, FloatArray]:
    """Raw probability of every pair that a box holds, and whether it is known; both (N,)."""
    raw, truth = [np.zeros(0)], [np.zeros(0)]
    for each in examples:
        held, probability = each.held
        raw.append(probability)
        truth.append(is_known(held, each.reference))
    return np.concatenate(raw), np.concatenate(truth)


def report(examples: Sequence[Seen], calibration: Calibration) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row of numbers, and the ten bins of the pairs that boxes hold."""
    raw, truth = offered_pairs(examples)
    offered = reliability(calibration.apply(raw), truth)
    sure = [confidence(*each.held, each.structure, calibration) for each in examples]
    shown = np.concatenate([each.pairs for each in sure])
    right = np.concatenate([is_known(e.structure, e.reference) for e in examples])
    assembled = reliability(shown, right)
    expected = np.array([each.structure for each in sure])
    f1 = np.array([agreement(e.structure, e.reference).f1 for e in examples])
    numbers = {
        "ece_boxes": offered.ece,
        "brier_boxes": offered.brier,
        "ece_structures": assembled.ece,
        "brier_structures": assembled.brier,
        "f1": f1.mean(),
        "confidence": expected.mean(),
        "pearson": correlation(expected, f1),
        "spearman": correlation(*(pd.Series(each).rank().to_numpy() for each in (expected, f1))),
    }
    bins = {"from": np.arange(10) / 10, "pairs": offered.number, "said": offered.mean}
    bins |= {
        "true": offered.observed,
        "shown": assembled.number,
        "true_of_shown": assembled.observed,
    }
    return pd.DataFrame([numbers]), pd.DataFrame(bins)


def correlation(one: FloatArray, other: FloatArray) -> float:
    """Pearson's, NaN where one of both is constant."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def main() -> None:
    """Fit, report before and after, write ``calibration.json`` and ``calibration.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--s1", default="mfe", help="mfe, real or a run folder")
    parser.add_argument("--agent", default="best-score", help="who assembles")
    parser.add_argument("--pseudoknots", choices=("forbid", "allow"), default="allow")
    parser.add_argument("--fit", help="id, sequence, dot_bracket; or proposals")
    parser.add_argument("--report", required=True, help="another one")
    parser.add_argument("--count", type=int, default=300, help="sequences of each, at random")
    parser.add_argument("--max-length", type=int, default=600, help="longer ones are left out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ship", action="store_true", help="put the numbers beside the weights")
    parser.add_argument("--out", required=True, help="folder")
    args = parser.parse_args()
    torch.set_num_threads(1)
    predictor = Predictor.load(args.s1, args.agent, args.pseudoknots)
    options = predictor, args.count, args.max_length, args.seed
    fitted = IDENTITY
    if not isinstance(predictor.agent, JudgesPairs):
        if not args.fit:
            parser.error("--fit is needed")
        fitted = fit_calibration(*offered_pairs(seen(args.fit, *options)))
    elif args.fit or args.ship:
        parser.error(f"{args.agent} says itself how probable pairs are: no --fit, no --ship")
    examples = seen(args.report, *options)
    parts = [f"{args.s1}, {args.agent}: {fitted}; {len(examples)} sequences of {args.report}"]
    for name, calibration in {"raw": IDENTITY, "calibrated": fitted}.items():
        if name == "calibrated" and fitted == IDENTITY:
            continue
        parts += [name, *map(markdown_table, report(examples, calibration))]
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    calibration_file.save_calibration(fitted, folder / calibration_file.CALIBRATION)
    if args.ship:
        calibration_file.save_calibration(fitted, place(args.s1))
    text = "\n\n".join(parts) + "\n"
    (folder / "calibration.md").write_text(text, encoding="utf-8")
    print(text)


def place(s1: str) -> Path:
    """Where the calibration of weights belongs."""
    if s1 in SHIPPED:
        folder = Path(calibration_file.__file__).parent / "weights"
        return folder / (SHIPPED[s1] + calibration_file.CALIBRATION)
    path = Path(s1)
    return (path if path.is_dir() else path.parent) / calibration_file.CALIBRATION


if __name__ == "__main__":
    main()
