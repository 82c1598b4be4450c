"""Leave-one-out REINFORCE: several episodes per sequence, each judged by the others.

No critic is needed: the mean return of the other episodes of the same sequence is the baseline
(Kool et al. 2019, "Buy 4 REINFORCE samples, get a baseline for free"). Since samples are reranked
by energy when it matters, the best of the K episodes can be rewarded too: its advantage is what
the best return would lose without it, an unbiased gradient of the expected best of K.

With the reward ``potential`` each pick is told apart from those before it: it answers for what it
itself loses against the exact best completion, and by `credit` for what is lost after it. With
``credit = 0`` this is the policy gradient on the exact teacher's costs (Ross and Bagnell 2014,
"Reinforcement and imitation learning via interactive no-regret learning").
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.episodes import Episodes, drawn_episodes, to_come
from boxfold.agents.layout import with_n_actions, with_n_slots
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.policy_training import PolicyTrainer
from boxfold.agents.same_states import same_states
from boxfold.agents.training_config import ReinforceConfig
from boxfold.envs.instance import Instance
from boxfold.rewards.reward import reward_scale
from boxfold.s1.run_folder import RunFolder

_NOTHING = 1e-3
"""Advantages below this, in kcal/mol, are rounding."""

_NEAR_SHARE = 0.25
"""Share of states where the policy is compared with its start."""


def against_others(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much better each episode is than the mean of the others of its instance.

    Parameters
    ----------
    returns : ndarray, dtype=float64, shape (B, K)

    Examples
    --------
    >>> against_others(np.array([[1.0, 2.0, 6.0]])).tolist()
    [[-3.0, -1.5, 4.5]]
    """
    K = returns.shape[1]
    return (returns - returns.mean(axis=1, keepdims=True)) * K / (K - 1)


def gain_of_best(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the best return of an instance loses without each episode.

    Parameters
    ----------
    returns : ndarray, dtype=float64, shape (B, K)

    Examples
    --------
    >>> gain_of_best(np.array([[1.0, 2.0, 6.0]])).tolist()
    [[0.0, 0.0, 4.0]]
    """
    second, first = np.sort(returns, axis=1)[:, -2:].T
    return np.where(returns == first[:, None], (first - second)[:, None], 0.0)


class DistinctStates(NamedTuple):
    """States of all episodes, each once: a state is the set of picks, not their order.

    Attributes
    ----------
    instance : ndarray, dtype=int64, shape (U,)
    first : ndarray, dtype=int64, shape (U,)
        A step of `Episodes` in this state.
    visits : ndarray, dtype=int64, shape (U,)
    of_step : ndarray, dtype=int64, shape (S,)
        State of each step.
    """

    instance: NDArray[np.intp]
    first: NDArray[np.intp]
    visits: NDArray[np.intp]
    of_step: NDArray[np.intp]


def distinct_states(played: Episodes) -> DistinctStates:
    """States of some episodes.

    Parameters
    ----------
    played : Episodes
    """
    instance = played.episode // played.returns.shape[1]
    first, state = same_states(instance, played.picked)
    return DistinctStates(instance[first], first, np.bincount(state), state)


def against_same_state(worth: NDArray[np.float64], states: DistinctStates) -> NDArray[np.float64]:
    """How much better each step went than the mean of the others in its state; shape (S,).

    A step alone in its state is measured against 0, a completion without any loss.

    Examples
    --------
    >>> of_step, visits = np.array([0, 0, 1]), np.array([2, 1])
    >>> states = DistinctStates(np.zeros(2), np.array([0, 2]), visits, of_step)
    >>> against_same_state(np.array([0.0, -2.0, -1.0]), states).tolist()
    [2.0, -2.0, -1.0]
    """
    others = (np.bincount(states.of_step, worth)[states.of_step] - worth) / np.maximum(
        states.visits[states.of_step] - 1, 1
    )
    return worth - others


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
        self.kl_weight, self.credit = config.kl_weight, config.credit
        weight = config.assembly.reward.loop_weight
        self.optimum = np.array(
            [each.cut(config.assembly.n_stem_slots).optimum_with(weight).energy for each in train]
        )
        self.scale = reward_scale(self.optimum)
        self.rng = np.random.default_rng(0)
        self.reward_calls = 0

    def prepare_epoch(self, rows: NDArray[np.intp], rng: np.random.Generator) -> None:
        """Episodes are drawn batch by batch, from here."""
        self.rng, self.reward_calls = rng, 0

    def _train_epoch(self) -> dict[str, float]:
        losses = super()._train_epoch()
        if self.config.assembly.reward.terms:
            losses["train/reward_calls"] = self.reward_calls
        return losses

    def batch_loss(self, rows: NDArray[np.intp]) -> dict[str, Tensor]:
        """Policy gradient in kcal/mol, and how far the policy is from its start."""
        instances = [self.train[row] for row in rows]
        played = drawn_episodes(
            self.network, instances, self.config.assembly, self.rng, self.samples
        )
        self.reward_calls += played.returns.size  # each episode ends with one
        states = distinct_states(played)
        worth = self._worth(played, states, rows)
        weight = np.zeros((len(states.first), played.mask.shape[1]), dtype=np.float32)
        np.add.at(weight, (states.of_step, played.action), worth)
        is_kept_near = self.start is not None and self.kl_weight > 0
        # Most states teach nothing: nothing was lost there, whatever was picked. The distance to
        # the start is measured on a part of all states.
        is_near = is_kept_near & (self.rng.random(len(weight)) < _NEAR_SHARE)
        kept = np.flatnonzero((np.abs(weight).max(axis=1) > _NOTHING) | is_near)
        if not len(kept):
            kept = np.zeros(1, dtype=np.intp)
        places, index = np.unique(states.instance[kept], return_inverse=True)
        layout, taken = self.layouts.of(rows[places]), torch.from_numpy(index)
        n_boxes = layout.boxes.shape[1]
        picked, mask, globals_ = (
            torch.from_numpy(part[states.first[kept]])
            for part in (played.picked, played.mask, played.globals)
        )
        observed = with_n_slots(picked, n_boxes), with_n_actions(mask, n_boxes), globals_
        logits, _ = self.network.decode(self.network.encode(*layout).take(taken), *observed)
        log_policy = torch.log_softmax(logits, dim=1)
        n_episodes = played.returns.size
        gain = (
            with_n_actions(torch.from_numpy(weight[kept]), n_boxes) * log_policy
        ).sum() / n_episodes
        losses = {"loss": -gain, "return": torch.tensor(played.returns.mean())}
        if self.start is not None and is_kept_near:
            with torch.no_grad():
                encoded = self.start.encode(*layout).take(taken)
                before = torch.log_softmax(self.start.decode(encoded, *observed)[0], dim=1)
            kl = (before.exp() * (before - log_policy)).sum(dim=1)
            visits = states.visits[kept] * is_near[kept] / _NEAR_SHARE
            losses["kl"] = (kl * torch.from_numpy(visits).float()).sum() / n_episodes
            losses["loss"] = losses["loss"] + self.kl_weight * losses["kl"]
        return losses

    def _worth(
        self, played: Episodes, states: DistinctStates, rows: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Advantage of each step's action in kcal/mol, shape (S,)."""
        scale, optimum = self.scale[rows], self.optimum[rows]
        returns = played.returns * scale[:, None]
        if self.config.assembly.reward.mode == "potential":
            instance = played.episode // self.samples
            kept = played.reward * scale[instance]
            last = np.zeros(returns.size, dtype=np.intp)
            last[played.episode] = np.arange(len(kept))  # of equal indices the last one counts
            kept[last] += optimum[instance[last]]  # the rest is what the step loses, 0 or below
            steps = against_same_state(to_come(played.episode, kept, self.credit), states)
        else:
            steps = against_others(returns).ravel()[played.episode]
        gain = gain_of_best(returns).ravel()[played.episode]
        return (1 - self.best_weight) * steps + self.best_weight * gain
