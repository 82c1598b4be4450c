"""How sure each structure of an agent is: by S1's boxes, or by an agent that knows better."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from boxfold.agents.agent import Agent
from boxfold.envs.instance import Instance
from boxfold.features.calibration import IDENTITY, Calibration, FloatArray
from boxfold.features.stem_weights import pair_probabilities
from boxfold.features.structure import IntArray

PairProbabilities = tuple[IntArray, FloatArray]
"""Base pairs that boxes hold (P, 2), each once, sorted, and the probability of each (P,)."""


@runtime_checkable
class JudgesPairs(Protocol):
    """An agent that says itself how probable pairs are, and has learnt to mean it."""

    def pair_probabilities(self, instances: Sequence[Instance]) -> list[PairProbabilities]:
        """Probabilities of the pairs that the boxes of each instance hold."""
        ...


def pairs_of_agent(
    agent: Agent, instances: Sequence[Instance], of_s1: Calibration
) -> tuple[list[PairProbabilities], Calibration]:
    """Probabilities of pairs, and what calibrates them.

    Parameters
    ----------
    agent : Agent
        Who assembles; S1's boxes speak unless it is one that `JudgesPairs`.
    instances : sequence of Instance
    of_s1 : Calibration
        Of S1's probabilities.
    """
    if isinstance(agent, JudgesPairs):
        return agent.pair_probabilities(instances), IDENTITY
    return [pair_probabilities(each.boxes, each.score) for each in instances], of_s1
