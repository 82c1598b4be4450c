"""Agents that solve for the best sum of scores exactly, pseudoknots included."""

from dataclasses import dataclass, field

import numpy as np

from boxfold.agents.agent import Assembly, SingleAgent, assembly_of_picks
from boxfold.envs.instance import Instance
from boxfold.features.knot_order import DEFAULT_MAX_ORDER
from boxfold.features.relations import Pseudoknots
from boxfold.features.stem_weights import StemWeightConfig, stem_weights
from boxfold.rewards.additive import AdditiveConfig, additive_optimum


@dataclass(frozen=True)
class BestScoreConfig:
    """Settings of `BestScoreAgent`."""

    weights: StemWeightConfig = field(
        default_factory=StemWeightConfig, metadata={"help": "what a stem is worth"}
    )
    knot_charge: float = field(
        default=1.0,
        metadata={"help": "what a stem outside of the nested part must be worth, in weights"},
    )
    max_knot_order: int = field(
        default=DEFAULT_MAX_ORDER, metadata={"help": "bracket pages besides ()"}
    )
    time_limit: float = field(default=2.0, metadata={"help": "seconds of search per sequence"})


class BestScoreAgent(SingleAgent):
    """The stems with the greatest sum of S1's evidence; needs no energy.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    config : BestScoreConfig, optional
    """

    name = "best-score"

    def __init__(
        self, pseudoknots: Pseudoknots = "forbid", config: BestScoreConfig | None = None
    ) -> None:
        super().__init__(pseudoknots)
        self.config = config or BestScoreConfig()

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        config = self.config
        weights = stem_weights(instance.boxes, instance.score, config.weights)
        knots = AdditiveConfig(
            self.pseudoknots, config.max_knot_order, config.knot_charge, config.time_limit
        )
        return assembly_of_picks(instance, additive_optimum(instance.boxes, weights, knots).picks)
