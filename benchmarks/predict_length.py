r"""CPU seconds and peak memory of a prediction by length, beside RNAfold on the same sequences.

python benchmarks/predict_length.py --out runs/predict_length

Sequences are random, each base as likely. Every number is of its own process with one thread;
`start` is imports, weights and a first prediction of 12 nt, and in no other time. The memory of
`boxfold` is that of the whole process, with the libraries (`start`).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from boxfold.features.process_memory import process_megabytes

LENGTHS = (50, 100, 200, 400, 600, 1000, 1500, 2000, 3000)
FIRST = "GGGGAAAACCCC"
JOB = "--job"
"""Of `measurements` alone."""


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
    peak = process_megabytes("peak")
    row = {"tool": job.tool, "length": job.length, "count": job.count}
    return row | {"seconds": seconds, "peak_mb": round(peak), "start": started - began}


def measurements(jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
    """`measured` of each job in a process of its own, one after the other, with one thread.

    Each runs this file, so that it holds nothing that its caller has imported.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for job in jobs:
        command = [sys.executable, __file__, JOB, json.dumps(job)]
        ran = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        yield json.loads(ran.stdout)


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
        return list(predictor.predict(records, _fail))

    return work


def _fail(message: str) -> NoReturn:
    """A record that fails is no measurement."""
    raise RuntimeError(message)


def main() -> None:
    """Print rows as they come and write ``predict_length.csv``."""
    import pandas as pd  # here: no job needs it

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--s1", default="mfe", help="mfe, real or a run folder")
    parser.add_argument("--agent", default="best-score")
    parser.add_argument("--pseudoknots", choices=("forbid", "allow"), default="allow")
    parser.add_argument("--lengths", type=int, nargs="*", default=LENGTHS)
    parser.add_argument("--hundreds", type=int, default=1000, help="100-mers of the mean; 0: none")
    parser.add_argument("--out", required=True, help="folder")
    args = parser.parse_args()
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
    for row in measurements(jobs):
        rows.append(row)
        print(row, flush=True)
        table = pd.DataFrame(rows)
        table.to_csv(folder / "predict_length.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    if sys.argv[1:2] == [JOB]:
        print(json.dumps(measured(Job(*json.loads(sys.argv[2])))))
    else:
        main()
