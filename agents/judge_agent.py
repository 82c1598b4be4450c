"""The best-informed assembly that is exact: a network judges each box, a solver puts them together.

The network sees all boxes at once and says what share of each one's pairs to expect in the
structure; the set of boxes with the greatest expected number of true pairs beyond a threshold is
found exactly, pseudoknots included.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from boxfold.agents.additive_agents import AdditiveAgent, AdditiveAgentConfig, share_weights
from boxfold.agents.box_features import FloatArray
from boxfold.agents.judge_features import JUDGE_NAMES, judge_features
from boxfold.agents.layout import Layout, Layouts, chunks_by_size, with_slots_for
from boxfold.agents.learned import Learned
from boxfold.agents.learned_agents import first_logits
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import CHUNK
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.features.relations import Pseudoknots


LEAST_EVIDENCE = 0.02
"""S1 is never taken to be surer of a pair, or of its absence."""

_EVIDENCE = JUDGE_NAMES.index("boxes_mean")


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

    def weights(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """By the shares of true pairs that the network expects."""
        threshold = self.learned.threshold
        shares = judged_shares(self.learned.network, instances)
        return [
            share_weights(each, of_one, threshold)
            for each, of_one in zip(instances, shares, strict=True)
        ]


@torch.no_grad()
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
    shares: list[FloatArray] = [np.zeros(0) for _ in instances]
    for rows in chunks_by_size(instances, CHUNK):
        chunk = [instances[row] for row in rows if instances[row].n_boxes]
        rows = [row for row in rows.tolist() if instances[row].n_boxes]
        if not chunk:
            continue
        layouts = Layouts(chunk, with_slots_for(chunk, AssemblyConfig()), judge_features)
        logits = judge_logits(network, layouts.of(np.arange(len(chunk))))
        for row, of_one in zip(rows, torch.sigmoid(logits).double().numpy(), strict=True):
            shares[row] = of_one[: instances[row].n_boxes]
    return shares


def judge_logits(network: AssemblyNetwork, layout: Layout) -> Tensor:
    """Logits of the shares (B, N): what the network adds to S1's evidence for the pairs.

    S1 has learnt from ten times as many structures as a judge, so that the judge begins there.
    """
    evidence = layout.tokens[..., _EVIDENCE].clamp(LEAST_EVIDENCE, 1 - LEAST_EVIDENCE)
    return first_logits(network, *layout) + torch.logit(evidence)
