"""Episodes that a policy plays by drawing, several per sequence: what it saw, did and got."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from boxfold.agents.drawn import can_be_invalid
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import loaded, observed
from boxfold.agents.same_states import decoded_once
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance


class Episodes(NamedTuple):
    """K episodes of each of B instances, S steps in all; N as many slots as are filled.

    Attributes
    ----------
    episode : ndarray, dtype=int64, shape (S,)
        ``instance * K + sample`` of each step.
    picked : ndarray, dtype=int8, shape (S, N)
    mask : ndarray, dtype=int8, shape (S, N + 1)
    globals : ndarray, dtype=float32, shape (S, G)
    action : ndarray, dtype=int64, shape (S,)
    reward : ndarray, dtype=float64, shape (S,)
    returns : ndarray, dtype=float64, shape (B, K)
        Sum of rewards of each episode.
    """

    episode: NDArray[np.intp]
    picked: NDArray[np.int8]
    mask: NDArray[np.int8]
    globals: NDArray[np.float32]
    action: NDArray[np.intp]
    reward: NDArray[np.float64]
    returns: NDArray[np.float64]


@torch.no_grad()
def drawn_episodes(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    rng: np.random.Generator,
    samples: int,
) -> Episodes:
    """Let a policy draw `samples` episodes for each instance.

    Parameters
    ----------
    network : AssemblyNetwork
    instances : sequence of Instance
    config : AssemblyConfig
    rng : numpy.random.Generator
        Only source of randomness.
    samples : int
        K.
    """
    batch, sequences = loaded(network, instances, config, samples, judge=can_be_invalid(config))
    steps: list[tuple[NDArray[Any], ...]] = []
    while not batch.finished.all():
        rows = np.flatnonzero(~batch.finished)
        states = observed(batch, rows)
        logits = decoded_once(network, sequences, rows // samples, states)
        actions = np.full(batch.n_envs, batch.config.stop)
        # The largest of logits plus Gumbel noise is a draw from the softmax.
        actions[rows] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        reward = batch.step(actions).reward[rows].astype(np.float64)
        steps.append((rows, *(part.numpy() for part in states), actions[rows], reward))
    parts: list[Any] = [np.concatenate(each) for each in zip(*steps, strict=True)]
    returns = np.bincount(parts[0], parts[-1]).reshape(len(instances), samples)
    return Episodes._make([*parts, returns])


def to_come(
    episode: NDArray[np.intp], values: NDArray[np.float64], discount: float
) -> NDArray[np.float64]:
    """Discounted sum over each step and those after it in its episode; shape (S,).

    Parameters
    ----------
    episode : ndarray, dtype=int64, shape (S,)
        Of each step, in the order of `Episodes`: all first steps, all second ones and so on.
    values : ndarray, dtype=float64, shape (S,)
    discount : float

    Examples
    --------
    >>> to_come(np.array([0, 1, 0, 0]), np.array([1.0, 5.0, 2.0, 4.0]), 0.5).tolist()
    [3.0, 5.0, 4.0, 4.0]
    """
    later = np.zeros(int(episode.max(initial=-1)) + 1)
    sums = np.empty_like(values)
    starts = np.flatnonzero(np.diff(episode) <= 0) + 1
    for steps in reversed(np.split(np.arange(len(values)), starts)):
        sums[steps] = later[episode[steps]] = values[steps] + discount * later[episode[steps]]
    return sums
