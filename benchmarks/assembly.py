"""CPU milliseconds per sequence of every agent, on synthetic sequences with enumerated stems.

OMP_NUM_THREADS=1 python benchmarks/assembly.py --count 200
"""

import argparse

import numpy as np
import torch

from boxfold.agents.evaluation import EvaluationConfig, evaluate_agents, summarise
from boxfold.agents.registry import load_agents
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence


def main() -> None:
    """Time the agents and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="sequences")
    parser.add_argument("--length", type=int, default=60, help="nt")
    parser.add_argument("--max-boxes", type=int, default=64, help="stems per sequence")
    parser.add_argument("--agents", nargs="+", help="names or run folders")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(args.seed)
    sequences = [synthetic_sequence(args.length, rng) for _ in range(args.count)]
    instances = [instance_from_sequence(seq, args.max_boxes) for seq in sequences]
    rows = evaluate_agents(load_agents(args.agents), instances, EvaluationConfig(seed=args.seed))
    print(f"{args.count} sequences of {args.length} nt, up to {args.max_boxes} stems")
    print(f"{'agent':<14}{'ms/sequence':>12}{'energy calls':>14}{'energy gap':>12}")
    for row in summarise(rows).itertuples():
        calls, gap = row.energy_calls, row.energy_gap
        print(f"{row.agent:<14}{row.seconds * 1000:>12.2f}{calls:>14.0f}{gap:>12.2f}")


if __name__ == "__main__":
    main()
