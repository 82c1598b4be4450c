"""Endless episodes in B copies: a batch, a sampler, and a generator of its own for each copy."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium.utils import seeding
from numpy.typing import ArrayLike, NDArray

from boxfold.envs.batch import BatchAssembly, Observation
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.sampler import Sampler, SyntheticSampler
from boxfold.features.structure import BoolArray


class StreamStep(NamedTuple):
    """Outcome of one step in B copies that go on by themselves.

    Attributes
    ----------
    observation : dict of ndarray
        Copies; where an episode ended, of the next one.
    reward : ndarray, dtype=float32, shape (B,)
    terminated : ndarray, dtype=bool, shape (B,)
    infos : list of dict
        Empty, except where the step ended the episode.
    final_observations : dict
        Last observation of each episode that ended, by index.
    """

    observation: Observation
    reward: NDArray[np.float32]
    terminated: BoolArray
    infos: list[dict[str, Any]]
    final_observations: dict[int, Observation]


class EpisodeStream:
    """What both vector environments share: each copy draws a new instance when its episode ends.

    Copy b, seeded with s, lives through the same episodes as a `BoxAssemblyEnv` seeded with s.

    Parameters
    ----------
    n_envs : int
        B.
    config : AssemblyConfig
    sampler : callable, optional
        Default: synthetic 60-mers with their maximal runs.
    """

    def __init__(self, n_envs: int, config: AssemblyConfig, sampler: Sampler | None = None) -> None:
        self.batch = BatchAssembly(config, n_envs)
        self.sampler = sampler or SyntheticSampler(max_boxes=config.max_boxes)
        self._generators = [seeding.np_random()[0] for _ in range(n_envs)]

    def reset(
        self,
        seeds: Sequence[int | None],
        instances: Sequence[Instance | None] | None = None,
    ) -> Observation:
        """Begin an episode in every copy.

        Parameters
        ----------
        seeds : sequence of (int or None), length B
            None goes on with the generator as it is.
        instances : sequence of (Instance or None), length B, optional
            To start from given ones.
        """
        for b, seed in enumerate(seeds):
            if seed is not None:
                self._generators[b] = seeding.np_random(seed)[0]
            given = None if instances is None else instances[b]
            self._begin(b, given)
        return self.batch.observe()

    def step(self, actions: ArrayLike) -> StreamStep:
        """Apply one action to each copy, shape (B,), and begin anew where an episode ended."""
        result = self.batch.step(actions)
        final: dict[int, Observation] = {}
        for b in np.flatnonzero(result.terminated).tolist():
            final[b] = self.batch.observe_one(b)
            self._begin(b)
        return StreamStep(self.batch.observe(), *result, final)

    def _begin(self, b: int, instance: Instance | None = None) -> None:
        self.batch.load(b, instance or self.sampler(self._generators[b]))
