"""What an agent is: something that turns instances into assemblies of their boxes."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from boxfold.envs.instance import Instance
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import IntArray

Picks = tuple[int, ...]
"""Indices into `Instance.all_boxes` of what is picked: stems, and loops behind them."""


class Assembly(NamedTuple):
    """A structure that an agent put together.

    Attributes
    ----------
    picks : tuple of int or None
        Picked boxes, rising; None if the structure isn't made of boxes (`rnafold`).
    base_pairs : ndarray, dtype=int64, shape (K, 2)
    energy_calls : int
        Free-energy evaluations that the agent asked for; `Objective` counts those of rewards.
    order : tuple of int or None
        The picks in the order of picking, of agents that decide one after the other.
    """

    picks: Picks | None
    base_pairs: IntArray
    energy_calls: int
    order: Picks | None = None


class Agent(Protocol):
    """Anything that assembles structures.

    Attributes
    ----------
    name : str
        Row name in tables.
    can_sample : bool
        True if `assemble` can draw several assemblies and keep the best; a deterministic agent
        ignores `samples`.
    """

    name: str
    can_sample: bool

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance.

        Parameters
        ----------
        instances : sequence of Instance
        rng : numpy.random.Generator
            Only source of randomness.
        samples : int
            1: the agent's own best guess (greedy). K > 1: K draws, the best by reward is kept.

        Returns
        -------
        list of Assembly
            In the order of `instances`.
        """
        ...


class SingleAgent(ABC):
    """Base of agents that look at one instance after the other; makes them an `Agent`.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
        May picked stems cross.
    """

    name: str
    can_sample = False

    def __init__(self, pseudoknots: Pseudoknots = "forbid") -> None:
        self.pseudoknots = pseudoknots

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance; see `Agent.assemble`."""
        return [self._assemble(instance, rng, samples) for instance in instances]

    @abstractmethod
    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        """Structure of one instance."""


def assembly_of_picks(instance: Instance, picks: Iterable[int], energy_calls: int = 0) -> Assembly:
    """Assembly of picked boxes of which no two stems share a base.

    Parameters
    ----------
    instance : Instance
    picks : iterable of int
        In any order.
    energy_calls : int

    Returns
    -------
    Assembly

    Raises
    ------
    ValueError
        If two picks pair one base differently.
    """
    ordered = tuple(sorted(int(pick) for pick in picks))
    return Assembly(ordered, instance.base_pairs(instance.stems_of(ordered)), energy_calls)


def lowest_energy(instance: Instance, candidates: Iterable[Iterable[int]]) -> tuple[Picks, int]:
    """Candidate of lowest cost (free energy, or objective), so of highest final reward.

    Parameters
    ----------
    instance : Instance
    candidates : iterable of iterable of int
        Conflict-free picks; equal sets are evaluated once, ties go to the earlier one.

    Returns
    -------
    picks : tuple of int
    energy_calls : int
        Distinct candidates evaluated, if by free energy.
    """
    unique = dict.fromkeys(tuple(sorted(int(p) for p in picks)) for picks in candidates)
    costs = {picks: instance.cost(instance.stems_of(picks)) for picks in unique}
    best = min(costs, key=lambda picks: costs[picks])
    return best, free_energies(instance, len(costs))


def free_energies(instance: Instance, calls: int) -> int:
    """How many of some evaluations are free energies: none if the instance has an objective."""
    return calls if instance.objective is None else 0
