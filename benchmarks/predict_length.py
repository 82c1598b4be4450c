r"""CPU seconds and peak memory of a prediction by length, beside RNAfold on the same sequences.

python benchmarks/predict_length.py --out runs/predict_length

Sequences are random, each base as likely. Every number is of its own process with one thread;
`start` is imports, weights and a first prediction of 12 nt, and in no other time. The memory of
`boxfold` is that of the whole process, with the libraries (`start`).
"""

import argparse
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

LENGTHS = (50, 100, 200, 400, 600, 1000, 1500, 2000, 3000)
FIRST = "GGGGAAAACCCC"


class Job(NamedTuple):
    """What one process measures: `count` sequences of a length, by boxfold or RNAfold."""

    tool: str
    length: int
    count: int
    s1: str
    agent: str
    pseudoknots: str


def sequences(length: int, count: int) -> list[str]:
    """The same ones for every tool."""
    rng = np.random.default_rng([length, count])
    return ["".join(rng.choice(list("ACGU"), length)) for _ in range(count)]


def measured(job: Job) -> dict[str, Any]:
    """CPU seconds per sequence and the peak memory of this process, in MB."""
    seqs = sequences(job.length, job.count)
    began = time.process_time()
    work = _rnafold() if job.tool == "rnafold" else _boxfold(job)
    work([FIRST])
    started = time.process_time()
    work(seqs)
    seconds = (time.process_time() - started) / job.count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = {"tool": job.tool, "length": job.length, "count": job.count}
    return row | {"seconds": seconds, "peak_mb": round(peak), "start": started - began}


def _rnafold() -> Callable[[list[str]], object]:
    from boxfold.rewards.energy import mfe

    return lambda seqs: [mfe(seq) for seq in seqs]


def _boxfold(job: Job) -> Callable[[list[str]], object]:
    import torch

    from boxfold.agents.predictor import Predictor
    from boxfold.features.fasta import FastaRecord

    torch.set_num_threads(1)
    predictor = Predictor.load(job.s1, job.agent, job.pseudoknots)  # type: ignore[arg-type]

    def work(seqs: list[str]) -> object:
        records = [FastaRecord(f"r{k}", "", seq, 0) for k, seq in enumerate(seqs)]
        return list(predictor.predict(records, print))

    return work


def main() -> None:
    """Print rows as they come and write ``predict_length.csv``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--s1", default="mfe", help="mfe, real or a run folder")
    parser.add_argument("--agent", default="best-score")
    parser.add_argument("--pseudoknots", choices=("forbid", "allow"), default="allow")
    parser.add_argument("--lengths", type=int, nargs="*", default=LENGTHS)
    parser.add_argument("--hundreds", type=int, default=1000, help="100-mers of the mean; 0: none")
    parser.add_argument("--out", required=True, help="folder")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    sizes = [(length, 1) for length in args.lengths]
    sizes += [(100, args.hundreds)] if args.hundreds else []
    jobs = [
        Job(tool, *size, args.s1, args.agent, args.pseudoknots)
        for size in sizes
        for tool in ("boxfold", "rnafold")
    ]
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        for row in pool.map(measured, jobs):
            rows.append(row)
            print(row, flush=True)
            table = pd.DataFrame(rows)
            table.to_csv(folder / "predict_length.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
