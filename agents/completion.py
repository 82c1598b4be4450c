"""Who names the best completion of an assembly: the teachers that cloning learns from."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from boxfold.agents.agent import Picks
from boxfold.agents.oracle import BestF1, best_f1
from boxfold.agents.training_config import Teacher
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.features.errors import InputError
from boxfold.features.stem_weights import shared_pairs
from boxfold.rewards.additive import AdditiveConfig, additive_optimum


class Completion(Protocol):
    """Completes sets of stems."""

    def complete(self, instance: Instance, picks: Sequence[int]) -> Picks:
        """Stems of the best set that holds `picks`, these among them.

        Parameters
        ----------
        instance : Instance
            Cut to the slots.
        picks : sequence of int
            Without a conflict.
        """
        ...


class LeastEnergy:
    """The nested set of least free energy, exactly.

    Parameters
    ----------
    loop_weight : float
        Reward for S1's log-probability of the loops that are implied, kcal/mol per unit.
    """

    def __init__(self, loop_weight: float) -> None:
        self._weight = loop_weight

    def complete(self, instance: Instance, picks: Sequence[int]) -> Picks:
        """See `Completion`."""
        if picks:
            return instance.solver_with(self._weight).solve(picks).picks
        return instance.optimum_with(self._weight).picks


class BestKnown:
    """The set that agrees best with the known structure.

    What is already picked wrongly changes the F1 of everything, but hardly what else is worth
    picking: a stem then still counts ``TP - f P / 2`` with the f of the best set (see
    `boxfold.agents.oracle`).

    Parameters
    ----------
    config : AdditiveConfig
        Which sets are allowed.
    """

    def __init__(self, config: AdditiveConfig) -> None:
        self._config = config
        self._known: dict[Instance, BestF1] = {}

    def complete(self, instance: Instance, picks: Sequence[int]) -> Picks:
        """See `Completion`.

        Raises
        ------
        InputError
            If the instance has no known structure.
        """
        if instance.reference is None:
            raise InputError(f"'{instance.id}' has no known structure to learn from")
        if instance not in self._known:
            self._known[instance] = best_f1(instance.boxes, instance.reference, self._config)
        best = self._known[instance]
        if not picks:
            return best.picks
        found = shared_pairs(instance.boxes, instance.reference)
        worth = found - best.f1 / 2 * instance.boxes[:, 3]
        excluded = instance.conflict(self._config.pseudoknots)[list(picks)].any(axis=0)
        worth[excluded] = -1.0
        rest = additive_optimum(instance.boxes, worth, self._config).picks
        return tuple(np.union1d(picks, rest).astype(int).tolist())


def completion_of(teacher: Teacher, config: AssemblyConfig) -> Completion:
    """Teacher by name, for the settings of an environment."""
    if teacher == "known":
        return BestKnown(AdditiveConfig(config.pseudoknots))
    return LeastEnergy(config.reward.loop_weight)
