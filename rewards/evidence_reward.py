"""Reward ``s1``: what the proposal network thinks of the stems."""

from dataclasses import dataclass, field

import numpy as np

from boxfold.features.box import stem_base_pairs
from boxfold.features.structure import IntArray
from boxfold.rewards.plugin import Problem, Reward, Structure


@dataclass(frozen=True)
class EvidenceConfig:
    """Settings of `EvidenceReward`.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    prior: float = field(
        default=0.1, metadata={"help": "score that counts 0; few stems reach one half"}
    )
    bound: float = field(
        default=4.0, metadata={"help": "largest log-odds of a stem against the prior, in nats"}
    )

    def __post_init__(self) -> None:
        if not 0 < self.prior < 1 or self.bound <= 0:
            raise ValueError("prior must lie between 0 and 1, bound above 0")


class EvidenceReward(Reward):
    """Mean over the stems of ``clip(logit(score) - logit(prior), ±bound) / bound``; in [-1, 1].

    0 without stems. The stems are the picked boxes; of a structure that isn't made of boxes, those
    boxes all of whose pairs it has.
    """

    name = "s1"
    Config = EvidenceConfig

    def score(self, instance: Problem, structure: Structure) -> dict[str, float]:
        """One component."""
        picks = structure.picks
        stems = _contained(instance.boxes, structure.base_pairs) if picks is None else list(picks)
        scores = np.asarray(instance.score, dtype=np.float64)[stems]
        if not len(scores):
            return {"s1": 0.0}
        scores, prior = np.clip(scores, 1e-9, 1 - 1e-9), self.config.prior
        odds = np.log(scores / (1 - scores)) - np.log(prior / (1 - prior))
        return {"s1": float(np.clip(odds / self.config.bound, -1, 1).mean())}


def _contained(boxes: IntArray, base_pairs: IntArray) -> IntArray:
    """Boxes all of whose pairs a structure has."""
    if not len(boxes) or not len(base_pairs):
        return np.zeros(0, dtype=np.int64)
    pairs = stem_base_pairs(boxes)
    width = 1 + max(int(pairs.max()), int(base_pairs.max()))
    known = np.isin(pairs @ [width, 1], base_pairs @ [width, 1])
    starts = np.cumsum(boxes[:, 3]) - boxes[:, 3]
    return np.flatnonzero(np.logical_and.reduceat(known, starts))
