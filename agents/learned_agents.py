"""Agents with trained weights: policies and supervised networks, many sequences at once."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.agent import Agent, Assembly, Picks
from boxfold.agents.drawn import best_drawn, drawn_assembly, ranked_drawn
from boxfold.agents.heuristics import fitting_stems
from boxfold.agents.layout import Layouts, chunks_by_size
from boxfold.agents.learned import Learned, load_learned
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import CHUNK, TEMPERATURES, different, different_assemblies
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import observing_bases, with_slots_for
from boxfold.envs.instance import Instance
from boxfold.features.relations import Pseudoknots
from boxfold.rewards.exact import Optimum


class LearnedAgent:
    """What agents with trained weights share.

    Parameters
    ----------
    learned : Learned
    name : str
    pseudoknots : {"forbid", "allow"}
    """

    can_sample = True

    def __init__(self, learned: Learned, name: str, pseudoknots: Pseudoknots = "forbid") -> None:
        self.learned, self.name, self.pseudoknots = learned, name, pseudoknots


class DrawingAgent(LearnedAgent, ABC):
    """What agents share that draw assemblies and keep the best."""

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance; see `Agent.assemble`.

        The first of several samples is the agent's best guess, so more samples are never worse;
        all are different, as far as draws at all `TEMPERATURES` find that many.
        """
        fresh, config = self._prepared(instances)
        drawn = self._drawn(fresh, config, rng, samples)
        return [
            _best(instance, of_one, config) for instance, of_one in zip(fresh, drawn, strict=True)
        ]

    def several(
        self, instances: Sequence[Instance], rng: np.random.Generator, n: int
    ) -> list[list[Assembly]]:
        """At most `n` different assemblies of each instance, that of lowest energy first."""
        fresh, config = self._prepared(instances)
        drawn = self._drawn(fresh, config, rng, n)
        return [
            ranked_drawn(instance, of_one, config)
            for instance, of_one in zip(fresh, drawn, strict=True)
        ]

    def _prepared(self, instances: Sequence[Instance]) -> tuple[list[Instance], AssemblyConfig]:
        fresh: list[Instance] = [UnsolvedInstance(instance) for instance in instances]
        return fresh, slots_for(fresh, self.learned, self.pseudoknots)

    @abstractmethod
    def _drawn(
        self,
        instances: Sequence[Instance],
        config: AssemblyConfig,
        rng: np.random.Generator,
        samples: int,
    ) -> list[list[Picks]]:
        """Up to `samples` different assemblies per instance, the best guess first."""


class PolicyAgent(DrawingAgent):
    """Assembles with a trained policy, the first time greedily; see `Agent`."""

    @classmethod
    def from_run(cls, path: str | Path, pseudoknots: Pseudoknots = "forbid") -> Agent:
        """Agent of a run folder or weights file; a supervised one if that is what it holds."""
        path = Path(path)
        file = path / "weights.safetensors" if path.is_dir() else path
        return load_learned_agent(file, path.name, pseudoknots)

    def _drawn(
        self,
        instances: Sequence[Instance],
        config: AssemblyConfig,
        rng: np.random.Generator,
        samples: int,
    ) -> list[list[Picks]]:
        return different_assemblies(self.learned.network, instances, config, rng, samples)


class SupervisedAgent(DrawingAgent):
    """Takes boxes in the order of their probability, down to a threshold; see `Agent`.

    The first sample ranks by probability; the others draw each box by its own probability.
    """

    def _drawn(
        self,
        instances: Sequence[Instance],
        config: AssemblyConfig,
        rng: np.random.Generator,
        samples: int,
    ) -> list[list[Picks]]:
        logits = box_logits(self.learned.network, instances, config)
        cut = float(np.log(self.learned.threshold / (1 - self.learned.threshold)))
        warmth = np.repeat(TEMPERATURES, samples)[: None if samples > 1 else 1, None]
        found = []
        for instance, scores in zip(instances, logits, strict=True):
            noise = warmth * rng.logistic(size=(len(warmth), len(scores)))
            noise[0] = 0
            drawn = [above(row, cut, instance, self.pseudoknots) for row in scores + noise]
            found.append(different(drawn, samples))
        return found


def above(
    scores: NDArray[np.floating],
    cut: float,
    instance: Instance,
    pseudoknots: Pseudoknots = "forbid",
) -> Picks:
    """Boxes taken from the highest score down to `cut`, where they fit."""
    order = np.argsort(-scores, kind="stable")
    return fitting_stems(order[scores[order] > cut], instance, pseudoknots)


@torch.no_grad()
def box_logits(
    network: AssemblyNetwork, instances: Sequence[Instance], config: AssemblyConfig
) -> list[NDArray[np.float64]]:
    """Logit of each box by `first_logits`; one array of shape (N,) per instance."""
    logits: list[NDArray[np.float64]] = [np.zeros(0) for _ in instances]
    for rows in chunks_by_size(instances, CHUNK):
        chunk = [instances[row] for row in rows]
        scores = first_logits(network, *Layouts(chunk, config).of(np.arange(len(chunk))))
        for row, of_one in zip(rows.tolist(), scores.double().numpy(), strict=True):
            logits[row] = of_one[: min(instances[row].n_boxes, config.n_stem_slots)]
    return logits


def first_logits(
    network: AssemblyNetwork,
    tokens: Tensor,
    boxes: Tensor,
    loop_energy: Tensor,
    bases: Tensor | None = None,
    reactivity: Tensor | None = None,
) -> Tensor:
    """Logits of the boxes (B, N) while nothing is picked, nothing forbidden and nothing scored."""
    present = boxes[..., 3] > 0
    mask = torch.nn.functional.pad(present, (0, 1), value=True).to(torch.int8)
    globals_ = torch.zeros(len(boxes), network.config.n_globals)
    state = torch.zeros_like(present), mask, globals_
    return network(tokens, boxes, loop_energy, *state, bases, reactivity)[0][:, :-1]


def load_learned_agent(path: str | Path, name: str, pseudoknots: Pseudoknots = "forbid") -> Agent:
    """Agent of a weights file, whichever kind it is.

    Raises
    ------
    InputError
        See `load_learned`.
    """
    return agent_of(load_learned(path), name, pseudoknots)


def agent_of(learned: Learned, name: str, pseudoknots: Pseudoknots = "forbid") -> Agent:
    """Agent that a trained network is for."""
    if learned.role == "judge":
        from boxfold.agents.judge_agent import JudgeAgent  # it imports this file

        return JudgeAgent(learned, name, pseudoknots)
    agent = PolicyAgent if learned.role == "policy" else SupervisedAgent
    return agent(learned, name, pseudoknots)


def slots_for(
    instances: Sequence[Instance], learned: Learned, pseudoknots: Pseudoknots
) -> AssemblyConfig:
    """Settings that a trained network assembles with: slots for all that it may pick of these."""
    config = AssemblyConfig(
        action_types=learned.action_types,
        pseudoknots=pseudoknots,
        mask=learned.mask,
        geometry_only=learned.geometry_only,
        reactivity=learned.network.config.reactivity,
    )
    config = with_slots_for(instances, config)
    return observing_bases(instances, config, learned.network.config.needs_bases)


def _best(instance: Instance, drawn: Sequence[Picks], config: AssemblyConfig) -> Assembly:
    """The drawn assembly of lowest energy; every energy that was read is counted."""
    picks = drawn[0] if len(drawn) == 1 else best_drawn(instance, drawn, config)
    return drawn_assembly(instance, picks, config, instance.energy_calls)


class UnsolvedInstance(Instance):
    """An instance to decode on: without the exact search that rewards and rulers are made of.

    Observations are as always; rewards of the environment are meaningless. Its count of energies
    starts at 0. An objective is shared, which so goes on counting, and has the scale that it has
    without this.

    Parameters
    ----------
    instance : Instance
    """

    def __init__(self, instance: Instance) -> None:
        super().__init__(
            instance.id,
            instance.seq,
            instance.proposals,
            reactivity=instance.reactivity,
            texts=instance.texts,
            objective=instance.objective,
        )
        self._solved = instance

    @property
    def scale(self) -> float:
        """See `Instance.scale`."""
        return self._solved.scale

    def optimum_with(self, loop_weight: float) -> Optimum:
        """Claims that the empty set is the best one."""
        return Optimum((), 0.0)

    def cut(self, max_boxes: int) -> Instance:
        """The same; only ever given slots for all of its stems."""
        assert self.n_boxes <= max_boxes
        return self
