"""A value head for a policy that was trained without one, while the actor stays as it is."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from boxfold.agents.episodes import to_come
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import CHUNK, encoded, observed
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance

_RIDGE = 1e-2


@torch.no_grad()
def fit_value(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    rng: np.random.Generator,
) -> float:
    """Set the value head to the least-squares fit of the returns of drawn episodes.

    Parameters
    ----------
    network : AssemblyNetwork
        Its value head is overwritten.
    instances : sequence of Instance
        One episode each.
    config : AssemblyConfig
    rng : numpy.random.Generator

    Returns
    -------
    float
        Share of the returns' variance that the value explains.
    """
    parts = [
        _episodes(network, instances[start : start + CHUNK], config, rng)
        for start in range(0, len(instances), CHUNK)
    ]
    features = torch.cat([part[0] for part in parts]).double()  # (S, D)
    returns = torch.cat([part[1] for part in parts]).double()  # (S,)
    inputs = torch.nn.functional.pad(features, (0, 1), value=1.0)
    gram = inputs.T @ inputs + _RIDGE * len(inputs) * torch.eye(inputs.shape[1])
    solution = torch.linalg.solve(gram, inputs.T @ returns)
    network.value.weight.copy_(solution[None, :-1])
    network.value.bias.copy_(solution[-1:])
    residual = returns - inputs @ solution
    return float(1 - residual.var() / returns.var().clamp_min(1e-12))


def _episodes(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """STOP tokens before the heads (S, D), and returns (S,), of one drawn episode per instance."""
    batch = BatchAssembly(config, len(instances))
    for index, instance in enumerate(instances):
        batch.load(index, instance)
    sequences = encoded(network, batch.observation)
    features, steps = [], []
    while not batch.finished.all():
        rows = np.flatnonzero(~batch.finished)
        state = (sequences.take(torch.from_numpy(rows)), *observed(batch, rows))
        features.append(network.decoded(*state)[0][:, 0])
        logits = network.decode(*state)[0].numpy()
        actions = np.full(batch.n_envs, config.stop)
        actions[rows] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        steps.append((rows, batch.step(actions).reward[rows].astype(np.float64)))
    episode, reward = (np.concatenate(each) for each in zip(*steps, strict=True))
    return torch.cat(features), torch.from_numpy(to_come(episode, reward, config.reward.gamma))
