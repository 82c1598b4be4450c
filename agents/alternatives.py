"""Further structures of a sequence, different and best first, whoever assembled the first one.

Agents that know better say so themselves (`Several`): those that sample draw, those that solve a
sum of scores exactly solve it again with the used pairs made dearer. For any other agent, and
where these have too few, each stem of the structure is forbidden in turn, and the agent assembles
what is left.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from boxfold.agents.agent import Agent, Assembly, Picks
from boxfold.agents.diversity import is_new
from boxfold.envs.instance import Instance
from boxfold.features.loops import stems
from boxfold.features.stem_weights import shared_pairs
from boxfold.features.structure import IntArray
from boxfold.rewards.energy_reward import structure_energy

POOL = 4
"""Candidates asked of an agent for each structure that is wanted: many are too similar."""


@runtime_checkable
class Several(Protocol):
    """An agent that offers several structures by itself."""

    def several(
        self, instances: Sequence[Instance], rng: np.random.Generator, n: int
    ) -> list[list[Assembly]]:
        """At most `n` different assemblies of each instance, the best first."""
        ...


def alternatives(
    agent: Agent,
    instances: Sequence[Instance],
    first: Sequence[Assembly],
    rng: np.random.Generator,
    k: int,
) -> list[list[Assembly]]:
    """At most `k` structures of each instance; see `boxfold.agents.diversity.is_new`.

    Parameters
    ----------
    agent : Agent
    instances : sequence of Instance
    first : sequence of Assembly
        What `agent` assembled; rank 1 stays as it is.
    rng : numpy.random.Generator
    k : int

    Returns
    -------
    list of list of Assembly
        `first`, then the alternatives by the agent's own measure; fewer where there are no more.
    """
    found = [[each] for each in first]
    if k == 1:
        return found
    if isinstance(agent, Several):
        offered = agent.several(instances, rng, POOL * k)
        found = [_filled(chosen, more, k) for chosen, more in zip(found, offered, strict=True)]
    for chosen, instance in zip(found, instances, strict=True):
        if len(chosen) < k:
            chosen[:] = _filled(chosen, without_each_stem(agent, instance, chosen[0], rng), k)
    return found


def without_each_stem(
    agent: Agent, instance: Instance, assembly: Assembly, rng: np.random.Generator
) -> list[Assembly]:
    """What an agent assembles where one stem of its structure is forbidden; lowest cost first.

    All boxes that hold a pair of the stem are left out.
    """
    kept = []
    for stem in stems(assembly.base_pairs):
        pairs = stem[1] + np.arange(stem[3]), stem[2] + stem[4] - 1 - np.arange(stem[3])
        kept.append(np.flatnonzero(shared_pairs(instance.boxes, np.stack(pairs, axis=1)) == 0))
    reduced = [instance.only(keep) for keep in kept]
    made = agent.assemble(reduced, rng) if reduced else []
    whole = [
        each._replace(picks=_renumbered(each.picks, keep, instance.n_boxes))
        for each, keep in zip(made, kept, strict=True)
    ]
    return sorted(whole, key=lambda each: assembly_cost(instance, each))


def assembly_cost(instance: Instance, assembly: Assembly) -> float:
    """What agents minimise; the free energy, kcal/mol, of a structure that isn't made of boxes."""
    if assembly.picks is None:
        return float(structure_energy(instance.model, assembly.base_pairs))
    return instance.cost(instance.stems_of(assembly.picks))


def _filled(found: list[Assembly], offered: Sequence[Assembly], k: int) -> list[Assembly]:
    """What was found and the first offers that differ from all before them, `k` at most."""
    chosen = list(found)
    for assembly in offered:
        if len(chosen) < k and is_new(assembly.base_pairs, (one.base_pairs for one in chosen)):
            chosen.append(assembly)
    return chosen


def _renumbered(picks: Picks | None, keep: IntArray, n_boxes: int) -> Picks | None:
    """Picks among some of the stems as picks among all; loops stand behind the stems."""
    if picks is None:
        return None
    more = n_boxes - len(keep)
    return tuple(int(keep[pick]) if pick < len(keep) else pick + more for pick in picks)
