r"""A reward that no dynamic programme optimises: who finds most of it, per call and per second?

OMP_NUM_THREADS=1 python benchmarks/black_box.py --sets data/ts0_probed.parquet data/report_probed.parquet \
    --agents runs/rl --trees data/vl0_boxes.parquet data/pb_boxes.parquet --out runs/black_box

Tables are those of `boxfold propose` with a column reactivity (`benchmarks/probed_windows.py`), or
with --reactivities beside them; of each, --count RNAs are drawn. The reward is R = -E / max(2, |E*|)
+ the area under the ROC curve of the reactivities (`energy=1,shape=1`).
`--agents` are policies: each plays greedily, draws 64 assemblies, and guides a beam. Against them, all
with S1's scores: annealing and beam searches, boosted trees with exact search, and these with the
best by reward of their 64 best structures. Writes SET/per_sequence.csv for `boxfold compare`.
"""  # noqa: E501

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from boosted_trees import known_instances

from boxfold.agents.additive_agents import AdditiveAgent, BestScoreAgent
from boxfold.agents.additive_tuning import AdditiveSetting
from boxfold.agents.agent import Agent, Assembly, assembly_of_picks
from boxfold.agents.alternatives import assembly_cost
from boxfold.agents.boosted_trees import BoostedTreesAgent, BoostedTreesConfig, train_boosted_trees
from boxfold.agents.evaluation import EvaluationConfig, evaluate_agents, summarise
from boxfold.agents.registry import JUDGE, load_agent
from boxfold.agents.search import AnnealingAgent, BeamAgent
from boxfold.envs.instance import Instance
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.files import atomic_path
from boxfold.rewards.combination import combination_of
from boxfold.rewards.reward_text import reward_config
from boxfold.s1.tables import read_proposals
from boxfold.scripts.common import guarded, say
from boxfold.scripts.evaluate import format_table
from boxfold.scripts.reward_flags import (
    add_reactivities_argument,
    with_objective,
    with_reactivities,
)

REWARD = "energy=1,shape=1"
CALLS = (64, 256, 1024)
"""Budgets of annealing; the first one is that of everybody."""

BEAM_BOXES = (8, 16, 96)
"""A beam of 64 calls sees few boxes well or many boxes once."""


class Reranked:
    """The best by reward of the best structures of an agent that solves a sum of scores.

    Parameters
    ----------
    agent : AdditiveAgent
    n : int
        Structures asked of it, each a call of the reward.
    """

    can_sample = False

    def __init__(self, agent: AdditiveAgent, n: int) -> None:
        self.name, self._agent, self._n = f"{agent.name}, best of {n}", agent, n

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance; see `Agent.assemble`."""
        found = self._agent.several(instances, rng, self._n)
        return [
            min(
                several or [assembly_of_picks(of, ())],
                key=lambda each, of=of: assembly_cost(of, each),  # type: ignore[misc]
            )
            for of, several in zip(instances, found, strict=True)
        ]


class FewBoxes:
    """An agent that only sees the best boxes by S1's score."""

    can_sample = False

    def __init__(self, agent: BeamAgent, n_boxes: int) -> None:
        self.name, self._agent, self._n = f"beam@{agent.width}, {n_boxes} boxes", agent, n_boxes

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance; see `Agent.assemble`."""
        # Boxes are sorted by score, so picks among the first ones are picks among all.
        few = [
            replace(each.only(np.arange(min(self._n, each.n_boxes))), objective=each.objective)
            for each in instances
        ]
        return self._agent.assemble(few, rng)


def policies(paths: Sequence[str]) -> list[Agent]:
    """Each policy, and beams that it guides."""
    names = [name for path in paths for name in (path, f"{path}@beam4")]
    return [load_agent(name, "allow") for name in names]


def searches() -> list[Agent]:
    """Annealing and beams, with budgets."""
    agents: list[Agent] = []
    for calls in CALLS:
        for by_score in (False, True):
            agent = AnnealingAgent("allow", max_energy_calls=calls, by_score=by_score)
            agent.name = f"annealing{'-s1' if by_score else ''}, {calls} calls"
            agent.can_sample = False  # one run of the whole budget, not the best of 64
            agents.append(agent)
    return [*agents, *(FewBoxes(BeamAgent("allow", 2, CALLS[0]), size) for size in BEAM_BOXES)]


def exact_agents(tables: Sequence[str], max_boxes: int) -> list[Agent]:
    """Boosted trees, S1's evidence and the judge, each with exact search; and reranked."""
    train = [each for path in tables for each in known_instances(path, max_boxes)]
    say(f"boosted trees learn from {len(train)} RNAs")
    trees = train_boosted_trees(train, BoostedTreesConfig(200))
    judge = load_agent(JUDGE, "allow")
    assert isinstance(judge, AdditiveAgent)
    agents = [
        BoostedTreesAgent(trees, "allow", AdditiveSetting(0.25, 0.25)),
        BestScoreAgent("allow"),
        judge,
    ]
    return [*agents, *(Reranked(agent, CALLS[0]) for agent in agents)]


def main() -> int:
    """Run all agents on all sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", type=Path, required=True, help="with reactivities")
    parser.add_argument("--count", type=int, default=100, help="RNAs drawn of each set")
    add_reactivities_argument(parser)
    parser.add_argument("--agents", nargs="*", default=[], help="runs of train-agent")
    parser.add_argument("--trees", nargs="*", default=[], help="tables that trees learn from")
    parser.add_argument("--max-boxes", type=int, default=96, help="stems per sequence")
    parser.add_argument("--seed", type=int, default=0, help="which RNAs, and of what draws")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rewards = combination_of(reward_config(REWARD).terms)
    agents = [*policies(args.agents), *searches()]
    if args.trees:
        agents += exact_agents(args.trees, args.max_boxes)
    config = EvaluationConfig(CALLS[0], args.seed, "allow")
    for path in args.sets:
        rows = with_reactivities(read_proposals(path), args.reactivities)
        order = np.random.default_rng(args.seed).permutation(len(rows))
        instances = instances_from_frame(rows.iloc[np.sort(order[: args.count])], args.max_boxes)
        table = evaluate_agents(agents, with_objective(instances, rewards), config, say)
        folder = args.out / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / "per_sequence.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
        columns = ["agent", "n", "reward", "reward_calls", "seconds", "f1", "knotted_f1"]
        summary = summarise(table)
        print(path.stem)
        print(format_table(summary[[name for name in columns if name in summary]]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(guarded("black_box", main))
