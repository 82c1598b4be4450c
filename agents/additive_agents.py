"""Agents that solve for the best sum of scores exactly, pseudoknots included."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from boxfold.agents.agent import Assembly, Picks, assembly_of_picks
from boxfold.agents.diversity import is_new
from boxfold.envs.instance import Instance
from boxfold.features.knot_order import DEFAULT_MAX_ORDER
from boxfold.features.relations import Pseudoknots
from boxfold.features.stem_weights import StemWeightConfig, shared_pairs, stem_weights
from boxfold.rewards.additive import AdditiveConfig, additive_optimum
from boxfold.rewards.independent_set import FloatArray

ROUNDS = 3
"""Searches for each alternative; what is found again is made dearer once more."""


@dataclass(frozen=True)
class AdditiveAgentConfig:
    """Settings of every `AdditiveAgent`."""

    knot_charge: float = field(
        default=0.25,
        metadata={"help": "what a stem outside of the nested part must be worth, in weights"},
    )
    max_knot_order: int = field(
        default=DEFAULT_MAX_ORDER, metadata={"help": "bracket pages besides ()"}
    )
    time_limit: float = field(default=2.0, metadata={"help": "seconds of search per sequence"})
    used_charge: float = field(
        default=0.05,
        metadata={"help": "what a pair loses, in weights, with each alternative that has it"},
    )


@dataclass(frozen=True)
class BestScoreConfig(AdditiveAgentConfig):
    """Settings of `BestScoreAgent`."""

    weights: StemWeightConfig = field(
        default_factory=StemWeightConfig, metadata={"help": "what a stem is worth"}
    )


class AdditiveAgent(ABC):
    """The stems with the greatest sum of weights; an `Agent` once it says what stems weigh.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    config : AdditiveAgentConfig, optional
    """

    name: str
    can_sample = False

    def __init__(
        self, pseudoknots: Pseudoknots = "forbid", config: AdditiveAgentConfig | None = None
    ) -> None:
        self.pseudoknots = pseudoknots
        self.config = config or AdditiveAgentConfig()

    @abstractmethod
    def weights(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """What each stem is worth, positive where it is worth being picked; each (N,)."""

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance; see `Agent.assemble`."""
        return [
            assembly_of_picks(each, additive_optimum(each.boxes, weights, self._knots()).picks)
            for each, weights in zip(instances, self.weights(instances), strict=True)
        ]

    def several(
        self, instances: Sequence[Instance], rng: np.random.Generator, n: int
    ) -> list[list[Assembly]]:
        """At most `n` different assemblies of each instance, the best first.

        Each is the optimum where the pairs of those before it are worth less, the more the oftener
        they were used; what is hardly better than its rival gives way first.
        """
        weights = self.weights(instances)
        return [self._several(*each, n) for each in zip(instances, weights, strict=True)]

    def _several(self, instance: Instance, weights: FloatArray, n: int) -> list[Assembly]:
        charge = np.zeros(len(weights))
        found: dict[Picks, tuple[float, Assembly]] = {}
        for _ in range(ROUNDS * n):
            best = additive_optimum(instance.boxes, weights - charge, self._knots())
            if len(found) == n or not best.picks:
                break
            assembly = assembly_of_picks(instance, best.picks)
            if is_new(assembly.base_pairs, (one.base_pairs for _, one in found.values())):
                undiscounted = best.value + charge[list(best.picks)].sum()
                found[best.picks] = undiscounted, assembly
            used = shared_pairs(instance.boxes, assembly.base_pairs)
            charge += self.config.used_charge * used
        return [one for _, one in sorted(found.values(), key=lambda each: -each[0])]

    def _knots(self) -> AdditiveConfig:
        config = self.config
        return AdditiveConfig(
            self.pseudoknots, config.max_knot_order, config.knot_charge, config.time_limit
        )


def share_weights(instance: Instance, shares: FloatArray, threshold: float) -> FloatArray:
    """Expected true pairs of each stem, less what its pairs have to reach; shape (N,)."""
    return instance.boxes[:, 3] * (shares - threshold)


class BestScoreAgent(AdditiveAgent):
    """The stems with the greatest sum of S1's evidence; needs no energy.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    config : BestScoreConfig, optional
    """

    name = "best-score"
    reads_evidence = False
    config: BestScoreConfig

    def __init__(
        self, pseudoknots: Pseudoknots = "forbid", config: BestScoreConfig | None = None
    ) -> None:
        super().__init__(pseudoknots, config or BestScoreConfig())

    def weights(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """By what S1 says of the boxes."""
        return [stem_weights(each.boxes, each.score, self.config.weights) for each in instances]
