"""Rewards two by two and what else may help PPO from nothing: trainings, table and figure.

    python benchmarks/rewards.py --data data/agents_60_boxes.parquet --out runs/rewards

Trains every arm of `ARMS` with every seed by the trainer of ``boxfold train-agent``, then measures
its best weights on windows of the validation split that the training did not validate on. Called
again, it continues an interrupted run, skips the finished ones and draws what there is so far.
`rewards_report.py` makes the table and the figure.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from boxfold.agents.drawn import best_drawn
from boxfold.agents.learned import load_learned
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.rollout import rollout
from boxfold.agents.sb3_config import RLConfig, preset
from boxfold.agents.sb3_training import RLTrainer
from boxfold.agents.validation import measure_drawn
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.loops import has_multiloop
from boxfold.rewards.reward import RewardConfig
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.tables import read_proposals
from boxfold.scripts.configs import command_line

WINDOWS = "windows.csv"
"""In each run folder: one line per measured window."""

SAMPLES = 16

NETWORK = NetworkConfig(
    embed_dim=32, n_heads=2, n_encoder_layers=1, feedforward_dim=64, relation_dim=16, pair_dim=8
)
"""A third of the default's time: many runs tell more than a few long ones."""


@dataclass(frozen=True)
class Arm:
    """What one training does differently."""

    mode: str = "immediate"
    gamma: float = 1.0
    loop_weight: float = 0.0
    action_types: str = "stem"
    mask: bool = True
    critic_terms: bool = False

    def config(self, n_stems: int, seed: int, steps: int, minutes: float) -> RLConfig:
        """Settings of a training; everything else is the same for all arms."""
        n_slots = n_stems if self.action_types == "stem" else 2 * n_stems
        reward = RewardConfig(self.mode, gamma=self.gamma, loop_weight=self.loop_weight)
        assembly = AssemblyConfig(
            n_slots, action_types=self.action_types, mask=self.mask, reward=reward
        )
        changes: dict[str, Any] = {"critic_terms": True} if self.critic_terms else {}
        return dataclasses.replace(
            preset("ppo", False),
            assembly=assembly,
            network=NETWORK,
            steps=steps,
            minutes=minutes,
            chunk_updates=1,
            learning_rate=5e-4,
            n_epochs=2,
            seed=seed,
            **changes,
        )


ARMS = {
    "final": Arm("final"),
    "final, gamma .9": Arm("final", gamma=0.9),
    "immediate": Arm(),
    "immediate, gamma .9": Arm(gamma=0.9),
    "potential": Arm("potential"),
    "immediate + S1 loops": Arm(loop_weight=0.3),
    "immediate, white box": Arm(critic_terms=True),
    "stems, no mask": Arm(mask=False),
    "stems and loops": Arm(action_types="all"),
    "stems and loops, no mask": Arm(action_types="all", mask=False),
}


def main() -> None:
    """Train what is not finished yet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", required=True, help="table of `boxfold propose` with splits")
    parser.add_argument("--train", type=int, default=3000, help="windows to train on")
    parser.add_argument("--validation", type=int, default=100, help="windows to choose weights on")
    parser.add_argument("--test", type=int, default=300, help="other windows, for the table")
    parser.add_argument("--stems", type=int, default=24, help="stems per window")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=8192, help="steps of a training")
    parser.add_argument("--minutes", type=float, default=0, help="CPU minutes that end it; 0: none")
    parser.add_argument("--arms", nargs="+", choices=tuple(ARMS), default=tuple(ARMS))
    parser.add_argument("--out", default="runs/rewards", help="folder of run folders")
    args = parser.parse_args()
    torch.set_num_threads(1)
    train, validation, test = windows(args)
    for seed in args.seeds:
        for name in args.arms:
            folder = run_path(args.out, name, seed)
            config = ARMS[name].config(args.stems, seed, args.steps, args.minutes)
            if not (folder / "finished").exists():
                content = {"arm": name, "data": args.data, **config.to_dict()}
                run = RunFolder.open(folder, content, command_line(), True, False)
                RLTrainer(config, train, validation, run).fit(_say)
            if not (folder / WINDOWS).exists():
                rows = measured(folder, config.assembly, test)
                rows.to_csv(folder / WINDOWS, index=False)
                _say(f"{folder}: {rows.mean(numeric_only=True).round(3).to_dict()}")


def run_path(out: str | Path, arm: str, seed: int) -> Path:
    """Run folder of an arm and a seed."""
    name = arm.replace(",", "").replace(".", "").replace("+", "and").replace(" ", "_")
    return Path(out) / f"{name}-{seed}"


def windows(args: argparse.Namespace) -> tuple[list[Instance], list[Instance], list[Instance]]:
    """Windows to train on, to choose weights on and to measure, ready to be played."""
    frame = read_proposals(args.data)
    held_out = frame["split"] == "validation"
    rng = np.random.default_rng(0)
    train = frame[~held_out].iloc[np.sort(rng.permutation((~held_out).sum())[: args.train])]
    order = rng.permutation(held_out.sum())[: args.validation + args.test]
    parts = (train, *(frame[held_out].iloc[rows] for rows in np.split(order, [args.validation])))
    sets = [instances_from_frame(part, args.stems) for part in parts]
    weights = {ARMS[name].loop_weight for name in args.arms}
    for instance in (each for part in sets for each in part):
        # What an episode needs is computed now: no arm shall pay for it in its CPU minutes.
        _ = instance.tokens, instance.loop_energies, instance.optimum
        for weight in weights:
            instance.optimum_with(weight)
    _say(f"{[len(part) for part in sets]} windows to train on, to validate and to measure")
    return sets[0], sets[1], sets[2]


def measured(folder: Path, config: AssemblyConfig, test: Sequence[Instance]) -> pd.DataFrame:
    """One line per window: the greedy assembly, and the gap of the best of 16.

    What is invalid has the gap of the empty structure.
    """
    network = load_learned(folder / "weights.safetensors").network
    drawn = rollout(network, test, config, np.random.default_rng(0), SAMPLES)
    rows = []
    for instance, picks in zip(test, drawn, strict=True):
        greedy, best = (
            measure_drawn(instance, each, config)
            for each in (picks[0], best_drawn(instance, picks, config))
        )
        assert instance.reference is not None, "windows come with their structure"
        rows.append(
            {
                "id": instance.id,
                "multiloop": has_multiloop(instance.reference),
                "gap": greedy["energy_gap"],
                "f1": greedy["f1"],
                "validity": greedy["validity"],
                "exact": greedy["exact"],
                "best_gap": best["energy_gap"],
            }
        )
    return pd.DataFrame(rows)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
