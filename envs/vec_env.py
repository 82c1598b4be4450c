"""The assembly environment as a Stable-Baselines3 ``VecEnv``."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from boxfold.envs.batch import Observation
from boxfold.envs.config import AssemblyConfig, configured
from boxfold.envs.rendering import Scene, draw, text
from boxfold.envs.sampler import Sampler
from boxfold.envs.spaces import action_space, observation_space
from boxfold.envs.stream import EpisodeStream
from boxfold.features.structure import BoolArray


class BoxAssemblyVecEnv(VecEnv):
    """B copies of `BoxAssemblyEnv`, stepped together in numpy.

    Step for step equal to a ``DummyVecEnv`` of the single environment: the last step's info has
    ``terminal_observation``, and ``TimeLimit.truncated`` is False there.

    Parameters
    ----------
    n_envs : int
        B.
    sampler : callable, optional
        Shared by the copies; default: synthetic 60-mers.
    config : AssemblyConfig, optional
    render_mode : {"ansi", "rgb_array"}, optional
    **settings
        Fields of `AssemblyConfig` by name.
    """

    def __init__(
        self,
        n_envs: int,
        sampler: Sampler | None = None,
        config: AssemblyConfig | None = None,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        self.config = configured(config, settings)
        self.stream = EpisodeStream(n_envs, self.config, sampler)
        self.render_mode = render_mode
        self._actions: NDArray[np.int64] = np.full(n_envs, self.config.stop)
        super().__init__(n_envs, observation_space(self.config), action_space(self.config))

    def reset(self) -> Observation:
        """Begin an episode in every copy; seeds of `seed` count once.

        Returns
        -------
        dict of ndarray
            With a leading axis of B.
        """
        instances = [options.get("instance") for options in self._options]
        observation = self.stream.reset(self._seeds, instances)
        self._reset_seeds()
        self._reset_options()
        return observation

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Apply the actions.

        Returns
        -------
        observation, reward, done, infos
        """
        step = self.stream.step(self._actions)
        for b, observation in step.final_observations.items():
            step.infos[b]["TimeLimit.truncated"] = False
            step.infos[b]["terminal_observation"] = observation
        return step.observation, step.reward, step.terminated, step.infos

    def action_masks(self) -> BoolArray:
        """Allowed actions, shape (B, N + 1)."""
        return self.stream.batch.action_masks()

    def close(self) -> None:
        """Nothing to release."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Attribute of each copy; all but ``instance`` is shared by the copies."""
        chosen = self._get_indices(indices)
        if attr_name == "instance":
            return [self.stream.batch.instances[b] for b in chosen]
        return [getattr(self, attr_name)] * len(list(chosen))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of all copies; they can't be set one by one."""
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise ValueError(f"'{attr_name}' is shared: it can't be set for some copies only")
        setattr(self, attr_name, value)

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: VecEnvIndices = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Call ``action_masks`` or ``render`` of each copy."""
        if method_name not in ("action_masks", "render"):
            raise AttributeError(f"no method '{method_name}' (available: action_masks, render)")
        of_copy = self.action_masks() if method_name == "action_masks" else self._pictures()
        return [of_copy[b] for b in self._get_indices(indices)]

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper], indices: VecEnvIndices = None
    ) -> list[bool]:
        """No copy is wrapped."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """Drawing of each copy."""
        return [draw(Scene.of(self.stream.batch, b)) for b in range(self.num_envs)]

    def _pictures(self) -> Sequence[Any]:
        if self.render_mode == "ansi":
            return [text(Scene.of(self.stream.batch, b)) for b in range(self.num_envs)]
        return self.get_images()
