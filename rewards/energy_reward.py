"""Reward ``energy``: free energy, at any temperature and under any parameters."""

from dataclasses import dataclass, field
from functools import lru_cache

from boxfold.features.structure import IntArray, is_nested
from boxfold.rewards.energy import EnergyModel, mfe
from boxfold.rewards.energy_settings import DEFAULT_SETTINGS, EnergySettings
from boxfold.rewards.plugin import Problem, Reward, Structure
from boxfold.rewards.pseudoknot import knotted_energy
from boxfold.rewards.reward import reward_scale


@dataclass(frozen=True)
class EnergyRewardConfig(EnergySettings):
    """Settings of `EnergyReward`."""

    max_energy: float = field(
        default=10.0, metadata={"help": "higher free energies count as this one, kcal/mol"}
    )


class EnergyReward(Reward):
    """``-E / max(2, |E*|)``, the reward that the environment has without plug-ins.

    E is the free energy of the structure. E* is the least one over the boxes of the instance; with
    other settings than the default ones it is that of ViennaRNA's structure under these settings.
    """

    name = "energy"
    Config = EnergyRewardConfig

    def __init__(self, config: EnergyRewardConfig | None = None) -> None:
        super().__init__(config)
        self.settings = EnergySettings(self.config.temperature, self.config.parameters)

    def score(self, instance: Problem, structure: Structure) -> dict[str, float]:
        """One component, at most about 1."""
        if self.settings == DEFAULT_SETTINGS:
            model, scale = instance.model, instance.scale
        else:
            model, scale = _model_and_scale(instance.seq, self.settings)
        energy = structure_energy(model, structure.base_pairs)
        return {"energy": -min(energy, self.config.max_energy) / scale}


def structure_energy(model: EnergyModel, base_pairs: IntArray) -> float:
    """Free energy in kcal/mol of a valid structure, nested or knotted."""
    if is_nested(base_pairs):
        return model.free_energy(base_pairs)
    return float(knotted_energy(model, base_pairs).total)


@lru_cache(maxsize=64)
def _model_and_scale(seq: str, settings: EnergySettings) -> tuple[EnergyModel, float]:
    return EnergyModel(seq, settings), float(reward_scale(mfe(seq, settings).free_energy))
