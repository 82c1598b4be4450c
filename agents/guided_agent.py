"""An agent that assembles by policy-guided beam search."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from boxfold.agents.agent import Assembly, assembly_of_picks
from boxfold.agents.guided_beam import GuidedBeamConfig, guided_beam
from boxfold.agents.learned import Learned, load_learned
from boxfold.agents.learned_agents import LearnedAgent, UnsolvedInstance, slots_for
from boxfold.envs.instance import Instance
from boxfold.features.errors import InputError
from boxfold.features.relations import Pseudoknots


class GuidedBeamAgent(LearnedAgent):
    """Assembles by `guided_beam`; see `Agent`.

    Parameters
    ----------
    learned : Learned
        Of a policy.
    name : str
    pseudoknots : {"forbid", "allow"}
    options : GuidedBeamConfig, optional
    """

    can_sample = False

    def __init__(
        self,
        learned: Learned,
        name: str,
        pseudoknots: Pseudoknots = "forbid",
        options: GuidedBeamConfig | None = None,
    ) -> None:
        super().__init__(learned, name, pseudoknots)
        self.options = options or GuidedBeamConfig()

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance; see `Agent.assemble`."""
        fresh = [UnsolvedInstance(instance) for instance in instances]
        config = slots_for(fresh, self.learned, self.pseudoknots)
        found = guided_beam(self.learned.network, fresh, config, self.options)
        return [
            assembly_of_picks(instance, picks, instance.energy_calls)
            for instance, picks in zip(fresh, found, strict=True)
        ]


def load_guided_beam(
    path: str | Path, name: str, pseudoknots: Pseudoknots, width: int
) -> GuidedBeamAgent:
    """Agent of a weights file.

    Raises
    ------
    InputError
        See `load_learned`; or if the file holds no policy that picks stems.
    """
    learned = load_learned(path)
    if learned.role != "policy":
        raise InputError(f"agent '{name}': a beam needs a policy, {path} is {learned.role}")
    if learned.action_types != "stem":
        raise InputError(f"agent '{name}': a beam picks stems, {path} picks loops as well")
    return GuidedBeamAgent(learned, name, pseudoknots, GuidedBeamConfig(width))
