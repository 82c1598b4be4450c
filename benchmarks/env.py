"""Steps per second of the environments, and where the time of a PPO training goes.

    OMP_NUM_THREADS=1 python benchmarks/env.py --out runs/benchmark_env.csv

Takes about two minutes with `--steps 4096 --repeats 1`. Random allowed actions on synthetic
sequences whose boxes, tokens and
optimum are computed beforehand: what counts is stepping, and beginning the next episode where one
ends. The training is PPO with the default settings from nothing, four rollouts and updates; what
runs inside of another part counts for itself only. Seconds are CPU seconds of one thread, so that
a busy machine does not spoil them.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecMonitor

from boxfold.agents.sb3_config import RLConfig
from boxfold.agents.sb3_training import make_model
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.gym_vector import BoxAssemblyVectorEnv
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.envs.sampler import ListSampler
from boxfold.envs.vec_env import BoxAssemblyVecEnv
from boxfold.features.synthetic import synthetic_sequence

BOXES = (32, 64, 128)


def main() -> None:
    """Measure, print two tables, write them as one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", nargs="*", type=int, default=BOXES, help="slots")
    parser.add_argument("--length", type=int, default=200, help="nt; enough to fill the slots")
    parser.add_argument("--count", type=int, default=64, help="sequences")
    parser.add_argument("--n-envs", type=int, default=64, help="episodes played at once")
    parser.add_argument("--steps", type=int, default=8192, help="steps measured of each")
    parser.add_argument("--repeats", type=int, default=2, help="the fastest one counts")
    parser.add_argument("--train-boxes", type=int, default=64, help="slots while training")
    parser.add_argument(
        "--train-steps", type=int, default=8192, help="four updates; 0: no training"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="CSV of both tables")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for n_boxes in args.boxes:
        config = AssemblyConfig(n_boxes)
        instances = prepared(args.count, args.length, config, args.seed)
        filled = np.mean([each.n_boxes for each in instances])
        print(f"{n_boxes} slots, {filled:.0f} filled, {args.length} nt, {args.n_envs} at once")
        for name, runner in runners(instances, config, args.n_envs, args.seed).items():
            seconds = min(runner(args.steps) for _ in range(args.repeats))
            print(f"  {name:<14}{args.steps / seconds:>10.0f} steps/s")
            rows.append(_row("steps per second", n_boxes, name, args.steps / seconds))
    if args.train_steps:
        config = AssemblyConfig(args.train_boxes)
        instances = prepared(args.count, args.length, config, args.seed)
        parts = training_seconds(instances, config, args.train_steps, args.n_envs, args.seed)
        total = sum(parts.values())
        print(f"PPO, {args.train_steps} steps, {args.train_boxes} slots: {total:.1f} s")
        for name, seconds in parts.items():
            print(f"  {name:<12}{seconds:>10.2f} s{seconds / total:>8.1%}")
            rows.append(_row("share of training", args.train_boxes, name, seconds / total))
    if args.out:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.6g")


def prepared(count: int, length: int, config: AssemblyConfig, seed: int) -> list[Instance]:
    """Synthetic instances on which an episode begins without computing anything."""
    rng = np.random.default_rng(seed)
    seqs = [synthetic_sequence(length, rng) for _ in range(count)]
    instances = [instance_from_sequence(seq, config.max_boxes) for seq in seqs]
    batch = BatchAssembly(config)
    for instance in instances:
        batch.load(0, instance)
        batch.step([0])
        batch.step([config.stop])
    return instances


def runners(
    instances: Sequence[Instance], config: AssemblyConfig, n_envs: int, seed: int
) -> dict[str, Callable[[int], float]]:
    """For each environment a function of the number of steps that returns the seconds they take."""
    sampler = ListSampler(instances)
    single = BoxAssemblyEnv(sampler, config)
    copies = [partial(BoxAssemblyEnv, sampler, config) for _ in range(n_envs)]
    synchronous = SyncVectorEnv(copies, autoreset_mode=AutoresetMode.SAME_STEP)
    batch = BoxAssemblyVecEnv(n_envs, sampler, config)
    gym_batch = BoxAssemblyVectorEnv(n_envs, sampler, config)
    return {
        "single": partial(single_seconds, single, seed=seed),
        "DummyVecEnv": partial(vector_seconds, DummyVecEnv(copies), seed=seed),
        "SyncVectorEnv": partial(gym_vector_seconds, synchronous, seed=seed),
        "batch": partial(vector_seconds, batch, seed=seed),
        "gym batch": partial(gym_vector_seconds, gym_batch, seed=seed),
    }


def single_seconds(env: BoxAssemblyEnv, n_steps: int, seed: int) -> float:
    """Seconds that random steps take, choosing them not counted."""
    rng = np.random.default_rng(seed)
    seconds = 0.0
    observation, _ = env.reset(seed=seed)
    for _ in range(n_steps):
        action = random_actions(observation["action_mask"][None], rng)[0]
        start = time.process_time()
        observation, _, terminated, _, _ = env.step(action)
        if terminated:
            observation, _ = env.reset()
        seconds += time.process_time() - start
    return seconds


def vector_seconds(env: VecEnv, n_steps: int, seed: int) -> float:
    """Seconds that random steps take, summed over the copies; choosing them not counted."""
    env.seed(seed)
    observation: Any = env.reset()
    return _stepping_seconds(env.step, observation, env.num_envs, n_steps, seed)


def gym_vector_seconds(env: VectorEnv[Any, Any, Any], n_steps: int, seed: int) -> float:
    """The same as `vector_seconds`, for a vector environment of Gymnasium."""
    observation, _ = env.reset(seed=seed)
    return _stepping_seconds(env.step, observation, env.num_envs, n_steps, seed)


def _stepping_seconds(
    step: Callable[[Any], tuple[Any, ...]], observation: Any, n_envs: int, n_steps: int, seed: int
) -> float:
    rng = np.random.default_rng(seed)
    seconds = 0.0
    n_calls = -(-n_steps // n_envs)
    for _ in range(n_calls):
        actions = random_actions(observation["action_mask"], rng)
        start = time.process_time()
        observation = step(actions)[0]
        seconds += time.process_time() - start
    return seconds * n_steps / (n_calls * n_envs)


def random_actions(mask: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.intp]:
    """One allowed action per row of ``mask`` (B, N + 1), all equally likely."""
    return (rng.random(mask.shape) * mask).argmax(axis=1)


class Stopwatch:
    """CPU seconds by part; what runs inside of another part counts for itself only.

    Attributes
    ----------
    seconds : dict
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._last = time.process_time()

    def _switch(self) -> None:
        now = time.process_time()
        if self._open:
            self.seconds[self._open[-1]] += now - self._last
        self._last = now

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted for `part`."""

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self._switch()
            self._open.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self._switch()
                self._open.pop()

        return wrapped


def training_seconds(
    instances: Sequence[Instance], config: AssemblyConfig, n_steps: int, n_envs: int, seed: int
) -> dict[str, float]:
    """Seconds of a PPO training by part."""
    env = BoxAssemblyVecEnv(n_envs, ListSampler(instances), config)
    model = make_model(RLConfig(assembly=config, n_envs=n_envs, seed=seed), VecMonitor(env))
    watch = Stopwatch()
    parts: list[tuple[str, object, str]] = [
        ("environment", env, "step_wait"),
        ("environment", env, "reset"),
        ("energy", Instance, "energy"),
        ("policy", model.policy, "forward"),
        ("policy", model.policy, "predict_values"),
        ("update", model, "train"),
    ]
    with ExitStack() as stack:
        for part, owner, method in parts:
            timed = watch.timed(part, getattr(owner, method))
            stack.enter_context(patch.object(owner, method, timed))
        watch.timed("rest of SB3", model.learn)(n_steps)
    return dict(watch.seconds)


def _row(measure: str, n_boxes: int, name: str, value: float) -> dict[str, Any]:
    return {"measure": measure, "boxes": n_boxes, "name": name, "value": value}


if __name__ == "__main__":
    main()
