"""The best-informed assembly that is exact: a network judges each box, a solver puts them together.

The network sees all boxes at once and says what share of each one's pairs to expect in the
structure; the set of boxes with the greatest expected number of true pairs beyond a threshold is
found exactly, pseudoknots included.
"""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from boxfold.agents.additive_agents import AdditiveAgent, AdditiveAgentConfig, share_weights
from boxfold.agents.box_features import FloatArray
from boxfold.agents.confidence import PairProbabilities
from boxfold.agents.judge_features import judge_features
from boxfold.agents.layout import Layouts
from boxfold.agents.learned import Learned
from boxfold.agents.learned_agents import first_logits
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import CHUNK
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import with_slots_for
from boxfold.envs.instance import Instance
from boxfold.features.relations import Pseudoknots
from boxfold.features.stem_weights import StemWeightConfig, greatest_by_pair, stem_weights


class JudgeAgent(AdditiveAgent):
    """Assembles by a trained judge; see `Agent`.

    Parameters
    ----------
    learned : Learned
        Of role "judge".
    name : str
    pseudoknots : {"forbid", "allow"}
    """

    def __init__(self, learned: Learned, name: str, pseudoknots: Pseudoknots = "forbid") -> None:
        super().__init__(pseudoknots, AdditiveAgentConfig(knot_charge=learned.knot_charge))
        self.learned, self.name = learned, name
        self._known: WeakKeyDictionary[Instance, FloatArray] = WeakKeyDictionary()

    def __reduce__(self) -> tuple[Any, ...]:  # what is known of instances stays here
        return JudgeAgent, (self.learned, self.name, self.pseudoknots)

    def shares(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """See `judged_shares`; told again what is known of an instance that is still in use."""
        new = [each for each in instances if each not in self._known]
        self._known.update(zip(new, judged_shares(self.learned.network, new), strict=True))
        return [self._known[each] for each in instances]

    def pair_probabilities(self, instances: Sequence[Instance]) -> list[PairProbabilities]:
        """See `boxfold.agents.confidence.JudgesPairs`."""
        shares = self.shares(instances)
        return [greatest_by_pair(i.boxes, one) for i, one in zip(instances, shares, strict=True)]

    def weights(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """By the shares of true pairs that the network and S1 expect."""
        trust, threshold = self.learned.trust, self.learned.threshold
        shares = self.shares(instances)
        return [
            judged_weights(each, of_one, trust, threshold)
            for each, of_one in zip(instances, shares, strict=True)
        ]


def judge_layouts(instances: Sequence[Instance]) -> Layouts:
    """All that a judge sees of instances; those without boxes have no slots."""
    return Layouts(instances, with_slots_for(instances, AssemblyConfig()), judge_features)


def judged_shares(network: AssemblyNetwork, instances: Sequence[Instance]) -> list[FloatArray]:
    """Expected share of true pairs of each stem, in [0, 1].

    Parameters
    ----------
    network : AssemblyNetwork
        Of role "judge", in evaluation mode.
    instances : sequence of Instance

    Returns
    -------
    list of ndarray, dtype=float64, shape (N,)
    """
    return shares_of_layouts(network, judge_layouts(instances), [i.n_boxes for i in instances])


@torch.no_grad()
def shares_of_layouts(
    network: AssemblyNetwork, layouts: Layouts, n_boxes: Sequence[int]
) -> list[FloatArray]:
    """`judged_shares` of instances that are laid out already."""
    shares: list[FloatArray] = [np.zeros(0) for _ in n_boxes]
    order = np.argsort(n_boxes, kind="stable")
    order = order[np.asarray(n_boxes)[order] > 0]
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        logits = first_logits(network, *layouts.of(rows))
        for row, of_one in zip(rows.tolist(), torch.sigmoid(logits).double().numpy(), strict=True):
            shares[row] = of_one[: n_boxes[row]]
    return shares


def judged_weights(
    instance: Instance, shares: FloatArray, trust: float, threshold: float
) -> FloatArray:
    """What each stem is worth if the judge has `trust` of the word and S1 the rest; shape (N,)."""
    evident = stem_weights(instance.boxes, instance.score, StemWeightConfig(threshold=threshold))
    return trust * share_weights(instance, shares, threshold) + (1 - trust) * evident
