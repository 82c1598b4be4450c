"""Reinforcement learning with Stable-Baselines3's own PPO and A2C.

Training is cut into chunks. Each begins with new episodes and a seed of its own, so what happens in
a chunk follows from the weights, the optimiser and the chunk's number: an interrupted run continues
to the same bytes.
"""

import dataclasses
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecMonitor

from boxfold.agents.callbacks import EpisodeCallback, RunWriter
from boxfold.agents.learned import Learned, save_learned
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.policy import BoxPolicy
from boxfold.agents.sb3_config import RLConfig
from boxfold.agents.training import STATE_KIND, AfterValidation, Report, ignored
from boxfold.agents.validation import judged_by, validate_policy
from boxfold.agents.value_fit import fit_value
from boxfold.envs.instance import Instance
from boxfold.envs.sampler import ListSampler
from boxfold.envs.vec_env import BoxAssemblyVecEnv
from boxfold.features.errors import DivergedError, InputError
from boxfold.features.files import atomic_path
from boxfold.s1.drawing_budget import DrawingBudget
from boxfold.s1.run_folder import RunFolder, optimizer_tensors, restore_optimizer, without_prefix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_VALUE_EPISODES = 1024
"""Episodes that the value head of a warm start is fitted on."""


@dataclass
class RLProgress:
    """Where a training stands; saved with every checkpoint."""

    chunk: int = 0
    steps: int = 0
    n_updates: int = 0
    cpu_seconds: float = 0.0
    best_score: float = math.inf
    best_step: int = 0


class RLTrainer:
    """Trains a policy with PPO or A2C and keeps the best by validation in a run folder.

    Parameters
    ----------
    config : RLConfig
    train, validation : sequence of Instance
    run : RunFolder
        Continued from its checkpoint if it has one.
    start : AssemblyNetwork, optional
        Trained network to start from; its value head is fitted anew.

    Raises
    ------
    InputError
        If there is nothing to train or to validate on.
    """

    def __init__(
        self,
        config: RLConfig,
        train: Sequence[Instance],
        validation: Sequence[Instance],
        run: RunFolder,
        start: AssemblyNetwork | None = None,
    ) -> None:
        if not train or not validation:
            raise InputError("training needs at least one training and one validation instance")
        self.config, self.run = config, run
        self.train, self.validation = train, judged_by(validation, config.assembly.reward)
        env = BoxAssemblyVecEnv(config.n_envs, ListSampler(train), config.assembly)
        self.episodes = env.stream.batch
        self.model = make_model(config, VecMonitor(env))
        self.model.set_logger(Logger(None, [RunWriter(run)]))
        self.progress, self._budget = RLProgress(), DrawingBudget()
        if run.has("state"):
            self._restore()
        else:
            run.rewind(-1)  # killed before its first checkpoint
            if start is not None:
                self._start_from(start)

    @property
    def done(self) -> int:
        """Step of the last validation that is saved; -1 before the first."""
        return self.progress.steps if self.run.has("state") else -1

    @property
    def network(self) -> AssemblyNetwork:
        """The network in training."""
        return self._policy.network

    @property
    def _policy(self) -> BoxPolicy:
        policy = self.model.policy
        assert isinstance(policy, BoxPolicy)
        return policy

    def fit(self, report: Report = print, after_validation: AfterValidation = ignored) -> None:
        """Train to the end of the budget, validating after each chunk.

        Raises
        ------
        DivergedError
            If the network is no longer made of numbers; the last checkpoint stays.
        """
        if not self.progress.chunk:
            line, metrics = self._validate()  # the start may turn out to be the best
            report(line)
            after_validation(metrics)
        while self._spent() < 1:
            start = time.process_time()
            self._train_chunk()
            self.progress.chunk += 1
            self.progress.steps = self.model.num_timesteps
            self.progress.n_updates = self.model._n_updates
            self.progress.cpu_seconds += time.process_time() - start
            line, metrics = self._validate()
            self._checkpoint()
            report(line)
            after_validation(metrics)
        self._save_zip()
        self.run.finish(self.progress.best_step)

    def _spent(self) -> float:
        share = self.progress.steps / self.config.steps
        if self.config.minutes:
            share = max(share, self.progress.cpu_seconds / (60 * self.config.minutes))
        return share

    def _train_chunk(self) -> None:
        seeds = np.random.SeedSequence([self.config.seed, self.progress.chunk])
        self.model.set_random_seed(int(seeds.generate_state(1)[0] % 2**31))
        self.model._last_obs = None  # new episodes, with the new seed
        self.model.ep_info_buffer = None
        self.model.learning_rate = self.config.learning_rate * max(1 - self._spent(), 0.02)
        self.model._setup_lr_schedule()
        n_steps = self.config.n_envs * self.config.n_steps * self.config.chunk_updates
        every = max(1, self.config.chunk_updates // 8)
        try:
            self.model.learn(n_steps, EpisodeCallback(n_steps), every, reset_num_timesteps=False)
        except ValueError:  # SB3's distributions refuse what is no number
            self._check_finite()
            raise
        self._check_finite()

    def _check_finite(self) -> None:
        if not all(torch.isfinite(weight).all() for weight in self.network.parameters()):
            raise DivergedError(
                f"{self.run.path}: no numbers after {self.model.num_timesteps} steps; "
                "the last checkpoint is kept (try a lower --learning-rate)"
            )

    def _validate(self) -> tuple[str, dict[str, float]]:
        """Log the validation, keep the network if it is the best; a line that says so, metrics."""
        self.model.policy.set_training_mode(False)
        score, metrics = validate_policy(self.network, self.validation, self.config.assembly)
        if self.config.assembly.reward.terms:
            self.run.log(self.progress.steps, {"train/reward_calls": self.episodes.reward_calls})
            self.episodes.reward_calls = 0
        self.run.log(self.progress.steps, metrics)
        self._budget.draw(self.run, self.progress.steps, self._spent() >= 1, self._pictures)
        if score < self.progress.best_score or not self.run.has("weights"):
            self.progress.best_score, self.progress.best_step = score, self.progress.steps
            assembly, step = self.config.assembly, self.progress.steps
            save_learned(self.run, self.network, assembly, "policy", step=step)
        line = (
            f"step {self.progress.steps}/{self.config.steps}: "
            + ", ".join(f"{tag.removeprefix('eval/')} {v:.3f}" for tag, v in metrics.items())
            + f" (best at step {self.progress.best_step}), {self.progress.cpu_seconds:.0f} CPU s"
        )
        return line, metrics

    def _pictures(self) -> "dict[str, Figure]":
        from boxfold.agents.validation_pictures import validation_pictures  # only where it is drawn

        config = self.config.assembly
        learned = Learned.in_training(self.network, "policy", config)
        return validation_pictures(learned, self.validation, config, self.run.path.name)

    def _start_from(self, start: AssemblyNetwork) -> None:
        self.network.load_state_dict(start.state_dict())
        self.network.eval()
        rng = np.random.default_rng([self.config.seed, 1])
        rows = rng.choice(len(self.train), min(len(self.train), _VALUE_EPISODES), replace=False)
        sample = [self.train[row] for row in rows]
        explained = fit_value(self.network, sample, self.config.assembly, rng)
        self.run.log(0, {"train/explained_variance": explained})

    def _checkpoint(self) -> None:
        tensors = {f"network.{name}": t for name, t in self.network.state_dict().items()}
        if (critic := self._policy.critic) is not None:
            tensors |= {f"critic.{name}": t for name, t in critic.state_dict().items()}
        tensors |= optimizer_tensors(self.model.policy.optimizer)
        meta = {"kind": STATE_KIND, "progress": dataclasses.asdict(self.progress)}
        self.run.save("state", tensors, meta)

    def _restore(self) -> None:
        tensors, meta = self.run.load("state", STATE_KIND)
        self.network.load_state_dict(without_prefix(tensors, "network."))
        if (critic := self._policy.critic) is not None:
            critic.load_state_dict(without_prefix(tensors, "critic."))
        restore_optimizer(self.model.policy.optimizer, tensors)
        self.progress = RLProgress(**meta["progress"])
        self.model.num_timesteps = self.progress.steps
        self.model._n_updates = self.progress.n_updates
        self.run.rewind(self.progress.steps)

    def _save_zip(self) -> None:
        """``model.zip`` of the best network, for SB3's users; boxfold itself doesn't read it."""
        tensors, _ = self.run.load("weights", "assembly")
        self.network.load_state_dict(tensors)
        with atomic_path(self.run.path / "model.zip") as temporary, temporary.open("wb") as file:
            self.model.save(file)


def make_model(config: RLConfig, env: VecMonitor) -> OnPolicyAlgorithm:
    """Untrained SB3 model for an environment.

    Parameters
    ----------
    config : RLConfig
    env : VecMonitor
        Around a `BoxAssemblyVecEnv`.
    """
    shared: dict[str, Any] = {
        "policy": BoxPolicy,
        "env": env,
        "learning_rate": config.learning_rate,
        "n_steps": config.n_steps,
        "gamma": config.assembly.reward.gamma,
        "gae_lambda": config.gae_lambda,
        "ent_coef": config.ent_coef,
        "vf_coef": config.vf_coef,
        "max_grad_norm": config.gradient_clip,
        "policy_kwargs": {"network": config.network, "critic_terms": config.critic_terms},
        "seed": config.seed,
        "device": "cpu",
    }
    if config.algorithm == "a2c":
        return A2C(**shared, use_rms_prop=False, normalize_advantage=True)
    return PPO(
        **shared,
        batch_size=config.batch_size,
        n_epochs=config.n_epochs,
        clip_range=config.clip_range,
        target_kl=config.target_kl,
    )


def load_zip(path: Path) -> AssemblyNetwork:
    """Network of a ``model.zip``. Loading runs code that the file holds: only for trusted files.

    Raises
    ------
    InputError
        If it is no model of this package's policy.
    """
    reason = "no such file"
    for algorithm in (PPO, A2C) if path.is_file() else ():
        try:
            policy = algorithm.load(path, device="cpu").policy
        except Exception as error:  # whatever its pickles raise
            reason = " ".join(str(error).split())
            continue
        if isinstance(policy, BoxPolicy):
            return policy.network.eval()
        reason = f"its policy is {type(policy).__name__}, needed: BoxPolicy"
    raise InputError(f"{path}: can't be loaded ({reason})")
