r"""The plain baseline: boosted trees on box features and exact search, beside S1's evidence alone.

OMP_NUM_THREADS=1 python benchmarks/boosted_trees.py --data runs/tr0_boxes.parquet \
    --validation runs/vl0_boxes.parquet --report runs/ts0_boxes.parquet --out runs/boosted_trees

Tables are those of `boxfold propose`. Trees learn on --data; thresholds and knot charges, of the
trees and of S1's evidence, are tuned on --validation; every row is measured with these settings.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from boxfold.agents.additive_agents import BestScoreAgent, BestScoreConfig, share_weights
from boxfold.agents.additive_tuning import AdditiveSetting, structure_scores, tuned, tuning_table
from boxfold.agents.agent import Agent
from boxfold.agents.boosted_trees import (
    BoostedTreesAgent,
    BoostedTreesConfig,
    train_boosted_trees,
)
from boxfold.agents.oracle import OracleAgent
from boxfold.agents.search import RnafoldAgent
from boxfold.envs.instance import Instance
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.relations import Pseudoknots
from boxfold.features.stem_weights import StemWeightConfig, stem_weights
from boxfold.rewards.independent_set import FloatArray
from boxfold.s1.tables import read_proposals
from boxfold.scripts.markdown import markdown_table

Tune = Callable[[str, Callable[[int, float], FloatArray]], AdditiveSetting]


def known_instances(path: str, max_boxes: int) -> list[Instance]:
    """Instances of a table that have a known structure."""
    instances = instances_from_frame(read_proposals(path), max_boxes)
    return [each for each in instances if each.reference is not None]


def tuner(args: argparse.Namespace, validation: Sequence[Instance], folder: Path) -> Tune:
    """A function that tunes one way to weigh the validation instances, and writes the table."""

    def tune(name: str, weigh: Callable[[int, float], FloatArray]) -> AdditiveSetting:
        table = tuning_table(validation, weigh, args.pseudoknots)
        table.to_csv(folder / f"tuning_{name}.csv", index=False, float_format="%.6g")
        setting = tuned(table, args.max_false_knots)
        print(f"{name}: {setting}", flush=True)
        return setting

    return tune


def best_score_agent(
    form: str, validation: Sequence[Instance], tune: Tune, pseudoknots: Pseudoknots
) -> Agent:
    """`best-score` with one form of weights, tuned."""

    def weigh(index: int, threshold: float) -> FloatArray:
        each = validation[index]
        return stem_weights(each.boxes, each.score, StemWeightConfig(form, threshold))  # type: ignore[arg-type]

    threshold, charge = tune(f"best-score-{form}", weigh)
    weights = StemWeightConfig(form, threshold)  # type: ignore[arg-type]
    agent = BestScoreAgent(pseudoknots, BestScoreConfig(charge, weights=weights))
    agent.name = f"best-score ({form})"
    return agent


def boosted_agent(
    train: Sequence[Instance],
    validation: Sequence[Instance],
    tune: Tune,
    config: BoostedTreesConfig,
    pseudoknots: Pseudoknots,
) -> Agent:
    """Boosted trees, trained and tuned."""
    start = time.process_time()
    trees = train_boosted_trees(train, config)
    print(f"trees: {time.process_time() - start:.0f} CPU s", flush=True)
    shares = [trees.shares(each) for each in validation]

    def weigh(index: int, threshold: float) -> FloatArray:
        return share_weights(validation[index], shares[index], threshold)

    return BoostedTreesAgent(trees, pseudoknots, tune("boosted-trees", weigh))


def measured(
    name: str, agents: Sequence[Agent], instances: Sequence[Instance]
) -> list[dict[str, object]]:
    """A row per agent on one set."""
    rows = []
    references = [each.reference for each in instances if each.reference is not None]
    for agent in agents:
        start = time.process_time()
        found = agent.assemble(instances, np.random.default_rng(0))
        seconds = (time.process_time() - start) / len(instances)
        scores = structure_scores([assembly.base_pairs for assembly in found], references)
        rows.append({"set": name, "agent": agent.name, "n": len(found), **scores, "s": seconds})
    return rows


def main() -> None:
    """Write ``boosted_trees.csv``, ``boosted_trees.md`` and the tables of the tuning."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", required=True, help="tables to train on")
    parser.add_argument("--validation", required=True, help="table to tune on")
    parser.add_argument("--report", nargs="*", default=[], help="further tables to measure on")
    parser.add_argument("--max-boxes", type=int, default=64, help="stems per sequence")
    parser.add_argument("--pseudoknots", choices=("forbid", "allow"), default="allow")
    parser.add_argument(
        "--max-false-knots", type=float, default=0.1, help="highest rate in tuning (default: .1)"
    )
    parser.add_argument("--trees", type=int, default=BoostedTreesConfig.trees)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, help="folder")
    args = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    train = [each for path in args.data for each in known_instances(path, args.max_boxes)]
    validation = known_instances(args.validation, args.max_boxes)
    tune = tuner(args, validation, folder)
    config = BoostedTreesConfig(args.trees, seed=args.seed)
    agents: list[Agent] = [
        RnafoldAgent(),
        best_score_agent("pairs", validation, tune, args.pseudoknots),
        best_score_agent("boxes", validation, tune, args.pseudoknots),
        boosted_agent(train, validation, tune, config, args.pseudoknots),
        OracleAgent(args.pseudoknots),
    ]
    rows = measured(Path(args.validation).stem, agents, validation)
    for path in args.report:
        rows += measured(Path(path).stem, agents, known_instances(path, args.max_boxes))
    table = pd.DataFrame(rows)
    table.to_csv(folder / "boosted_trees.csv", index=False, float_format="%.6g")
    (folder / "boosted_trees.md").write_text(markdown_table(table) + "\n", encoding="utf-8")
    print(markdown_table(table))


if __name__ == "__main__":
    main()
