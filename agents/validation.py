"""Fixed validation instances, measured the same way for every trainer."""

from collections.abc import Sequence

import numpy as np

from boxfold.agents.agent import Picks, assembly_of_picks
from boxfold.agents.evaluation import Ruler, measure
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import rollout
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance

VALIDATION_TAGS = ("energy_gap", "f1", "validity", "exact", "mean_reward")
"""What is logged below ``eval/``; the first is the one that chooses the best network."""


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
        ``eval/energy_gap`` in kcal/mol, ``eval/f1`` (if there are references),
        ``eval/validity``, ``eval/exact`` and ``eval/mean_reward``, minus the energy by the
        scale of the instance.
    """
    rows = []
    for instance, each in zip(instances, picks, strict=True):
        ruler = Ruler(instance.optimum.energy, np.nan)
        row = measure(instance, assembly_of_picks(instance, each), ruler, config.pseudoknots)
        energy = row["free_energy"]
        reward = -config.reward.invalid_penalty if energy is None else -energy / instance.scale
        rows.append([*(row[tag] for tag in VALIDATION_TAGS[:-1]), reward])
    values = np.array(rows, dtype=np.float64)  # None becomes nan
    known = ~np.isnan(values).all(axis=0)
    means = np.nanmean(values[:, known], axis=0)
    tags = np.array(VALIDATION_TAGS)[known]
    return {f"eval/{tag}": float(mean) for tag, mean in zip(tags, means, strict=True)}


def validate_policy(
    network: AssemblyNetwork, instances: Sequence[Instance], config: AssemblyConfig
) -> dict[str, float]:
    """`validation_scores` of the greedy assemblies of a policy."""
    rng = np.random.default_rng(0)  # not drawn from: greedy
    greedy = [picks[0] for picks in rollout(network, instances, config, rng)]
    return validation_scores(instances, greedy, config)
