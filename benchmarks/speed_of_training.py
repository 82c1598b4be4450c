"""Steps of the environment per second of training: our trainers against SB3's stock policy."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from unittest.mock import patch

import numpy as np
from env import prepared
from interleaved import Row, Side, compared, cpu_seconds
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from boxfold.agents.clone import CloneTrainer
from boxfold.agents.reinforce import ReinforceTrainer
from boxfold.agents.sb3_config import RLConfig
from boxfold.agents.sb3_training import make_model
from boxfold.agents.training import EpochTrainer
from boxfold.agents.training_config import CloneConfig, ReinforceConfig
from boxfold.envs.batch import BatchAssembly, StepResult
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.sampler import ListSampler
from boxfold.envs.vec_env import BoxAssemblyVecEnv
from boxfold.s1.run_folder import RunFolder

REFERENCE = 'SB3\'s PPO("MultiInputPolicy") on DummyVecEnv'
NO_LIMIT = 1e9
"""As ``target_kl``: no pass over a rollout is cut short, so every round does the same work."""


@dataclass(frozen=True)
class TrainingSize:
    """How much is measured."""

    sequences: int = 64
    length: int = 60
    boxes: int = 64
    n_envs: int = 64
    n_steps: int = 16
    batch_size: int = 512
    rounds: int = 3


def training_rows(size: TrainingSize) -> list[Row]:
    """Playing and learning of clone, reinforce and ppo, networks at their default size."""
    assembly = AssemblyConfig(size.boxes)
    instances = prepared(size.sequences, size.length, assembly, seed=0)
    config = RLConfig(
        assembly=assembly,
        n_envs=size.n_envs,
        n_steps=size.n_steps,
        batch_size=size.batch_size,
        target_kl=NO_LIMIT,
    )
    clone = CloneTrainer(CloneConfig(assembly=assembly), instances, instances[:1], _run())
    reinforce = ReinforceTrainer(
        ReinforceConfig(assembly=assembly), instances, instances[:1], _run()
    )
    steps = config.n_envs * config.n_steps
    sides = {
        "clone": _epoch_side(clone),
        "reinforce": _epoch_side(reinforce),
        "ppo": Side("ours", cpu_seconds(partial(_ours(config, instances).learn, steps)), steps),
    }
    reference = Side(REFERENCE, cpu_seconds(partial(stock(config, instances).learn, steps)), steps)
    return [
        row
        for name, side in sides.items()
        for row in compared(
            f"training of {name}, {size.boxes} boxes", "steps/s", side, [reference], size.rounds
        )
    ]


def stock(config: RLConfig, instances: list[Instance]) -> PPO:
    """SB3's own policy on SB3's own vector environment, with the settings of ours."""
    copy = partial(BoxAssemblyEnv, ListSampler(instances), config.assembly)
    return PPO(
        "MultiInputPolicy",
        VecMonitor(DummyVecEnv([copy] * config.n_envs)),
        learning_rate=config.learning_rate,
        n_steps=config.n_steps,
        batch_size=config.batch_size,
        n_epochs=config.n_epochs,
        gamma=config.assembly.reward.gamma,
        target_kl=config.target_kl,
        seed=config.seed,
        device="cpu",
    )


def _ours(config: RLConfig, instances: list[Instance]) -> PPO:
    env = BoxAssemblyVecEnv(config.n_envs, ListSampler(instances), config.assembly)
    model = make_model(config, VecMonitor(env))
    assert isinstance(model, PPO)
    return model


def _epoch_side(trainer: EpochTrainer) -> Side:
    """An epoch, and how many steps its episodes have: counted in one that is not timed."""
    work = cpu_seconds(trainer._train_epoch)
    with counted_steps() as n_steps:
        work()
    return Side("ours", work, n_steps[0])


@contextmanager
def counted_steps() -> Iterator[list[int]]:
    """A list of one number: steps of running episodes inside."""
    n_steps = [0]
    step: Callable[..., StepResult] = BatchAssembly.step

    def counting(batch: BatchAssembly, actions: object) -> StepResult:
        n_steps[0] += int(np.count_nonzero(~batch.finished))
        return step(batch, actions)

    with patch.object(BatchAssembly, "step", counting):
        yield n_steps


def _run() -> RunFolder:
    return RunFolder(tempfile.mkdtemp())
