"""Episodes that a policy plays by drawing, several per sequence: what it saw, did and got."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import loaded, observed
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
    returns : ndarray, dtype=float64, shape (B, K)
        Sum of rewards of each episode.
    """

    episode: NDArray[np.intp]
    picked: NDArray[np.int8]
    mask: NDArray[np.int8]
    globals: NDArray[np.float32]
    action: NDArray[np.intp]
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
    batch, sequences = loaded(network, instances, config, samples)
    returns = np.zeros(batch.n_envs)
    steps = []
    while not batch.finished.all():
        rows = np.flatnonzero(~batch.finished)
        picked, mask, globals_ = observed(batch, rows)
        taken = sequences.take(torch.from_numpy(rows // samples))
        logits = network.decode(taken, picked, mask, globals_)[0].numpy()
        actions = np.full(batch.n_envs, batch.config.stop)
        # The largest of logits plus Gumbel noise is a draw from the softmax.
        actions[rows] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        steps.append((rows, picked.numpy(), mask.numpy(), globals_.numpy(), actions[rows]))
        returns += batch.step(actions).reward
    parts: list[Any] = [np.concatenate(each) for each in zip(*steps, strict=True)]
    episode, seen_picked, seen_mask, seen_globals, action = parts
    by_instance = returns.reshape(len(instances), samples)
    return Episodes(episode, seen_picked, seen_mask, seen_globals, action, by_instance)
