"""S1 against the prior network's shape on one thread, and its growth with length.

    python benchmarks/s1.py --out runs/benchmark_s1.csv

Both networks go through the same code: input channels, trunk, heads (forward), and losses, backward
pass and optimiser (training step), on the same batch of windows of 64 nt. Then proposals of single
sequences of rising length, each in a process of its own so that its peak memory is its own.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from boxfold.s1.inspection.cost import proposal_cost

LENGTHS = (64, 100, 200, 400, 600, 1000, 1400, 2000)
BATCH = 16


def main() -> None:
    """Measure and print; the lengths as a CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", nargs="*", type=int, default=LENGTHS)
    parser.add_argument("--repeats", type=int, default=5, help="the fastest one counts; 0: no run7")
    parser.add_argument("--s1", help="weights (default: shipped)")
    parser.add_argument("--out", help="CSV of time and memory by length")
    args = parser.parse_args()
    if args.repeats:
        compare_with_run7(args.repeats)
    table = proposal_cost(args.s1, args.lengths)
    print(table.to_string(index=False, float_format="{:.3g}".format))
    long = table[table["length"] >= 200]
    for column in ("seconds", "megabytes"):
        slope = np.polyfit(np.log(long["length"]), np.log(long[column]), 1)[0]
        print(f"{column} grows with length to the power {slope:.2f} (from 200 nt on)")
    if args.out:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(args.out, index=False)


def compare_with_run7(repeats: int) -> None:
    """Milliseconds per 64-mer of both networks, and their ratio."""
    import torch
    from s1_steps import folded, forward, n_weights, training_step

    from boxfold.features.synthetic import synthetic_sequence
    from boxfold.s1.network import BoxNet, NetworkConfig

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    seqs = [synthetic_sequence(64, rng) for _ in range(BATCH)]
    examples = folded(seqs)
    found = {}
    for name in ("half", "run7"):
        network = BoxNet(NetworkConfig(name=name))
        ahead = _fastest(lambda net=network: forward(net, seqs), repeats)
        step = _fastest(training_step(name, examples), repeats)
        found[name] = np.array([ahead, step]) / BATCH * 1e3
        print(
            f"{name}: {n_weights(network)} weights, forward {found[name][0]:.2f} ms, "
            f"training step {found[name][1]:.2f} ms per 64-mer"
        )
    ratio = found["run7"] / found["half"]
    print(f"ratio: forward {ratio[0]:.1f}, training step {ratio[1]:.1f}\n")


def _fastest(function: Callable[[], object], repeats: int) -> float:
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
