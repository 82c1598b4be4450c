r"""Memory of `boxfold predict` by the number of records: a stream, so it should not grow.

python benchmarks/streaming.py --out runs/streaming

Each file has so many records; one chunk of `--every` holds random RNAs of 12 to 16 nt, which S1
and the agent work on, the others have 4 nt, too few for a pair, and only pass through reader,
chunks and writer. The memory of the command is sampled every second (VmRSS of /proc) and told at
each quarter of the run, with its peak (VmHWM).
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from boxfold.agents.predictor import CHUNK
from boxfold.features.process_memory import process_megabytes

COUNTS = (10_000, 100_000, 1_000_000)
SHORT, LENGTHS = 4, (12, 16)


def write_fasta(path: Path, count: int, every: int, seed: int = 0) -> None:
    """A file of `count` records, the same for the same arguments."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("ACGU"))
    with open(path, "w") as file:
        for number in range(count):
            low, high = (SHORT, SHORT) if number // CHUNK % every else LENGTHS
            seq = "".join(letters[rng.integers(0, 4, rng.integers(low, high + 1))])
            file.write(f">transcript_{number}\n{seq}\n")


def measured(fasta: Path, out: Path, flags: list[str]) -> dict[str, Any]:
    """Run the command; its time, its peak and its memory at the quarters."""
    command = [sys.executable, "-m", "boxfold.scripts.cli", "predict", str(fasta), *flags]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen([*command, "--out", str(out), "--overwrite"], env=environment)
    samples, peak = list[float](), 0.0
    while process.poll() is None:
        samples.append(process_megabytes("now", process.pid))
        peak = max(peak, process_megabytes("peak", process.pid))
        time.sleep(1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    quarters = {
        f"mb_{k}/4": samples[min(k * len(samples) // 4, len(samples) - 2)] for k in (1, 2, 3, 4)
    }
    return {
        "code": process.returncode,
        "seconds": time.monotonic() - start,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        **quarters,
        "peak_mb": peak,
    }


def main() -> None:
    """Print rows as they come and write ``streaming.csv``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--every", type=int, default=20, help="one chunk of so many is predicted")
    parser.add_argument("--s1", default="real")
    parser.add_argument("--agent", default="greedy-s1")
    parser.add_argument("--out", required=True, help="folder")
    args = parser.parse_args()
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for count in args.counts:
        fasta, out = folder / f"{count}.fa", folder / f"{count}.dbn"
        write_fasta(fasta, count, args.every)
        row = measured(fasta, out, ["--s1", args.s1, "--agent", args.agent])
        with open(out) as file:
            structures = sum(line.startswith(">") for line in file)
        rows.append({"records": count, "structures": structures, **row})
        print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(folder / "streaming.csv", index=False, float_format="%.5g")


if __name__ == "__main__":
    main()
