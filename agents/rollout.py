"""Assembling with a trained network, many sequences at once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.agent import Picks
from boxfold.agents.drawn import boxes_of_slots
from boxfold.agents.layout import Layout, chunks_by_size
from boxfold.agents.network import AssemblyNetwork, Encoded
from boxfold.agents.same_states import decoded_once
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import fitting_config
from boxfold.envs.instance import Instance
from boxfold.envs.observation import Observation
from boxfold.rewards.reward import RewardConfig

CHUNK = 64
"""Sequences encoded together."""

TEMPERATURES = (0.8, 1.0, 1.25, 1.6)
"""K different assemblies are looked for in K draws at each: what repeats is drawn warmer."""


def observed(batch: BatchAssembly, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor, Tensor]:
    """Picked boxes, mask and globals of some episodes, as `AssemblyNetwork.decode` takes them."""
    names = ("picked", "action_mask", "globals")
    picked, mask, globals_ = (torch.from_numpy(batch.observation[name][rows]) for name in names)
    return picked, mask, globals_


def encoded(network: AssemblyNetwork, observation: Observation) -> Encoded:
    """`AssemblyNetwork.encode` of an observation."""
    names = [name for name in Layout._fields if name in observation]  # some are rarely observed
    return network.encode(**{name: torch.from_numpy(observation[name]) for name in names})


def loaded(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    samples: int,
    judge: bool = True,
) -> tuple[BatchAssembly, Encoded]:
    """Episodes about to begin, `samples` per instance side by side, and the encoded sequences."""
    slots = fitting_config(instances, config)
    batch = BatchAssembly(slots, len(instances) * samples, judge=judge)
    for index, instance in enumerate(instances):
        for sample in range(samples):
            batch.load(index * samples + sample, instance)
    first = {name: array[::samples] for name, array in batch.observation.items()}
    return batch, encoded(network, first)


@torch.no_grad()
def rollout(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    rng: np.random.Generator,
    samples: int = 1,
    temperature: float = 1.0,
) -> list[list[Picks]]:
    """Let a policy assemble every instance.

    Parameters
    ----------
    network : AssemblyNetwork
    instances : sequence of Instance
    config : AssemblyConfig
        Slots for as many boxes as wanted.
    rng : numpy.random.Generator
        Only source of randomness.
    samples : int
        Assemblies per instance: the first is greedy, the others are drawn.
    temperature : float
        Logits are divided by it before drawing.

    Returns
    -------
    list of list of tuple of int
        Picks in the order of picking, `samples` per instance. One that ended an episode as
        impossible is the last of them; see `drawn.is_assembly`.
    """
    if config.reward.terms:  # nobody reads the rewards of these episodes
        config = replace(config, reward=RewardConfig())
    picks: list[list[Picks]] = [[] for _ in instances]
    for rows in chunks_by_size(instances, CHUNK):
        chunk = [instances[row] for row in rows]
        batch, sequences = loaded(network, chunk, config, samples, judge=False)
        slots = _play(batch, network, sequences, rng, samples, temperature)
        for i, row in enumerate(rows.tolist()):
            picks[row] = [
                boxes_of_slots(each, instances[row], batch.config)
                for each in slots[i * samples : (i + 1) * samples]
            ]
    return picks


def different(drawn: Sequence[Picks], samples: int) -> list[Picks]:
    """The first `samples` assemblies that differ; the order of picks makes no difference.

    Examples
    --------
    >>> different([(0, 2), (1,), (2, 0), (3,), (1,)], 2)
    [(0, 2), (1,)]
    """
    first: dict[frozenset[int], Picks] = {}
    for picks in drawn:
        first.setdefault(frozenset(picks), picks)
    return list(first.values())[:samples]


def different_assemblies(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    rng: np.random.Generator,
    samples: int,
) -> list[list[Picks]]:
    """Like `rollout`, but what was drawn before is drawn again, warmer; see `TEMPERATURES`.

    Returns
    -------
    list of list of tuple of int
        Per instance the greedy assembly and up to ``samples - 1`` others, all different.
    """
    found: list[list[Picks]] = [[] for _ in instances]
    for temperature in TEMPERATURES if samples > 1 else (1.0,):
        short = [index for index, each in enumerate(found) if len(each) < samples]
        of_short = [instances[index] for index in short]
        more = rollout(network, of_short, config, rng, samples, temperature)
        for index, drawn in zip(short, more, strict=True):
            found[index] = different(found[index] + drawn, samples)
    return found


def _play(
    batch: BatchAssembly,
    network: AssemblyNetwork,
    sequences: Encoded,
    rng: np.random.Generator,
    samples: int,
    temperature: float,
) -> list[list[int]]:
    """Step until every episode has ended; episode b belongs to sequence ``b // samples``.

    Returns the slots that each one picked, with the impossible pick that ended it if one did.
    """
    refused: list[list[int]] = [[] for _ in range(batch.n_envs)]
    while not batch.finished.all():
        rows = np.flatnonzero(~batch.finished)
        scores = decoded_once(network, sequences, rows // samples, observed(batch, rows))
        if samples > 1:  # the largest of logits plus Gumbel noise is a draw from the softmax
            warmth = np.where(rows % samples, temperature, 0.0)[:, None]
            scores = scores + warmth * rng.gumbel(size=scores.shape)
        actions = np.full(batch.n_envs, batch.config.stop)
        actions[rows] = scores.argmax(axis=1)
        is_box = actions[rows] != batch.config.stop
        for b in rows[is_box & ~batch.selectable[rows, actions[rows] * is_box]].tolist():
            refused[b].append(int(actions[b]))
        batch.step(actions)
    return [picks + last for picks, last in zip(batch.picks, refused, strict=True)]
