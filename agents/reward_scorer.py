"""Costs of sets of stems where they are no sum: each structure is judged as a whole."""

from collections.abc import Sequence

import numpy as np

from boxfold.agents.scoring import FloatArray
from boxfold.envs.instance import Instance
from boxfold.features.structure import BoolArray


class RewardScorer:
    """A `SetScorer` of the objective of an instance, which judges no set twice.

    Parameters
    ----------
    instance : Instance
        With an objective.
    """

    def __init__(self, instance: Instance) -> None:
        assert instance.objective is not None
        self._instance, self._objective = instance, instance.objective
        self._before = self._objective.calls
        self.total(())  # changes are counted from here

    @property
    def calls(self) -> int:
        """Structures judged so far."""
        return self._objective.calls - self._before

    def total(self, picks: Sequence[int]) -> float:
        """Cost of one set in kcal/mol."""
        return self._instance.cost(picks)

    def changes(self, picked: BoolArray, allowed: BoolArray) -> FloatArray:
        """Change in cost if a stem is added to a set; see `SetScorer.changes`."""
        result = np.full(allowed.shape, np.inf)
        for row in np.flatnonzero(allowed.any(axis=1)).tolist():
            picks = np.flatnonzero(picked[row]).tolist()
            before = self.total(picks)
            for stem in np.flatnonzero(allowed[row]).tolist():
                result[row, stem] = self.total([*picks, stem]) - before
        return result
