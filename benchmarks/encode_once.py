"""Sequences per second of one policy: encoding once per sequence against encoding at each step.

The second way is what Stable-Baselines3's stateless policy does. Both give the same picks, which
is checked.

    python benchmarks/encode_once.py --data boxes.parquet --agent clone --out runs/encode_once.csv
"""

import argparse
import time

import numpy as np
import pandas as pd
import torch

from boxfold.agents.agent import Picks
from boxfold.agents.layout import chunks_by_size
from boxfold.agents.learned import load_learned
from boxfold.agents.learned_agents import UnsolvedInstance
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.registry import weights_path
from boxfold.agents.rollout import CHUNK, encoded, observed, rollout
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import fitting_config
from boxfold.envs.instance import Instance
from boxfold.envs.instance_table import instances_from_frame
from boxfold.s1.tables import read_proposals


@torch.no_grad()
def encoding_at_each_step(
    network: AssemblyNetwork, instances: list[Instance], config: AssemblyConfig
) -> list[list[Picks]]:
    """Like `rollout`, greedy, without keeping what was encoded."""
    found: list[list[Picks]] = [[] for _ in instances]
    for rows in chunks_by_size(instances, CHUNK):
        chunk = [instances[row] for row in rows]
        batch = BatchAssembly(fitting_config(chunk, config), len(chunk), judge=False)
        for index, instance in enumerate(chunk):
            batch.load(index, instance)
        while not batch.finished.all():
            running = np.flatnonzero(~batch.finished)
            seen = {name: array[running] for name, array in batch.observation.items()}
            logits, _ = network.decode(encoded(network, seen), *observed(batch, running))
            actions = np.full(batch.n_envs, batch.config.stop)
            actions[running] = logits.numpy().argmax(axis=1)
            batch.step(actions)
        for row, picks in zip(rows.tolist(), batch.picks, strict=True):
            found[row] = [tuple(picks)]
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", required=True, help="table of `boxfold propose`")
    parser.add_argument("--agent", default="clone", help="name or run folder of a policy")
    parser.add_argument("--max-boxes", type=int, default=64)
    parser.add_argument("--count", type=int, default=1000, help="sequences")
    parser.add_argument("--out", help="CSV")
    args = parser.parse_args()
    torch.set_num_threads(1)
    network = load_learned(weights_path(args.agent)).network
    frame = read_proposals(args.data)[: args.count]
    instances = [UnsolvedInstance(each) for each in instances_from_frame(frame, args.max_boxes)]
    config = AssemblyConfig(max_boxes=args.max_boxes)
    for each in instances:  # both find boxes, tokens and loops prepared
        each.tokens, each.loop_energies, each.stem_pairs, each.conflict(), each.crossing
    ways = {
        "once": lambda some: rollout(network, some, config, np.random.default_rng(0)),
        "at each step": lambda some: encoding_at_each_step(network, some, config),
    }
    for way in ways.values():  # what comes first would pay for the start of torch
        way(instances[:8])
    picks, rows = {}, []
    for name, way in ways.items():
        start = time.process_time()
        picks[name] = way(instances)
        seconds = time.process_time() - start
        rows.append({"encodes": name, "n": len(instances), "per_second": len(instances) / seconds})
    assert picks["once"] == picks["at each step"], "both must pick the same"
    table = pd.DataFrame(rows)
    table["factor"] = table["per_second"] / table["per_second"].iloc[-1]
    print(table.to_string(index=False, float_format="{:.2f}".format))
    if args.out:
        table.to_csv(args.out, index=False)


if __name__ == "__main__":
    main()
