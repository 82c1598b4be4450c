"""Agents at work: who runs how often, what comes out, and the CPU time that it took."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from boxfold.agents.agent import Agent, Assembly
from boxfold.agents.alternatives import alternatives
from boxfold.agents.reward_measures import reward_calls
from boxfold.envs.instance import Instance
from boxfold.rewards.plugin import RewardError


class Result(NamedTuple):
    """What an agent made of one sequence.

    Attributes
    ----------
    assembly : Assembly
    seconds : float
        CPU time, without that of alternatives.
    reward_calls : int or None
        Structures that were judged by rewards, likewise.
    top : list of Assembly
        It and its alternatives.
    """

    assembly: Assembly
    seconds: float
    reward_calls: int | None
    top: list[Assembly]


class Run(NamedTuple):
    """One row of the table: an agent, how often it draws, how many structures it shows."""

    label: str
    agent: Agent
    samples: int
    top: int = 1


def runs_of(agents: Sequence[Agent], samples: int, top: int = 1) -> list[Run]:
    """Rows of a table: two for agents that sample, greedy and best of `samples` > 1."""
    runs = []
    for agent in agents:
        runs.append(Run(agent.name, agent, 1, top))
        if samples > 1 and agent.can_sample:
            runs.append(Run(f"{agent.name} x {samples}", agent, samples, top))
    return runs


def timed(
    run: Run,
    instances: Sequence[Instance],
    seed: Sequence[int],
    on_error: Callable[[str], None] | None,
) -> list[Result | None]:
    """Assemblies with CPU seconds per sequence; None for sequences that the agent failed on."""
    # Fresh instances: no agent profits from tables that another one has filled.
    fresh = [each.fresh() for each in instances]
    rng = np.random.default_rng(seed)
    try:
        start = time.process_time()
        assemblies = run.agent.assemble(fresh, rng, run.samples)
        seconds = (time.process_time() - start) / len(instances)
        calls = [reward_calls(each) for each in fresh]
        top = alternatives(run.agent, fresh, assemblies, rng, run.top)
        return [
            Result(assembly, seconds, count, structures)
            for assembly, count, structures in zip(assemblies, calls, top, strict=True)
        ]
    except RewardError:  # one line for all sequences
        raise
    except Exception as error:  # one bad record must not lose the batch
        if on_error is None:
            raise
        if len(instances) > 1:
            return [timed(run, [each], seed, on_error)[0] for each in instances]
        on_error(f"{instances[0].id}: {run.label} failed: {' '.join(str(error).split())}")
        return [None]
