"""The one evaluation path: every agent, the same boxes, the same ruler, one row per sequence."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import pandas as pd

from boxfold.agents.agent import Agent
from boxfold.agents.measuring import Ruler, measure
from boxfold.agents.peers import PeerAgent
from boxfold.agents.real_structures import (
    REAL_COLUMNS,
    REAL_SUMMARY,
    summarise_real,
    without_idle,
)
from boxfold.agents.reward_measures import REWARD_COLUMNS, reward_columns
from boxfold.agents.timed_run import Result, Run, runs_of, timed
from boxfold.agents.top_measures import top_columns, top_columns_in, top_measures
from boxfold.envs.instance import Instance
from boxfold.features.relations import Pseudoknots
from boxfold.s1.engine import Engine, InProcess

SUMMARY_COLUMNS = (
    "agent",
    "n",
    "validity",
    "f1",
    "f1_shift",
    "sensitivity",
    "ppv",
    "exact",
    "free_energy",
    "energy_gap",
    "gap_to_mfe",
    "energy_calls",
    "seconds",
)
METRICS = SUMMARY_COLUMNS[2:]
PER_SEQUENCE_COLUMNS = ("id", "agent", "length", "dot_bracket", "reasons", *METRICS)


@dataclass(frozen=True)
class EvaluationConfig:
    """Settings of `evaluate_agents`."""

    samples: int = field(default=1, metadata={"help": "draws of agents that sample, best kept"})
    seed: int = field(default=0, metadata={"help": "seed of agents that draw"})
    pseudoknots: Pseudoknots = field(
        default="forbid", metadata={"help": "may picked boxes cross: forbid or allow"}
    )
    batch: int = field(default=64, metadata={"help": "sequences handed to an agent at once"})
    top: int = field(default=1, metadata={"help": "different structures of each agent, best first"})


def evaluate_agents(
    agents: Sequence[Agent],
    instances: Sequence[Instance],
    config: EvaluationConfig | None = None,
    on_error: Callable[[str], None] | None = None,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] = lambda batches, total: batches,
    engine: Engine | None = None,
) -> pd.DataFrame:
    """Run agents on the same instances and measure each assembly.

    Agents that sample get two rows with ``config.samples`` K > 1: greedy as ``NAME`` and the best
    of K as ``NAME x K``. Peers get rows for the sequences that they have predicted, and no seconds.

    Parameters
    ----------
    agents : sequence of Agent
    instances : sequence of Instance
    config : EvaluationConfig, optional
    on_error : callable, optional
        Gets one line for each sequence that an agent failed on; that row is left out.
        Without it the error is raised.
    progress : callable, optional
        Wraps what comes back batch by batch, and the number of batches, to show how far it is.
    engine : Engine, optional
        Who does it; default: this process.

    Returns
    -------
    DataFrame
        Columns `PER_SEQUENCE_COLUMNS`, `REWARD_COLUMNS` with an objective, `top_columns` with
        ``config.top`` K > 1, and `REAL_COLUMNS` where they say anything new (a reference with
        non-canonical pairs, a knot); agent by agent.

    Raises
    ------
    RewardError
        If a reward fails, with `on_error` too.
    """
    config, engine = config or EvaluationConfig(), engine or InProcess()
    runs = {run.label: run for run in runs_of(agents, config.samples, config.top)}
    rulers = _rulers(instances, config.batch, engine)
    rows = _rows_of_runs(runs, instances, rulers, config, on_error, progress, engine)
    more = [*reward_columns(instances), *top_columns(config.top)]
    columns = [*PER_SEQUENCE_COLUMNS, *more, *REAL_COLUMNS]
    return without_idle(pd.DataFrame(rows, columns=columns))


def summarise(per_sequence: pd.DataFrame) -> pd.DataFrame:
    """Means per agent, over the sequences where a value exists.

    Parameters
    ----------
    per_sequence : DataFrame
        Of `evaluate_agents`.

    Returns
    -------
    DataFrame
        Columns `SUMMARY_COLUMNS`, and `REWARD_COLUMNS`, `top_columns` and `REAL_SUMMARY` if the
        table has what they are made of; agents in the order of first appearance.
    """
    groups = per_sequence.groupby("agent", sort=False)
    more = [name for name in REWARD_COLUMNS if name in per_sequence]
    more += top_columns_in(per_sequence.columns)
    means = groups[[*METRICS, *more]].agg(lambda column: column.astype(float).mean())
    means.insert(0, "n", groups.size())
    summary = means.reset_index()[[*SUMMARY_COLUMNS, *more]]
    if not set(REAL_COLUMNS) <= set(per_sequence):
        return summary
    return summary.join(summarise_real(per_sequence)[list(REAL_SUMMARY)], on="agent")


def _rulers(instances: Sequence[Instance], batch: int, engine: Engine) -> list[Ruler]:
    parts = (instances[start : start + batch] for start in range(0, len(instances), batch))
    return [ruler for of_part in engine.map(_rulers_of, parts) for ruler in of_part]


def _rulers_of(instances: Sequence[Instance]) -> list[Ruler]:
    return [Ruler.of(each) for each in instances]


class _Batch(NamedTuple):
    """Some instances of one run; `start` is the number of the first one."""

    label: str
    start: int
    instances: Sequence[Instance]
    rulers: Sequence[Ruler]


class _Measuring:
    """Rows of batches, whichever run they belong to; each process has one.

    Parameters
    ----------
    runs : dict of str to Run
        By label.
    config : EvaluationConfig
    names_errors : bool
        False: they are raised.
    """

    def __init__(self, runs: dict[str, Run], config: EvaluationConfig, names_errors: bool) -> None:
        self._runs, self._config, self._names_errors = runs, config, names_errors
        self._started: set[str] = set()

    def __call__(self, batch: _Batch) -> tuple[list[dict[str, Any]], list[str]]:
        run, config, lines = self._runs[batch.label], self._config, list[str]()
        seed = [config.seed, zlib.crc32(run.label.encode())]
        if run.label not in self._started:  # lazy imports, compiled kernels: not in the seconds
            self._started.add(run.label)
            timed(run, batch.instances[:1], [*seed, 0], lambda message: None)
        on_error = lines.append if self._names_errors else None
        results = timed(run, batch.instances, [*seed, batch.start], on_error)
        measured = zip(batch.instances, batch.rulers, results, strict=True)
        rows = [
            self._row(run, i, ruler, found) for i, ruler, found in measured if found is not None
        ]
        return rows, lines

    def _row(self, run: Run, instance: Instance, ruler: Ruler, result: Result) -> dict[str, Any]:
        measured = measure(instance, result.assembly, ruler, self._config.pseudoknots)
        cost = {"seconds": result.seconds, "reward_calls": result.reward_calls}
        best = top_measures(result.top, instance.reference, self._config.top)
        return {"id": instance.id, "agent": run.label, **measured, **cost, **best}


def _rows_of_runs(
    runs: dict[str, Run],
    instances: Sequence[Instance],
    rulers: Sequence[Ruler],
    config: EvaluationConfig,
    on_error: Callable[[str], None] | None,
    progress: Callable[[Iterable[Any], int], Iterable[Any]],
    engine: Engine,
) -> list[dict[str, Any]]:
    """Rows run by run; those of peers are looked up here, the others measured by the engine."""
    working = {label: run for label, run in runs.items() if not isinstance(run.agent, PeerAgent)}
    starts = range(0, len(instances), config.batch)
    batches = (
        _Batch(label, start, instances[part], rulers[part])
        for label in working
        for start in starts
        for part in [slice(start, start + config.batch)]
    )
    done = engine.map(_Measuring(working, config, on_error is not None), batches)
    found = iter(progress(done, len(working) * len(starts)))
    rows: list[dict[str, Any]] = []
    for run in runs.values():
        if isinstance(run.agent, PeerAgent):
            rows += _rows_of_peer(run.agent, instances, rulers, on_error)
            continue
        for measured, lines in islice(found, len(starts)):
            rows += measured
            for line in lines:
                if on_error:
                    on_error(line)
    return rows


def _rows_of_peer(
    peer: PeerAgent,
    instances: Sequence[Instance],
    rulers: Sequence[Ruler],
    on_error: Callable[[str], None] | None,
) -> list[dict[str, Any]]:
    rows = []
    for instance, ruler in zip(instances, rulers, strict=True):
        if not peer.knows(instance):
            continue
        result = timed(Run(peer.name, peer, 1), [instance], [0], on_error)[0]
        if result is not None:
            measured = measure(instance, result.assembly, ruler, "allow")
            rows.append({"id": instance.id, "agent": peer.name, **measured, "seconds": None})
    return rows
