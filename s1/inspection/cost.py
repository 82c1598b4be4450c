"""Time and memory of proposing boxes for one sequence, each length in a process of its own."""

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import torch

from boxfold.features.process_memory import process_megabytes
from boxfold.features.synthetic import synthetic_sequence
from boxfold.s1.model import S1Model
from boxfold.s1.propose import ProposeConfig, propose_batch

LENGTHS = (64, 100, 200, 400, 600)

_REPEATS = 3
_WARM_UP = "GGGGAAAACCCC"


def proposal_cost(
    path: str | None, lengths: Sequence[int], seed: int = 0, threads: int = 1
) -> pd.DataFrame:
    """What proposals for one synthetic sequence cost, by length.

    Parameters
    ----------
    path : str, optional
        Of the weights; default: those that ship.
    lengths : sequence of int
    seed : int
    threads : int

    Returns
    -------
    DataFrame
        ``length``, ``seconds`` (CPU time, the least of three runs), ``megabytes`` (peak beyond
        what the process held before) and ``peak`` (of the whole process); both nan where the
        system does not tell.
    """
    context = multiprocessing.get_context("spawn")
    rows = []
    for length in lengths:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            rows.append(pool.submit(measured_cost, path, length, seed, threads).result())
    return pd.DataFrame(rows)


def measured_cost(path: str | None, length: int, seed: int, threads: int) -> dict[str, float]:
    """One row of `proposal_cost`, measured in this process."""
    torch.set_num_threads(threads)
    model = S1Model.load(path)
    config = ProposeConfig()
    propose_batch(model, [_WARM_UP], config)
    held = process_megabytes("now")
    seq = synthetic_sequence(length, np.random.default_rng(seed))
    seconds = []
    for _ in range(_REPEATS):
        start = time.process_time()
        propose_batch(model, [seq], config)
        seconds.append(time.process_time() - start)
    peak = process_megabytes("peak")
    return {"length": length, "seconds": min(seconds), "megabytes": peak - held, "peak": peak}
