"""Reward ``self_consistency``: does a structure agree with the ensemble of its sequence."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from boxfold.rewards.energy_settings import EnergySettings, ParameterSet
from boxfold.rewards.ensemble import pair_probabilities
from boxfold.rewards.plugin import Problem, Reward, Structure


@dataclass(frozen=True)
class SelfConsistencyConfig:
    """Settings of `SelfConsistencyReward`.

    Raises
    ------
    ValueError
        If there are no such parameters.
    """

    parameters: ParameterSet = field(
        default="turner2004", metadata={"help": "turner2004, turner1999 or andronescu2007"}
    )

    def __post_init__(self) -> None:
        EnergySettings(parameters=self.parameters)


class SelfConsistencyReward(Reward):
    """Mean over all bases of the probability, in the Boltzmann ensemble, of what becomes of it.

    ``(sum over pairs of 2 P(i, j) + sum over unpaired bases of (1 - sum_j P(i, j))) / L``, with P
    from ViennaRNA; in [0, 1].
    """

    name = "self_consistency"
    Config = SelfConsistencyConfig

    def score(self, instance: Problem, structure: Structure) -> dict[str, float]:
        """One component."""
        paired, alone = _probabilities(instance.seq, self.config.parameters)
        i, j = structure.base_pairs.T
        is_alone = np.ones(len(instance.seq), dtype=bool)
        is_alone[structure.base_pairs.ravel()] = False
        agreed = 2 * paired[i, j].sum(dtype=float) + alone[is_alone].sum(dtype=float)
        return {"self_consistency": float(agreed / len(instance.seq))}


@lru_cache(maxsize=32)
def _probabilities(
    seq: str, parameters: ParameterSet
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of each pair (L, L), upper triangle; and of each base to be unpaired (L,)."""
    paired = pair_probabilities(seq, parameters)
    return paired, np.clip(1 - paired.sum(axis=0) - paired.sum(axis=1), 0, 1)
