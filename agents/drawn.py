"""What an episode of a policy came to: its picks, and whether they are an assembly.

A policy that also picks loops, or that no mask keeps from impossible picks, can end an episode as
invalid. Such a draw keeps its picks, the impossible one included, so that it can be told why; but
it has no structure, and counts as the empty one where energies are compared.
"""

from collections.abc import Sequence

import numpy as np

from boxfold.agents.agent import Assembly, Picks, assembly_of_picks, lowest_energy
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.rewards.validity import check_assembly


def can_be_invalid(config: AssemblyConfig) -> bool:
    """Whether an episode can end as invalid at all.

    Examples
    --------
    >>> can_be_invalid(AssemblyConfig()), can_be_invalid(AssemblyConfig(mask=False))
    (False, True)
    """
    return config.action_types == "all" or not config.mask


def boxes_of_slots(slots: Sequence[int], instance: Instance, config: AssemblyConfig) -> Picks:
    """Indices into `Instance.all_boxes` of the slots of an environment.

    Parameters
    ----------
    slots : sequence of int
        In the order of picking, which is kept.
    instance : Instance
        Of which the environment may hold no more than the best stems and loops.
    config : AssemblyConfig
        Of the environment.

    Returns
    -------
    tuple of int
    """
    more = instance.n_boxes - config.n_stem_slots  # loops begin behind all stems
    return tuple(slot if slot < config.n_stem_slots else slot + more for slot in slots)


def is_assembly(instance: Instance, picks: Picks, config: AssemblyConfig) -> bool:
    """Whether picks of a policy in such an environment are an assembly."""
    if not can_be_invalid(config):
        return True
    return not check_assembly(
        instance.seq, instance.all_boxes, picks, config.pseudoknots, config.max_knot_order
    )


def drawn_assembly(
    instance: Instance, picks: Picks, config: AssemblyConfig, energy_calls: int = 0
) -> Assembly:
    """Assembly of the picks of a policy: one without base pairs if they are invalid.

    Parameters
    ----------
    instance : Instance
    picks : tuple of int
        Indices into `Instance.all_boxes`, in the order of picking.
    config : AssemblyConfig
    energy_calls : int

    Returns
    -------
    Assembly
    """
    if is_assembly(instance, picks, config):
        return assembly_of_picks(instance, picks, energy_calls)._replace(order=tuple(picks))
    no_pairs = np.zeros((0, 2), dtype=np.int64)
    return Assembly(tuple(sorted(picks)), no_pairs, energy_calls, order=tuple(picks))


def ranked_drawn(
    instance: Instance, drawn: Sequence[Picks], config: AssemblyConfig
) -> list[Assembly]:
    """All draws that are assemblies, that of lowest energy (or objective) first."""
    valid = [picks for picks in drawn if is_assembly(instance, picks, config)]
    ranked = sorted(valid, key=lambda picks: instance.cost(instance.stems_of(picks)))
    return [drawn_assembly(instance, picks, config) for picks in ranked]


def best_drawn(instance: Instance, drawn: Sequence[Picks], config: AssemblyConfig) -> Picks:
    """The draw of lowest energy among those that are assemblies; the first if none is one.

    Parameters
    ----------
    instance : Instance
    drawn : sequence of tuple of int
        At least one.
    config : AssemblyConfig

    Returns
    -------
    tuple of int
        In the order of picking.
    """
    valid = [picks for picks in drawn if is_assembly(instance, picks, config)]
    if not valid:
        return drawn[0]
    best = set(lowest_energy(instance, valid)[0])
    return next(picks for picks in valid if set(picks) == best)
