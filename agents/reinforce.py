"""Leave-one-out REINFORCE: several episodes per sequence, each judged by the others.

No critic is needed: the mean return of the other episodes of the same sequence is the baseline
(Kool et al. 2019, "Buy 4 REINFORCE samples, get a baseline for free"). Since samples are reranked
by energy when it matters, the best of the K episodes can be rewarded too: its advantage is what
the best return would lose without it, an unbiased gradient of the expected best of K.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.episodes import Episodes, drawn_episodes
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.policy_training import PolicyTrainer
from boxfold.agents.training import TrainConfig
from boxfold.envs.instance import Instance
from boxfold.s1.run_folder import RunFolder


@dataclass(frozen=True)
class ReinforceConfig(TrainConfig):
    """One training of a `reinforce` agent."""

    epochs: int = field(default=2, metadata={"help": "passes over the training instances"})
    batch_instances: int = field(default=32, metadata={"help": "instances per optimiser step"})
    learning_rate: float = field(default=2e-4, metadata={"help": "after warm-up; falls to 0"})
    samples: int = field(default=8, metadata={"help": "episodes per instance, at least 2"})
    best_weight: float = field(
        default=0.5, metadata={"help": "share of the best of the samples in the objective, 0 to 1"}
    )
    kl_weight: float = field(
        default=0.1,
        metadata={"help": "price of moving away from the start, per nat (no start: no price)"},
    )

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise ValueError(f"samples is {self.samples} (at least 2: one judges the other)")
        if not 0 <= self.best_weight <= 1:
            raise ValueError(f"best_weight is {self.best_weight} (a share, from 0 to 1)")


def advantages(returns: NDArray[np.float64], best_weight: float) -> NDArray[np.float64]:
    """How much better each episode is than the others of its instance.

    Parameters
    ----------
    returns : ndarray, dtype=float64, shape (B, K)
    best_weight : float
        0: against the mean of the others; 1: what the best of all loses without this one.

    Returns
    -------
    ndarray, dtype=float64, shape (B, K)

    Examples
    --------
    >>> advantages(np.array([[1.0, 2.0, 6.0]]), best_weight=0.0).tolist()
    [[-3.0, -1.5, 4.5]]
    >>> advantages(np.array([[1.0, 2.0, 6.0]]), best_weight=1.0).tolist()
    [[0.0, 0.0, 4.0]]
    """
    K = returns.shape[1]
    against_mean = (returns - returns.mean(axis=1, keepdims=True)) * K / (K - 1)
    second, first = np.sort(returns, axis=1)[:, -2:].T
    gain = np.where(returns == first[:, None], (first - second)[:, None], 0.0)
    return (1 - best_weight) * against_mean + best_weight * gain


class WeightedStates(NamedTuple):
    """Distinct states with the summed advantage of each action that was taken there.

    Attributes
    ----------
    instance : ndarray, dtype=int64, shape (U,)
    first : ndarray, dtype=int64, shape (U,)
        A step of `Episodes` in this state.
    visits : ndarray, dtype=int64, shape (U,)
    weight : ndarray, dtype=float32, shape (U, N + 1)
    """

    instance: NDArray[np.intp]
    first: NDArray[np.intp]
    visits: NDArray[np.intp]
    weight: NDArray[np.float32]


def weighted_states(played: Episodes, advantage: NDArray[np.float64]) -> WeightedStates:
    """States of all episodes, each once: a state is the set of picks, not their order.

    Parameters
    ----------
    played : Episodes
    advantage : ndarray, dtype=float64, shape (B, K)
    """
    instance = played.episode // played.returns.shape[1]
    packed = np.packbits(played.picked.astype(bool), axis=1)
    keys = np.column_stack([instance[:, None].view(np.uint8).reshape(len(instance), -1), packed])
    _, first, state, visits = np.unique(
        keys, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    weight = np.zeros((len(first), played.mask.shape[1]), dtype=np.float32)
    np.add.at(weight, (state.ravel(), played.action), advantage.ravel()[played.episode])
    return WeightedStates(instance[first], first, visits, weight)


class ReinforceTrainer(PolicyTrainer):
    """Learns from its own episodes; see `EpochTrainer`.

    Parameters
    ----------
    config : ReinforceConfig
    train, validation, run
        As for `EpochTrainer`.
    start : AssemblyNetwork, optional
        Trained network to start from; the policy is kept near it by `kl_weight`.
    """

    def __init__(
        self,
        config: ReinforceConfig,
        train: Sequence[Instance],
        validation: Sequence[Instance],
        run: RunFolder,
        start: AssemblyNetwork | None = None,
    ) -> None:
        super().__init__(config, train, validation, run, start)
        self.start = copy.deepcopy(start).eval() if start is not None else None
        self.samples, self.best_weight = config.samples, config.best_weight
        self.kl_weight = config.kl_weight
        self.scale = np.array([each.cut(config.assembly.n_stem_slots).scale for each in train])
        self.rng = np.random.default_rng(0)

    def prepare_epoch(self, rng: np.random.Generator) -> None:
        """Episodes are drawn batch by batch, from here."""
        self.rng = rng

    def batch_loss(self, rows: NDArray[np.intp]) -> dict[str, Tensor]:
        """Policy gradient in kcal/mol, and how far the policy is from its start."""
        instances = [self.train[row] for row in rows]
        played = drawn_episodes(
            self.network, instances, self.config.assembly, self.rng, self.samples
        )
        returns = played.returns * self.scale[rows, None]  # kcal/mol again
        states = weighted_states(played, advantages(returns, self.best_weight))
        layout = self.layouts.of(rows)
        index = torch.from_numpy(states.instance)
        observed = [
            torch.from_numpy(part[states.first])
            for part in (played.picked, played.mask, played.globals)
        ]
        logits, _ = self.network.decode(self.network.encode(*layout).take(index), *observed)
        log_policy = torch.log_softmax(logits, dim=1)
        n_episodes = returns.size
        gain = (torch.from_numpy(states.weight) * log_policy).sum() / n_episodes
        losses = {"loss": -gain, "return": torch.tensor(returns.mean())}
        if self.start is not None and self.kl_weight:
            with torch.no_grad():
                encoded = self.start.encode(*layout).take(index)
                before = torch.log_softmax(self.start.decode(encoded, *observed)[0], dim=1)
            kl = (before.exp() * (before - log_policy)).sum(dim=1)
            losses["kl"] = (kl * torch.from_numpy(states.visits)).sum() / n_episodes
            losses["loss"] = losses["loss"] + self.kl_weight * losses["kl"]
        return losses
