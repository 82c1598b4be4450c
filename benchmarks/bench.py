"""The table of docs/benchmarks.md: speeds as ratios against named references in the same run.

    make bench
    OMP_NUM_THREADS=1 python benchmarks/bench.py --quick --out bench.md    # all rows, too short

Ours and its references take turns, round by round; a ratio is of one round.
"""

import argparse
import datetime
import time
from collections.abc import Callable, Sequence

import torch
from interleaved import Row, table
from machine import machine_facts
from speed_of_prediction import PredictionSize, prediction_rows
from speed_of_rewards import RewardsSize, reward_rows
from speed_of_s1 import S1Size, s1_rows
from speed_of_start import StartSize, start_rows
from speed_of_steps import StepsSize, step_rows
from speed_of_training import TrainingSize, training_rows

from boxfold.features.files import atomic_path
from boxfold.scripts.configs import command_line

QUICK = {
    "steps": StepsSize((8,), length=60, sequences=2, n_envs=4, steps=32, rounds=1),
    "rewards": RewardsSize((80,), sequences=4, boxes=32, passes=1, rounds=1),
    "s1": S1Size(((24, 1),), rounds=1, step_rounds=1),
    "training": TrainingSize(2, boxes=8, n_envs=2, n_steps=4, batch_size=8, rounds=1),
    "prediction": PredictionSize(((20, 1), (30, 1)), bases=30),
    "start": StartSize(("predict",), rounds=1),
}
FULL = {
    "steps": StepsSize(),
    "rewards": RewardsSize(),
    "s1": S1Size(),
    "training": TrainingSize(),
    "prediction": PredictionSize(),
    "start": StartSize(),
}
PARTS: dict[str, Callable[..., list[Row]]] = {
    "start": start_rows,
    "steps": step_rows,
    "rewards": reward_rows,
    "s1": s1_rows,
    "training": training_rows,
    "prediction": prediction_rows,
}
"""In the order of the table."""

NOTES = """A ratio above 1: ours is faster. Ours and its references take turns, so a busy machine
slows both; a ratio is of one round, and what is shown is the median with the quartiles. Seconds are
CPU seconds of one thread, except those of `start`, which are wall clock of a whole command. Memory
is the largest peak of a process, libraries included.

- **Environment**: random allowed actions on sequences of 200 nt; choosing them does not count.
- **Free energy after a pick**: `Instance.energy` of a growing random assembly. The first reference
  reads the same structures from text, with a fold compound made by each call; the second one keeps
  a compound for each sequence and checks nothing.
- **S1**: RNAfold -p gives probabilities of pairs, S1 gives boxes. The plain convolutions take the
  trunk's place under the same heads.
- **Training**: steps that are played and learnt from, default networks and settings (ppo: 16 steps
  of 64 copies, three passes, none cut short). The reference's policy is a perceptron on flattened
  slots: the ratio is what attention over boxes costs, and says nothing of what it learns.
- **Prediction**: `boxfold predict` without a flag (weights `real`, agent `judge`, pseudoknots
  allowed) on random sequences, a process for each length and round; start-up does not count. The
  power is that of the length, fitted to logarithms over the longer half of the lengths.
"""


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="every row, much too short to mean it")
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=tuple(PARTS))
    parser.add_argument("--out", required=True, help="page in Markdown")
    args = parser.parse_args()
    torch.set_num_threads(1)
    facts = machine_facts()
    began, cpu_began = time.perf_counter(), time.process_time()
    rows = measured(args.parts, QUICK if args.quick else FULL)
    facts["this run"] = (
        f"{time.perf_counter() - began:.0f} s, {time.process_time() - cpu_began:.0f} of them CPU "
        "seconds of the first process"
    )
    with atomic_path(args.out) as temporary:
        temporary.write_text(page(rows, facts, args.quick))


def measured(parts: Sequence[str], sizes: dict[str, object]) -> list[Row]:
    """Rows of the parts; says what is done meanwhile."""
    rows = []
    for name in parts:
        start = time.perf_counter()
        rows += PARTS[name](sizes[name])
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return rows


def page(rows: Sequence[Row], facts: dict[str, str], quick: bool) -> str:
    """The whole page."""
    warning = "**Of `--quick`: too short to mean anything.**\n\n" if quick else ""
    lines = "\n".join(f"- {name}: {text}" for name, text in facts.items())
    today = datetime.date.today().isoformat()
    return (
        f"# Benchmarks\n\n{warning}`make bench` on {today} (`{command_line()}`):\n\n{lines}\n\n"
        f"{NOTES}\n{table(rows)}\n"
    )


if __name__ == "__main__":
    main()
