"""The one evaluation path: every agent, the same boxes, the same ruler, one row per sequence."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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
from boxfold.agents.reward_measures import REWARD_COLUMNS, assembly_reward, reward_columns
from boxfold.agents.timed_run import Run, runs_of, timed
from boxfold.agents.top_measures import top_columns, top_columns_in, top_measures
from boxfold.envs.instance import Instance
from boxfold.features.agreement import Agreement, agreement
from boxfold.features.knot_order import DEFAULT_MAX_ORDER
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import IntArray, dot_bracket
from boxfold.rewards.energy import mfe
from boxfold.rewards.energy_reward import structure_energy
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
    top: int = field(default=1, metadata={"help": "different structures of each agent, best first"})


class Ruler(NamedTuple):
    """What assemblies of one instance are measured against; kcal/mol."""

    optimum: float
    mfe: float


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
        Columns `PER_SEQUENCE_COLUMNS`, `REWARD_COLUMNS` with an objective, `top_columns` with
        ``config.top`` K > 1, and `REAL_COLUMNS` where they say anything new (a reference with
        non-canonical pairs, a knot); agent by agent.

    Raises
    ------
    RewardError
        If a reward fails, with `on_error` too.
    """
    config = config or EvaluationConfig()
    rulers = [Ruler(each.optimum.energy, mfe(each.seq).free_energy) for each in instances]
    runs = {run.label: run for run in runs_of(agents, config.samples, config.top)}
    rows: list[dict[str, Any]] = []
    for label in progress(list(runs), len(runs)):
        rows += _rows_of_run(runs[label], instances, rulers, config, on_error)
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


def _rows_of_run(
    run: Run,
    instances: Sequence[Instance],
    rulers: Sequence[Ruler],
    config: EvaluationConfig,
    on_error: Callable[[str], None] | None,
) -> list[dict[str, Any]]:
    if isinstance(run.agent, PeerAgent):
        return _rows_of_peer(run.agent, instances, rulers, on_error)
    seed = [config.seed, zlib.crc32(run.label.encode())]
    if instances:  # start-up (lazy imports, compiled kernels) isn't part of the seconds
        timed(run, instances[:1], [*seed, 0], lambda message: None)
    rows = []
    for start in range(0, len(instances), config.batch):
        batch = slice(start, start + config.batch)
        results = timed(run, instances[batch], [*seed, start], on_error)
        for instance, ruler, result in zip(instances[batch], rulers[batch], results, strict=True):
            if result is None:
                continue
            measured = measure(instance, result.assembly, ruler, config.pseudoknots)
            cost = {"seconds": result.seconds, "reward_calls": result.reward_calls}
            best = top_measures(result.top, instance.reference, config.top)
            rows.append({"id": instance.id, "agent": run.label, **measured, **cost, **best})
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
