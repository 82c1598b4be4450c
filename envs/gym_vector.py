"""The assembly environment as a Gymnasium vector environment."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from boxfold.envs.batch import Observation
from boxfold.envs.config import AssemblyConfig, configured
from boxfold.envs.rendering import Scene, draw, text
from boxfold.envs.sampler import Sampler
from boxfold.envs.spaces import action_space, observation_space
from boxfold.envs.stream import EpisodeStream
from boxfold.features.structure import BoolArray


class BoxAssemblyVectorEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]]):
    """B copies of `BoxAssemblyEnv`, stepped together in numpy; for `gymnasium.make_vec`.

    Autoreset is `SAME_STEP`: the step that ends an episode returns the first observation of the
    next one, with ``final_obs`` and ``final_info`` in the infos.

    Parameters
    ----------
    num_envs : int
        B.
    sampler : callable, optional
        Shared by the copies; default: synthetic 60-mers.
    config : AssemblyConfig, optional
    render_mode : {"ansi", "rgb_array"}, optional
    **settings
        Fields of `AssemblyConfig` by name.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - as Gymnasium declares it
        "render_modes": ["ansi", "rgb_array"],
        "render_fps": 2,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        sampler: Sampler | None = None,
        config: AssemblyConfig | None = None,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        self.config = configured(config, settings)
        self.stream = EpisodeStream(num_envs, self.config, sampler)
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.single_observation_space = observation_space(self.config)
        self.single_action_space = action_space(self.config)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode in every copy.

        Parameters
        ----------
        seed : int or sequence of int, optional
            An int s seeds copy b with s + b.
        options : dict, optional
            ``{"instances": [...]}``, one per copy, to start from given ones.
        """
        if seed is None or isinstance(seed, int):
            seed = [None if seed is None else seed + b for b in range(self.num_envs)]
        return self.stream.reset(seed, (options or {}).get("instances")), {}

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[Observation, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Apply one action to each copy, shape (B,).

        Returns
        -------
        observation, reward, terminated, truncated, infos
        """
        step = self.stream.step(actions)
        infos: dict[str, Any] = {}
        for b, observation in step.final_observations.items():
            final = {"final_obs": observation, "final_info": step.infos[b]}
            infos = self._add_info(infos, final, b)
        reward, truncated = step.reward.astype(np.float64), np.zeros(self.num_envs, dtype=bool)
        return step.observation, reward, step.terminated, truncated, infos

    def action_masks(self) -> BoolArray:
        """Allowed actions, shape (B, N + 1)."""
        return self.stream.batch.action_masks()

    def render(self) -> tuple[Any, ...] | None:
        """Picture of each copy, as `BoxAssemblyEnv.render`."""
        if self.render_mode is None:
            return None
        picture = text if self.render_mode == "ansi" else draw
        return tuple(picture(Scene.of(self.stream.batch, b)) for b in range(self.num_envs))
