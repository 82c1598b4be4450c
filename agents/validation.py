"""Fixed validation instances, measured the same way for every trainer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from boxfold.agents.agent import Picks
from boxfold.agents.drawn import best_drawn, drawn_assembly
from boxfold.agents.measuring import Ruler, measure
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import different_assemblies
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.objective import Objective
from boxfold.envs.outcome import combined_reward
from boxfold.rewards.combination import combination_of
from boxfold.rewards.reward import RewardConfig

VALIDATION_TAGS = ("energy_gap", "f1", "validity", "exact", "mean_reward")
"""What is logged below ``eval/`` of one assembly per instance."""

SAMPLES = 16
"""Assemblies per instance of `validate_policy`."""


def validation_scores(
    instances: Sequence[Instance], picks: Sequence[Picks], config: AssemblyConfig
) -> dict[str, float]:
    """Means over instances, by tag.

    Parameters
    ----------
    instances : sequence of Instance
    picks : sequence of tuple of int
        One assembly per instance.
    config : AssemblyConfig

    Returns
    -------
    dict
        ``eval/energy_gap`` in kcal/mol (what is invalid counts as the empty structure),
        ``eval/f1`` (if there are references),
        ``eval/validity``, ``eval/exact`` and ``eval/mean_reward``: minus the energy by the
        scale of the instance, or the combination of rewards.
    """
    rows = []
    for instance, each in zip(instances, picks, strict=True):
        row = measure_drawn(instance, each, config)
        reward = _reward(instance, each, row["free_energy"], config.reward)
        rows.append([*(row[tag] for tag in VALIDATION_TAGS[:-1]), reward])
    values = np.array(rows, dtype=np.float64)  # None becomes nan
    known = ~np.isnan(values).all(axis=0)
    means = np.nanmean(values[:, known], axis=0)
    tags = np.array(VALIDATION_TAGS)[known]
    return {f"eval/{tag}": float(mean) for tag, mean in zip(tags, means, strict=True)}


def _reward(instance: Instance, picks: Picks, energy: float | None, reward: RewardConfig) -> float:
    """Sum of rewards of an episode with these picks; without an energy it is invalid."""
    if energy is None:
        return -reward.invalid_penalty
    if reward.terms:
        return sum(combined_reward(instance, instance.stems_of(picks), reward))
    return -energy / instance.scale


def measure_drawn(instance: Instance, picks: Picks, config: AssemblyConfig) -> dict[str, Any]:
    """Row of `measure` for the picks of a policy; what is invalid has the gap of no structure."""
    ruler = Ruler(instance.optimum.energy, np.nan)
    assembly = drawn_assembly(instance, picks, config)
    row = measure(instance, assembly, ruler, config.pseudoknots, config.max_knot_order)
    if row["free_energy"] is None:
        row["energy_gap"] = -instance.optimum.energy
    return row


def validate_policy(
    network: AssemblyNetwork, instances: Sequence[Instance], config: AssemblyConfig
) -> tuple[float, dict[str, float]]:
    """How good the assemblies of a policy are, in one greedy pass and with samples.

    Returns
    -------
    score : float
        Sum of both energy gaps, in kcal/mol: both ways of decoding ship. With a combination of
        rewards minus the sum of both rewards.
    metrics : dict
        `validation_scores` of the greedy assemblies, and ``eval/best_energy_gap`` of the best of
        `SAMPLES` (the greedy one is one of them), drawn with the same noise at every call; with a
        combination of rewards also ``eval/best_mean_reward``.
    """
    drawn = different_assemblies(network, instances, config, np.random.default_rng(0), SAMPLES)
    metrics = validation_scores(instances, [picks[0] for picks in drawn], config)
    best = [best_drawn(each, picks, config) for each, picks in zip(instances, drawn, strict=True)]
    of_best = validation_scores(instances, best, config)
    metrics["eval/best_energy_gap"] = of_best["eval/energy_gap"]
    if config.reward.terms:
        metrics["eval/best_mean_reward"] = of_best["eval/mean_reward"]
    return score_of(metrics), metrics


def score_of(metrics: Mapping[str, float]) -> float:
    """Score of `validate_policy`, lower is better, of its metrics.

    Examples
    --------
    >>> score_of({"eval/energy_gap": 1.5, "eval/best_energy_gap": 0.25})
    1.75
    """
    if "eval/best_mean_reward" in metrics:
        return -metrics["eval/mean_reward"] - metrics["eval/best_mean_reward"]
    return metrics["eval/energy_gap"] + metrics["eval/best_energy_gap"]


def judged_by(instances: Sequence[Instance], reward: RewardConfig) -> list[Instance]:
    """The same instances, with the objective of this reward if it is a combination."""
    if not reward.terms:
        return list(instances)
    rewards = combination_of(reward.terms)
    return [replace(each.fresh(), objective=Objective(rewards)) for each in instances]
