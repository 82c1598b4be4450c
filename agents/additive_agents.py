"""Agents that solve for the best sum of scores exactly, pseudoknots included."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from boxfold.agents.agent import Assembly, Picks, SingleAgent, assembly_of_picks
from boxfold.agents.diversity import is_new
from boxfold.envs.instance import Instance
from boxfold.features.knot_order import DEFAULT_MAX_ORDER
from boxfold.features.relations import Pseudoknots
from boxfold.features.stem_weights import StemWeightConfig, shared_pairs, stem_weights
from boxfold.rewards.additive import AdditiveConfig, additive_optimum

ROUNDS = 3
"""Searches for each alternative; what is found again is made dearer once more."""


@dataclass(frozen=True)
class BestScoreConfig:
    """Settings of `BestScoreAgent`."""

    weights: StemWeightConfig = field(
        default_factory=StemWeightConfig, metadata={"help": "what a stem is worth"}
    )
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


class BestScoreAgent(SingleAgent):
    """The stems with the greatest sum of S1's evidence; needs no energy.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    config : BestScoreConfig, optional
    """

    name = "best-score"
    reads_evidence = False

    def __init__(
        self, pseudoknots: Pseudoknots = "forbid", config: BestScoreConfig | None = None
    ) -> None:
        super().__init__(pseudoknots)
        self.config = config or BestScoreConfig()

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        weights = stem_weights(instance.boxes, instance.score, self.config.weights)
        best = additive_optimum(instance.boxes, weights, self._knots())
        return assembly_of_picks(instance, best.picks)

    def several(
        self, instances: Sequence[Instance], rng: np.random.Generator, n: int
    ) -> list[list[Assembly]]:
        """At most `n` different assemblies of each instance, the best first.

        Each is the optimum where the pairs of those before it are worth less, the more the oftener
        they were used; what is hardly better than its rival gives way first.
        """
        return [self._several(instance, n) for instance in instances]

    def _several(self, instance: Instance, n: int) -> list[Assembly]:
        weights = stem_weights(instance.boxes, instance.score, self.config.weights)
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
