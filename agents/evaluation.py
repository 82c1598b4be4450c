"""The one evaluation path: every agent, the same boxes, the same ruler, one row per sequence."""

import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from boxfold.agents.agent import Agent, Assembly
from boxfold.agents.peers import PeerAgent
from boxfold.agents.real_structures import (
    REAL_COLUMNS,
    REAL_SUMMARY,
    real_measures,
    summarise_real,
    without_idle,
)
from boxfold.agents.reward_measures import (
    REWARD_COLUMNS,
    assembly_reward,
    reward_calls,
    reward_columns,
)
from boxfold.envs.instance import Instance
from boxfold.features.agreement import Agreement, agreement
from boxfold.features.knot_order import DEFAULT_MAX_ORDER
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import IntArray, dot_bracket
from boxfold.rewards.energy import mfe
from boxfold.rewards.energy_reward import structure_energy
from boxfold.rewards.plugin import RewardError
from boxfold.rewards.validity import check_assembly, check_structure

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

EXACT_TOLERANCE = 0.01
"""Structures this close in free energy (kcal/mol) count as the same optimum: optima are tied."""


@dataclass(frozen=True)
class EvaluationConfig:
    """Settings of `evaluate_agents`."""

    samples: int = field(default=1, metadata={"help": "draws of agents that sample, best kept"})
    seed: int = field(default=0, metadata={"help": "seed of agents that draw"})
    pseudoknots: Pseudoknots = field(
        default="forbid", metadata={"help": "may picked boxes cross: forbid or allow"}
    )
    batch: int = field(default=64, metadata={"help": "sequences handed to an agent at once"})


class Ruler(NamedTuple):
    """What assemblies of one instance are measured against; kcal/mol."""

    optimum: float
    mfe: float


class _Result(NamedTuple):
    """An assembly, the CPU seconds that it took and the structures that were judged by rewards."""

    assembly: Assembly
    seconds: float
    reward_calls: int | None


class _Run(NamedTuple):
    """One row of the table: an agent and how often it draws."""

    label: str
    agent: Agent
    samples: int


def evaluate_agents(
    agents: Sequence[Agent],
    instances: Sequence[Instance],
    config: EvaluationConfig | None = None,
    on_error: Callable[[str], None] | None = None,
    progress: Callable[[Iterable[str], int], Iterable[str]] = lambda labels, total: labels,
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
        Wraps the row labels and their number, to show how far it is.

    Returns
    -------
    DataFrame
        Columns `PER_SEQUENCE_COLUMNS`, `REWARD_COLUMNS` with an objective, and `REAL_COLUMNS`
        where they say anything new (a reference with non-canonical pairs, a knot); agent by agent.

    Raises
    ------
    RewardError
        If a reward fails, with `on_error` too.
    """
    config = config or EvaluationConfig()
    rulers = [Ruler(each.optimum.energy, mfe(each.seq).free_energy) for each in instances]
    runs = {run.label: run for run in _runs(agents, config.samples)}
    rows: list[dict[str, Any]] = []
    for label in progress(list(runs), len(runs)):
        rows += _rows_of_run(runs[label], instances, rulers, config, on_error)
    columns = [*PER_SEQUENCE_COLUMNS, *reward_columns(instances), *REAL_COLUMNS]
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
        Columns `SUMMARY_COLUMNS`, and `REWARD_COLUMNS` and `REAL_SUMMARY` if the table has what
        they are made of; agents in the order of first appearance.
    """
    groups = per_sequence.groupby("agent", sort=False)
    more = [name for name in REWARD_COLUMNS if name in per_sequence]
    means = groups[[*METRICS, *more]].agg(lambda column: column.astype(float).mean())
    means.insert(0, "n", groups.size())
    summary = means.reset_index()[[*SUMMARY_COLUMNS, *more]]
    if not set(REAL_COLUMNS) <= set(per_sequence):
        return summary
    return summary.join(summarise_real(per_sequence)[list(REAL_SUMMARY)], on="agent")


def measure(
    instance: Instance,
    assembly: Assembly,
    ruler: Ruler,
    pseudoknots: Pseudoknots = "forbid",
    max_knot_order: int = DEFAULT_MAX_ORDER,
) -> dict[str, Any]:
    """Every metric of one assembly except its time.

    Parameters
    ----------
    instance : Instance
    assembly : Assembly
    ruler : Ruler
    pseudoknots : {"forbid", "allow"}
    max_knot_order : int

    Returns
    -------
    dict
        Accuracy is None without a reference, energies None where the structure is invalid.
    """
    reasons = _reasons(instance, assembly, pseudoknots, max_knot_order)
    energy = None if reasons else structure_energy(instance.model, assembly.base_pairs)
    accuracy = _accuracy(assembly.base_pairs, instance.reference)
    return {
        "length": len(instance.seq),
        "dot_bracket": dot_bracket(assembly.base_pairs, len(instance.seq)),
        "reasons": "; ".join(reasons),
        "validity": float(not reasons),
        **accuracy,
        "exact": float(energy is not None and is_optimal(energy, ruler.optimum)),
        "free_energy": energy,
        "energy_gap": None if energy is None else round(energy - ruler.optimum, 4),
        "gap_to_mfe": None if energy is None else round(energy - ruler.mfe, 4),
        "energy_calls": assembly.energy_calls,
        "reward": None if reasons else assembly_reward(instance, assembly),
        **real_measures(instance.seq, assembly.base_pairs, instance.reference),
    }


def is_optimal(energy: float, optimum: float) -> bool:
    """Whether two free energies differ by at most `EXACT_TOLERANCE`."""
    return abs(round(energy - optimum, 4)) <= EXACT_TOLERANCE


def _runs(agents: Sequence[Agent], samples: int) -> list[_Run]:
    runs = []
    for agent in agents:
        runs.append(_Run(agent.name, agent, 1))
        if samples > 1 and agent.can_sample:
            runs.append(_Run(f"{agent.name} x {samples}", agent, samples))
    return runs


def _rows_of_run(
    run: _Run,
    instances: Sequence[Instance],
    rulers: Sequence[Ruler],
    config: EvaluationConfig,
    on_error: Callable[[str], None] | None,
) -> list[dict[str, Any]]:
    if isinstance(run.agent, PeerAgent):
        return _rows_of_peer(run.agent, instances, rulers, on_error)
    seed = [config.seed, zlib.crc32(run.label.encode())]
    if instances:  # start-up (lazy imports, compiled kernels) isn't part of the seconds
        _timed(run, instances[:1], [*seed, 0], lambda message: None)
    rows = []
    for start in range(0, len(instances), config.batch):
        batch = slice(start, start + config.batch)
        results = _timed(run, instances[batch], [*seed, start], on_error)
        for instance, ruler, result in zip(instances[batch], rulers[batch], results, strict=True):
            if result is None:
                continue
            measured = measure(instance, result.assembly, ruler, config.pseudoknots)
            cost = {"seconds": result.seconds, "reward_calls": result.reward_calls}
            rows.append({"id": instance.id, "agent": run.label, **measured, **cost})
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
        result = _timed(_Run(peer.name, peer, 1), [instance], [0], on_error)[0]
        if result is not None:
            measured = measure(instance, result.assembly, ruler, "allow")
            rows.append({"id": instance.id, "agent": peer.name, **measured, "seconds": None})
    return rows


def _timed(
    run: _Run,
    instances: Sequence[Instance],
    seed: Sequence[int],
    on_error: Callable[[str], None] | None,
) -> list[_Result | None]:
    """Assemblies with CPU seconds per sequence; None for sequences that the agent failed on."""
    # Fresh instances: no agent profits from tables that another one has filled.
    fresh = [each.fresh() for each in instances]
    rng = np.random.default_rng(seed)
    try:
        start = time.process_time()
        assemblies = run.agent.assemble(fresh, rng, run.samples)
        seconds = (time.process_time() - start) / len(instances)
        made = zip(assemblies, fresh, strict=True)
        return [_Result(assembly, seconds, reward_calls(each)) for assembly, each in made]
    except RewardError:  # one line for all sequences
        raise
    except Exception as error:  # one bad record must not lose the batch
        if on_error is None:
            raise
        if len(instances) > 1:
            return [_timed(run, [each], seed, on_error)[0] for each in instances]
        on_error(f"{instances[0].id}: {run.label} failed: {' '.join(str(error).split())}")
        return [None]


def _reasons(
    instance: Instance, assembly: Assembly, pseudoknots: Pseudoknots, max_knot_order: int
) -> tuple[str, ...]:
    if assembly.picks is None:
        return check_structure(instance.seq, assembly.base_pairs)
    boxes = instance.all_boxes
    return check_assembly(instance.seq, boxes, assembly.picks, pseudoknots, max_knot_order)


def _accuracy(base_pairs: IntArray, reference: IntArray | None) -> dict[str, float | None]:
    if reference is None:
        return dict.fromkeys(Agreement._fields)
    return agreement(base_pairs, reference)._asdict()
