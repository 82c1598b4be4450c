"""Episodes under a teacher: the states to learn from, and what is right in each."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.completion import Completion, LeastEnergy
from boxfold.agents.layout import chunks_by_size, with_n_actions, with_n_slots
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import CHUNK, encoded, observed
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import fitting_config
from boxfold.envs.instance import Instance
from boxfold.features.structure import BoolArray


class States(NamedTuple):
    """States of S episode steps.

    Attributes
    ----------
    instance : Tensor, dtype=int64, shape (S,)
        Index of the instance; rising.
    picked : Tensor, dtype=int8, shape (S, N)
    mask : Tensor, dtype=int8, shape (S, N + 1)
    globals : Tensor, dtype=float32, shape (S, G)
    target : Tensor, dtype=bool, shape (S, N + 1)
        Every pick that still leads to the best completion, or STOP if nothing is missing.
    """

    instance: Tensor
    picked: Tensor
    mask: Tensor
    globals: Tensor
    target: Tensor

    def of(self, rows: NDArray[np.intp]) -> "States":
        """States of some instances; `instance` becomes the place in `rows`."""
        place = torch.full((int(self.instance.max()) + 1,), -1, dtype=torch.int64)
        place[torch.from_numpy(rows)] = torch.arange(len(rows))
        chosen = torch.nonzero(place[self.instance] >= 0).squeeze(1)
        return States(place[self.instance[chosen]], *(part[chosen] for part in self[1:]))

    def slots(self, n_slots: int) -> "States":
        """The same with `n_slots` slots instead of N; those that go or come are empty."""
        return self._replace(
            picked=with_n_slots(self.picked, n_slots),
            mask=with_n_actions(self.mask, n_slots),
            target=with_n_actions(self.target, n_slots),
        )


def teacher_states(
    instances: Sequence[Instance],
    config: AssemblyConfig,
    rng: np.random.Generator,
    network: AssemblyNetwork | None = None,
    explore: float = 0.0,
    teacher: Completion | None = None,
) -> States:
    """Play one episode per instance and note what the teacher would pick at each step.

    The teacher picks the boxes of its best set in random order. In a share of the episodes the
    policy draws the picks instead; the teacher then names the best completion of what was picked,
    so that the network learns to make the best of its own mistakes.

    Parameters
    ----------
    instances : sequence of Instance
    config : AssemblyConfig
    rng : numpy.random.Generator
    network : AssemblyNetwork, optional
        The policy; needed to explore.
    explore : float
        Share of episodes that the policy plays.
    teacher : Completion, optional
        Default: the exact optimum of free energy, with the loop bonus of `config`.

    Returns
    -------
    States
    """
    teacher = teacher or LeastEnergy(config.reward.loop_weight)
    parts = []
    for rows in chunks_by_size(instances, CHUNK):
        chunk = [instances[row] for row in rows]
        explores = rng.random(len(chunk)) < (explore if network is not None else 0.0)
        fitting = fitting_config(chunk, config)
        episodes = _Episodes(chunk, fitting, rng, network, explores, teacher)
        index = torch.from_numpy(rows)
        parts += [
            states._replace(instance=index[states.instance]).slots(config.max_boxes)
            for states in episodes.play()
        ]
    joined = States(*(torch.cat(arrays) for arrays in zip(*parts, strict=True)))
    order = torch.argsort(joined.instance, stable=True)
    return States(*(part[order] for part in joined))


class _Episodes:
    """One episode for each of some instances."""

    def __init__(
        self,
        instances: Sequence[Instance],
        config: AssemblyConfig,
        rng: np.random.Generator,
        network: AssemblyNetwork | None,
        explores: BoolArray,
        teacher: Completion,
    ) -> None:
        self.batch = BatchAssembly(config, len(instances))
        for index, instance in enumerate(instances):
            self.batch.load(index, instance)
        self.rng, self.network, self.explores, self.teacher = rng, network, explores, teacher
        self.best = np.zeros((len(instances), config.max_boxes), dtype=bool)
        for index in range(len(instances)):
            self._complete(index)
        if network is not None and explores.any():
            with torch.no_grad():
                self.encoded = encoded(network, self.batch.observation)

    def _complete(self, index: int) -> None:
        """Ask the teacher for the best completion of the picks."""
        instance, picks = self.batch.instances[index], self.batch.picks[index]
        assert instance is not None
        self.best[index] = False
        self.best[index, list(self.teacher.complete(instance, picks))] = True

    def play(self) -> list[States]:
        """States of every step, step by step."""
        steps = []
        while not self.batch.finished.all():
            rows = np.flatnonzero(~self.batch.finished)
            target = self._targets(rows)
            steps.append(
                States(
                    torch.from_numpy(rows), *observed(self.batch, rows), torch.from_numpy(target)
                )
            )
            self._step(rows, target)
        return steps

    def _targets(self, rows: NDArray[np.intp]) -> BoolArray:
        # The mask says no where a stray pick has used up the knot order.
        allowed = self.batch.observation["action_mask"][rows, :-1] != 0
        missing = self.best[rows] & (self.batch.observation["picked"][rows] == 0) & allowed
        return np.concatenate([missing, ~missing.any(axis=1, keepdims=True)], axis=1)

    def _step(self, rows: NDArray[np.intp], target: BoolArray) -> None:
        actions = np.full(self.batch.n_envs, self.batch.config.stop)
        actions[rows] = np.where(target, self.rng.random(target.shape), -1.0).argmax(axis=1)
        explorers = rows[self.explores[rows]]
        if len(explorers):
            actions[explorers] = self._drawn(explorers)
        self.batch.step(actions)
        strayed = explorers[~self.batch.finished[explorers]]
        for index in strayed[~self.best[strayed, actions[strayed]]]:
            self._complete(index)

    @torch.no_grad()
    def _drawn(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Actions drawn from the policy."""
        assert self.network is not None
        states = observed(self.batch, rows)
        logits, _ = self.network.decode(self.encoded.take(torch.from_numpy(rows)), *states)
        return (logits.numpy() + self.rng.gumbel(size=logits.shape)).argmax(axis=1)
