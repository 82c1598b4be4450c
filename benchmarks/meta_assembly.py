r"""Meta-assembly: a regression judges the pairs of other tools, exact search puts stems together.

OMP_NUM_THREADS=1 python benchmarks/meta_assembly.py --peers ../shared/data/peers_public.csv.gz \
    --boxes runs/peers --set ts0 --seed 0 --out runs/meta

TS0: nested cross-validation, relatives (`meta_rows.relatives_of`) held out as wholes. PseudoBase++:
half tune trains and tunes, half report is reported. Writes SET_votes-PARAMETERS_SEED.csv with
columns id, agent, relatives, dot_bracket, f1, f1_canonical and those of knots, for
`benchmarks/peers.py --ours` and `boxfold compare` (--by relatives).
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from meta_decoding import Decoding, most_expected, reference_of, tune_decoding
from meta_judge import PairJudge, train_pair_judge
from meta_rows import Features, instances_of, relatives_of

from boxfold.agents.cross_fitting import HeldOut, apart, fold_numbers, nested_folds
from boxfold.agents.real_structures import real_measures
from boxfold.envs.instance import Instance
from boxfold.features.agreement import agreement
from boxfold.features.files import atomic_path
from boxfold.features.structure import dot_bracket

N_FOLDS = 5


def assembled(held_out: HeldOut, setting: Decoding, agent: str) -> list[dict[str, object]]:
    """A row per RNA of the fold."""
    rows = []
    for each, shares in zip(*held_out.fold, strict=True):
        pairs, reference = each.base_pairs(most_expected(each, shares, setting)), reference_of(each)
        row = {"id": each.id, "agent": agent, "relatives": relatives_of(each)}
        row["dot_bracket"] = dot_bracket(pairs, len(each.seq))
        scores = {"f1": agreement(pairs, reference).f1, **real_measures(each.seq, pairs, reference)}
        rows.append({**row, **scores, **setting._asdict()})
    return rows


def held_out_of(args: argparse.Namespace, features: Features) -> list[HeldOut]:
    """The folds of TS0, or half report of PseudoBase++ as the only one."""

    def train(instances: Sequence[Instance]) -> PairJudge:
        start = time.process_time()
        judge = train_pair_judge(instances, features.of)
        print(f"{len(instances)} RNAs: {time.process_time() - start:.1f} CPU s", flush=True)
        return judge

    instances = instances_of(args.boxes, args.set)
    features.add(args.set, instances)
    if args.set == "ts0":
        groups = pd.factorize(np.array([relatives_of(each) for each in instances]))[0]
        return nested_folds(instances, fold_numbers(groups, N_FOLDS, args.seed), train)
    known = allowed(instances, args)
    report = [each for each in instances if each.texts["half"] == "report"]
    folds = fold_numbers(np.arange(len(known)), N_FOLDS, args.seed)
    return [apart(known, folds, report, train)]


def allowed(instances: list[Instance], args: argparse.Namespace) -> list[Instance]:
    """Those to learn from: not of half report, nor named in --without."""
    left_out = set(Path(args.without).read_text().split()) if args.without else set()
    return [x for x in instances if x.texts.get("half") != "report" and x.id not in left_out]


def main() -> None:
    """Train, tune, assemble and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="table of predictions")
    parser.add_argument("--boxes", type=Path, required=True, help="folder of SET.parquet")
    parser.add_argument("--set", choices=("ts0", "pseudobase"), required=True)
    parser.add_argument("--without", help="file of ids that are not learned from")
    parser.add_argument(
        "--parameters", nargs="*", default=["turner2004", "andronescu2007"], help="energy models"
    )
    parser.add_argument("--tune-on", type=int, default=200, help="most RNAs to tune on")
    parser.add_argument("--max-false-knots", type=float, default=0.1, help="in tuning")
    parser.add_argument("--seed", type=int, default=0, help="of folds")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    args = parser.parse_args()
    name = "_".join([args.set, "-".join(["votes", *args.parameters]), str(args.seed)])
    rows: list[dict[str, object]] = []
    for held_out in held_out_of(args, Features(args)):
        setting = tune_decoding(held_out.tuning, args.tune_on, args.max_false_knots, args.seed)
        print(f"{setting}", flush=True)
        rows += assembled(held_out, setting, f"meta_{name}")
    table = pd.DataFrame(rows)
    with atomic_path(args.out / f"{name}.csv") as path:
        table.to_csv(path, index=False, float_format="%.6g")
    print(f"{name}: F1 {table['f1'].mean():.4f} of {len(table)}")


if __name__ == "__main__":
    main()
