"""RNAfold with reactivities as pseudo-energies: what an agent with probing data has to beat."""

import numpy as np

from boxfold.agents.agent import Assembly, SingleAgent
from boxfold.envs.instance import Instance
from boxfold.features.errors import InputError
from boxfold.features.relations import Pseudoknots
from boxfold.rewards.probing import probed_mfe


class RnafoldShapeAgent(SingleAgent):
    """ViennaRNA's structure by free energy and Deigan's pseudo-energies; uses no boxes.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
        Taken for symmetry; RNAfold predicts no pseudoknots.
    slope, intercept : float
        kcal/mol, see `probed_mfe`.
    """

    name = "rnafold-shape"

    def __init__(
        self, pseudoknots: Pseudoknots = "forbid", slope: float = 1.8, intercept: float = -0.6
    ) -> None:
        super().__init__(pseudoknots)
        self.slope, self.intercept = slope, intercept

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        if instance.reactivity is None:
            raise InputError("no reactivities (--reactivities FILE, or a column reactivity)")
        folded = probed_mfe(instance.seq, instance.reactivity, self.slope, self.intercept)
        return Assembly(None, folded.base_pairs, 0)
