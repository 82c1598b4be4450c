"""What the last step of an episode reports."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.features.agreement import agreement
from boxfold.features.structure import IntArray, dot_bracket
from boxfold.rewards.combination import combination_of
from boxfold.rewards.plugin import Structure
from boxfold.rewards.reward import RewardConfig
from boxfold.rewards.validity import check_assembly

SUCCESS_GAP = 0.01
"""Largest energy gap, in kcal/mol, of an episode that counts as solved."""


def refusal(
    instance: Instance, boxes: IntArray, picks: Sequence[int], slot: int, config: AssemblyConfig
) -> tuple[str, ...]:
    """Reasons why a slot can't be picked on top of others.

    Parameters
    ----------
    instance : Instance
    boxes : ndarray, dtype=int, shape (N, 5)
        Slots, -1 in padding.
    picks : sequence of int
        Slots picked before.
    slot : int
        Any integer.
    config : AssemblyConfig

    Returns
    -------
    tuple of str
        Not empty.
    """
    if not 0 <= slot < len(boxes) or boxes[slot, 0] < 0:
        return (f"slot {slot} holds no box",)
    if slot in picks:
        return (f"box {slot} is picked already",)
    grown = [*picks, slot]
    reasons = check_assembly(instance.seq, boxes, grown, config.pseudoknots, config.max_knot_order)
    return reasons or (f"box {slot} contradicts a picked box",)


def combined_reward(instance: Instance, stems: Sequence[int], reward: RewardConfig) -> list[float]:
    """What each term of a combination pays for a valid structure, weighted.

    Raises
    ------
    RewardError
        If a reward fails.
    """
    structure = Structure(instance.base_pairs(stems), tuple(sorted(stems)))
    return list(combination_of(reward.terms).parts(instance, structure).values())


def episode_info(
    instance: Instance,
    picks: Sequence[int],
    energy: float,
    reasons: tuple[str, ...],
    rewards: Sequence[float],
    config: AssemblyConfig,
) -> dict[str, Any]:
    """Information about a finished episode; the class text of `BoxAssemblyEnv` explains each key.

    Parameters
    ----------
    instance : Instance
    picks : sequence of int
        Slots in the order of picking.
    energy : float
        Free energy of the picks, kcal/mol.
    reasons : tuple of str
        Why the episode is invalid; empty if it is valid.
    rewards : sequence of float
        Sums over the episode, in the order of `RewardConfig.components`.
    config : AssemblyConfig
    """
    pairs = instance.base_pairs(pick for pick in picks if pick < config.n_stem_slots)
    gap = round(energy - instance.optimum.energy, 2) + 0.0
    info: dict[str, Any] = {
        "id": instance.id,
        "sequence": instance.seq,
        "dot_bracket": dot_bracket(pairs, len(instance.seq)),
        "valid": not reasons,
        "reasons": reasons,
        "energy": energy,
        "energy_gap": gap,
        "is_success": not reasons and gap <= SUCCESS_GAP,
        "n_picks": len(picks),
        "picks": tuple(picks),
    }
    if instance.reference is not None:
        info["f1"] = agreement(pairs, np.asarray(instance.reference)).f1
    sums = zip(config.reward.components, rewards, strict=True)
    return info | {f"reward/{name}": float(value) for name, value in sums}
