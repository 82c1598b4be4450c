"""Training by epochs over instances: budget, checkpoints, best epoch; what to learn is added on."""

import dataclasses
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from boxfold.agents.learned import Learned, Role, save_learned
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.training_config import TrainConfig
from boxfold.envs.instance import Instance
from boxfold.features.errors import DivergedError, InputError
from boxfold.s1.drawing_budget import DrawingBudget
from boxfold.s1.run_folder import RunFolder, optimizer_tensors, restore_optimizer, without_prefix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Report = Callable[[str], None]

AfterValidation = Callable[[Mapping[str, float]], None]
"""Gets the metrics of a validation when all is saved; what it raises ends the training."""


def ignored(metrics: Mapping[str, float]) -> None:
    """The `AfterValidation` that does nothing."""


STATE_KIND = "assembly-state"
"""What checkpoints of agents call themselves."""


@dataclass
class Progress:
    """Where a training stands; saved with every checkpoint."""

    epoch: int = 0
    cpu_seconds: float = 0.0
    best_score: float = math.inf
    best_epoch: int = 0
    threshold: float = 0.5


class EpochTrainer(ABC):
    """Trains an `AssemblyNetwork` and keeps its best epoch in a run folder.

    Parameters
    ----------
    config : TrainConfig
    train, validation : sequence of Instance
    run : RunFolder
        Continued from its checkpoint if it has one.

    Raises
    ------
    InputError
        If there is nothing to train or to validate on.
    """

    role: Role
    facts: Mapping[str, Any] = {}
    """What is kept with the weights besides; see `save_learned`."""

    def __init__(
        self,
        config: TrainConfig,
        train: Sequence[Instance],
        validation: Sequence[Instance],
        run: RunFolder,
    ) -> None:
        if not train or not validation:
            raise InputError("training needs at least one training and one validation instance")
        self.config, self.run = config, run
        self.train, self.validation = train, validation
        torch.manual_seed(config.seed)
        self.network = AssemblyNetwork(config.network)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.progress, self._budget = Progress(), DrawingBudget()
        if run.has("state"):
            self._restore()
        else:
            run.rewind(-1)  # killed before its first checkpoint

    @property
    def done(self) -> int:
        """Step of the last validation that is saved."""
        return self.progress.epoch

    @abstractmethod
    def prepare_epoch(self, rows: NDArray[np.intp], rng: np.random.Generator) -> None:
        """Make what the coming epoch learns from, for the training instances that it sees."""

    @abstractmethod
    def batch_loss(self, rows: NDArray[np.intp]) -> dict[str, Tensor]:
        """Loss terms of some training instances; ``loss`` is the one that is minimised."""

    @abstractmethod
    def validate(self) -> tuple[float, dict[str, float]]:
        """Score (lower is better) and metrics by tag on the validation instances."""

    def fit(self, report: Report = print, after_validation: AfterValidation = ignored) -> None:
        """Train to the end of the budget, validating after each epoch.

        Raises
        ------
        DivergedError
            If the loss is no longer a number; the last checkpoint stays.
        """
        while self._spent() < 1:
            start = time.process_time()
            losses = self._train_epoch()
            self.progress.epoch += 1
            self.progress.cpu_seconds += time.process_time() - start
            score, metrics = self.validate()
            self.run.log(self.progress.epoch, {**losses, **metrics})
            is_last = self._spent() >= 1
            self._budget.draw(self.run, self.progress.epoch, is_last, self._pictures)
            self._keep_best(score)
            self._checkpoint()
            report(
                f"epoch {self.progress.epoch}/{self.config.epochs}: "
                f"loss {losses['train/loss']:.4f}, "
                + ", ".join(f"{tag.removeprefix('eval/')} {v:.3f}" for tag, v in metrics.items())
                + f" (best in epoch {self.progress.best_epoch}), "
                f"{self.progress.cpu_seconds:.0f} CPU s"
            )
            after_validation(metrics)
        self.run.finish(self.progress.best_epoch)

    def _pictures(self) -> "dict[str, Figure]":
        from boxfold.agents.validation_pictures import validation_pictures  # only where it is drawn

        config, threshold = self.config.assembly, self.progress.threshold
        learned = Learned.in_training(self.network, self.role, config, threshold, self.facts)
        return validation_pictures(learned, self.validation, config, self.run.path.name)

    def _spent(self, part: float = 0.0, seconds: float = 0.0) -> float:
        """Share of the budget that is used, with a part of the current epoch."""
        share = (self.progress.epoch + part) / self.config.epochs
        if self.config.minutes:
            share = max(share, (self.progress.cpu_seconds + seconds) / (60 * self.config.minutes))
        return share

    def _train_epoch(self) -> dict[str, float]:
        start = time.process_time()
        rng = np.random.default_rng([self.config.seed, self.progress.epoch])
        self.network.eval()
        order = rng.permutation(len(self.train))[: self.config.epoch_instances or None]
        self.prepare_epoch(np.sort(order), rng)
        batches = self._batches(order, rng)
        sums: dict[str, float] = {}
        n_seen = 0
        self.network.train()
        label = f"epoch {self.progress.epoch + 1}"
        # disable=None: a bar on a terminal only
        for index, rows in enumerate(tqdm(batches, label, disable=None, leave=False)):
            spent = self._spent(index / len(batches), time.process_time() - start)
            if spent >= 1 and n_seen:
                break  # the minutes are used up
            self._set_learning_rate(min(spent, 1.0))
            for name, value in self._step(rows).items():
                sums[name] = sums.get(name, 0.0) + value * len(rows)
            n_seen += len(rows)
        self.network.eval()
        rate = self.optimizer.param_groups[0]["lr"]
        return {f"train/{name}": value / n_seen for name, value in sums.items()} | {
            "train/learning_rate": rate
        }

    def _batches(self, order: NDArray[np.intp], rng: np.random.Generator) -> list[NDArray[np.intp]]:
        """Batches in random order, each of instances with similar numbers of boxes."""
        sizes = np.array([each.n_boxes for each in self.train])
        batches = []
        for pool in np.array_split(
            order, math.ceil(len(order) / (32 * self.config.batch_instances))
        ):
            pool = pool[np.argsort(sizes[pool], kind="stable")]
            batches += np.array_split(pool, math.ceil(len(pool) / self.config.batch_instances))
        return [batches[index] for index in rng.permutation(len(batches))]

    def _set_learning_rate(self, spent: float) -> None:
        warm = min(1.0, (spent + 1e-3) / self.config.warmup) if self.config.warmup else 1.0
        rate = self.config.learning_rate * warm * (0.01 + 0.99 * math.cos(math.pi * spent / 2) ** 2)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _step(self, rows: NDArray[np.intp]) -> dict[str, float]:
        """One optimiser step; returns its loss terms."""
        losses = self.batch_loss(rows)
        if not torch.isfinite(losses["loss"]):
            raise DivergedError(
                f"{self.run.path}: the loss is not a number in epoch {self.progress.epoch + 1}; "
                "the last checkpoint is kept (try a lower --learning-rate)"
            )
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.optimizer.step()
        return {name: value.item() for name, value in losses.items()}

    def _keep_best(self, score: float) -> None:
        if score < self.progress.best_score or not self.run.has("weights"):
            self.progress.best_score, self.progress.best_epoch = score, self.progress.epoch
            save_learned(
                self.run,
                self.network,
                self.config.assembly,
                self.role,
                self.progress.threshold,
                epoch=self.progress.epoch,
                **self.facts,
            )

    def _checkpoint(self) -> None:
        tensors = {f"network.{name}": t for name, t in self.network.state_dict().items()}
        tensors |= optimizer_tensors(self.optimizer)
        meta = {"kind": STATE_KIND, "progress": dataclasses.asdict(self.progress)}
        self.run.save("state", tensors, meta)

    def _restore(self) -> None:
        tensors, meta = self.run.load("state", STATE_KIND)
        self.network.load_state_dict(without_prefix(tensors, "network."))
        restore_optimizer(self.optimizer, tensors)
        self.progress = Progress(**meta["progress"])
        self.run.rewind(self.progress.epoch)
