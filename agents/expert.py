"""Episodes of the exact teacher on the Gymnasium environment, whole, one after the other."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.batch import Observation
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.instance import Instance


class Episode(NamedTuple):
    """One finished episode of T steps.

    Attributes
    ----------
    id, seq : str
        Of the instance.
    observations : dict of ndarray, shape (T + 1, ...)
        Those of the environment's space; the last one is after the last action.
    actions : ndarray, dtype=int64, shape (T,)
    rewards : ndarray, dtype=float64, shape (T,)
    terminations : ndarray, dtype=bool, shape (T,)
        True at the last step only.
    """

    id: str
    seq: str
    observations: dict[str, NDArray[Any]]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float64]
    terminations: NDArray[np.bool_]


def expert_episode(env: BoxAssemblyEnv, instance: Instance, rng: np.random.Generator) -> Episode:
    """Pick the boxes of the optimum in random order, then STOP.

    There is no STOP where the last pick ends the episode: no box is allowed any more.

    Parameters
    ----------
    env : BoxAssemblyEnv
        Its stems nest (``pseudoknots="forbid"``): the optimum is the best nested structure.
    instance : Instance
    rng : numpy.random.Generator
        Draws the order.

    Returns
    -------
    Episode
    """
    observation, _ = env.reset(options={"instance": instance})
    loaded = env.instance  # cut to the slots
    assert loaded is not None
    optimum = loaded.optimum_with(env.config.reward.loop_weight)
    todo = [*rng.permutation(optimum.picks).astype(int).tolist(), env.config.stop]
    seen: list[Observation] = [observation]
    steps: list[tuple[int, float, bool]] = []
    for action in todo:
        observation, reward, terminated, _, _ = env.step(action)
        seen.append(observation)
        steps.append((action, reward, terminated))
        if terminated:
            break
    actions, rewards, terminations = zip(*steps, strict=True)
    return Episode(
        instance.id,
        instance.seq,
        {name: np.stack([each[name] for each in seen]) for name in observation},
        np.array(actions, dtype=np.int64),
        np.array(rewards, dtype=np.float64),
        np.array(terminations),
    )


def expert_episodes(
    env: BoxAssemblyEnv, instances: Sequence[Instance], per_instance: int, seed: int
) -> Iterator[Episode]:
    """Episodes of some instances, in their order; each has random numbers of its own.

    Parameters
    ----------
    env : BoxAssemblyEnv
    instances : sequence of Instance
    per_instance : int
        Episodes of each; they differ in the order of picks only.
    seed : int

    Yields
    ------
    Episode
    """
    for index, instance in enumerate(instances):
        rng = np.random.default_rng([seed, index])
        for _ in range(per_instance):
            yield expert_episode(env, instance, rng)
