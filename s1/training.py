"""Training of S1: both sets of heads in one pass, resumable, best epoch by validation."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm import tqdm

from boxfold.features.errors import DivergedError, InputError
from boxfold.s1.batches import Example, length_batches
from boxfold.s1.drawing_budget import DrawingBudget
from boxfold.s1.network import BoxNet
from boxfold.s1.objectives import objective_of
from boxfold.s1.parallel import ALONE, Group
from boxfold.s1.run_folder import RunFolder, optimizer_tensors, restore_optimizer, without_prefix
from boxfold.s1.training_config import TrainS1Config

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KIND = "s1"
"""What weights files of S1 call themselves."""

AfterEpoch = Callable[[int, dict[str, float]], None]
"""Gets the number of epochs done and their last metrics; what it raises ends the training."""


@dataclass
class _Progress:
    """Where a training stands; saved with every checkpoint."""

    epoch: int = 0
    batch: int = 0
    examples: int = 0
    best_score: float = -math.inf
    best_epoch: int = 0


class S1Trainer:
    """Trains a `BoxNet` and keeps its best epoch in a run folder.

    Parameters
    ----------
    config : TrainS1Config
    train, validation : list of Example
    run : RunFolder
    start : BoxNet, optional
        Network of the same shape whose weights are the first ones; default: random weights.
    group : Group
        The processes that share the training; only the first one writes to the run folder.
    """

    def __init__(
        self,
        config: TrainS1Config,
        train: list[Example],
        validation: list[Example],
        run: RunFolder,
        start: BoxNet | None = None,
        group: Group = ALONE,
    ) -> None:
        if not train or not validation:
            raise InputError("training needs at least one training and one validation example")
        self.config, self.run, self.group = config, run, group
        self.train, self.validation = train, validation[: config.validation_examples]
        torch.manual_seed(config.seed)
        self.network = BoxNet(config.network)
        if start is not None:
            # A rescorer that the start lacks keeps its first weights.
            weights = self.network.state_dict() if start.rescorer is None else {}
            self.network.load_state_dict(weights | start.state_dict())
        self.objective = objective_of(self.network, config)
        self.optimizer = torch.optim.AdamW(
            self.objective.parameters,
            lr=config.learning_rate,
            eps=config.adam_epsilon,
            weight_decay=config.weight_decay,
        )
        self.progress, self._budget = _Progress(), DrawingBudget()
        self._losses: list[dict[str, float]] = []
        if group.from_first(lambda: run.has("state")):
            self._restore()
        else:
            run.rewind(-1)  # killed before its first checkpoint

    def fit(
        self, report: Any = print, after_epoch: AfterEpoch = lambda epoch, metrics: None
    ) -> None:
        """Train to the last epoch, validating after each one, and mark the run as finished.

        Parameters
        ----------
        report : callable
            Gets lines on the progress.
        after_epoch : callable
            See `AfterEpoch`; by then the epoch is saved, so a stopped run can be resumed.

        Raises
        ------
        DivergedError
            If the loss is no longer a number; the last checkpoint stays.
        """
        while self.progress.epoch < self.config.epochs:
            self._train_epoch(report)
            metrics, self.progress = self.group.from_first(self._end_epoch)
            self._losses = []
            report(
                f"epoch {self.progress.epoch}/{self.config.epochs}: loss "
                f"{metrics['train/loss']:.4f}, score {metrics['validation/score']:.4f} "
                f"(best {self.progress.best_score:.4f} in epoch {self.progress.best_epoch})"
            )
            after_epoch(self.progress.epoch, metrics)
        self.group.from_first(lambda: self.run.finish(self.progress.best_epoch))

    def _end_epoch(self) -> tuple[dict[str, float], _Progress]:
        metrics = self._validate()
        self.progress.epoch += 1
        is_last = self.progress.epoch == self.config.epochs
        self._budget.draw(self.run, self.progress.epoch, is_last, self._pictures)
        self.progress.batch = 0
        self._keep_best(metrics)
        self._checkpoint()
        return metrics, self.progress

    def _pictures(self) -> "dict[str, Figure]":
        from boxfold.s1.validation_pictures import proposal_pictures  # only where it is drawn

        # The prior network has learnt the boxes outputs alone.
        method = "ends" if self.config.ends_weight or self.config.rescorer_only else "both"
        return proposal_pictures(self.network, self.validation, method)

    def _epoch_batches(self) -> list[Any]:
        """Batches of the current epoch; the same whenever they are asked for."""
        n = len(self.train)
        size = min(self.config.epoch_examples, n)
        first = self.progress.epoch * size
        rounds = range(first // n, (first + size - 1) // n + 1)
        stream = np.concatenate(
            [np.random.default_rng([self.config.seed, r]).permutation(n) for r in rounds]
        )
        chosen = stream[first - rounds[0] * n :][:size]
        lengths = np.array([len(self.train[index].seq) for index in chosen])
        rng = np.random.default_rng([self.config.seed, self.progress.epoch, 1])
        return [chosen[b] for b in length_batches(lengths, self.config.batch_pixels, rng)]

    def _train_epoch(self, report: Any) -> None:
        batches = self._epoch_batches()
        n_examples = sum(map(len, batches))
        done = sum(map(len, batches[: self.progress.batch]))
        self.network.train()
        label = f"epoch {self.progress.epoch + 1}"
        # disable=None: a bar on a terminal only
        for batch in tqdm(batches[self.progress.batch :], label, disable=None, leave=False):
            self._set_learning_rate((self.progress.epoch + done / n_examples) / self.config.epochs)
            losses = self._step([self.train[index] for index in batch])
            self._losses.append(losses)
            done += len(batch)
            self.progress.batch += 1
            self.progress.examples += len(batch)
            if self.progress.batch % self.config.checkpoint_batches == 0:
                self.group.from_first(self._checkpoint)
                recent = self._losses[-self.config.checkpoint_batches :]
                mean = np.mean([entry["loss"] for entry in recent])
                report(f"{label}: {done}/{n_examples}, loss {mean:.4f}")

    def _set_learning_rate(self, fraction: float) -> None:
        warm = min(1.0, fraction / self.config.warmup) if self.config.warmup else 1.0
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * max(warm, 0.01) * (1 - fraction)

    def _step(self, examples: list[Example]) -> dict[str, float]:
        """One optimiser step of all processes; returns the loss terms of the whole batch."""
        share = self.group.share(examples)
        # An empty share weighs nothing below.
        total, losses = self.objective.losses(share or examples[:1])
        # Every loss is a mean over examples, so the weighted shares add up to the whole batch's.
        part = len(share) / len(examples)
        self.optimizer.zero_grad(set_to_none=True)
        (part * total).backward()
        terms = part * torch.stack([total, *losses.values()]).detach()
        terms = self.group.summed(self.objective.parameters, terms)
        if not torch.isfinite(terms[0]):
            raise DivergedError(
                f"{self.run.path}: the loss is not a number after {self.progress.examples} "
                "examples; the last checkpoint is kept (try a lower --learning-rate)"
            )
        torch.nn.utils.clip_grad_norm_(self.objective.parameters, self.config.gradient_clip)
        self.optimizer.step()
        return dict(zip(("loss", *losses), terms.tolist(), strict=True))

    def _validate(self) -> dict[str, float]:
        """Log the epoch's mean losses, and metrics on validation and as many training examples."""
        frame: dict[str, list[float]] = {}
        for entry in self._losses:
            for name, value in entry.items():
                frame.setdefault(name, []).append(value)
        self._losses = []
        metrics = {f"train/{name}": float(np.mean(values)) for name, values in frame.items()}
        seen = self.train[: len(self.validation)]
        for split, examples in (("training", seen), ("validation", self.validation)):
            found = self.objective.metrics(examples)
            metrics |= {f"{split}/{name}": value for name, value in found.items()}
        metrics["train/learning_rate"] = self.optimizer.param_groups[0]["lr"]
        self.run.log(self.progress.epoch + 1, metrics)
        return metrics

    def _keep_best(self, metrics: dict[str, float]) -> None:
        score = metrics["validation/score"]
        if score > self.progress.best_score or not self.run.has("weights"):
            self.progress.best_score = score
            self.progress.best_epoch = self.progress.epoch
            meta = {
                "kind": KIND,
                "network": dataclasses.asdict(self.config.network),
                "epoch": self.progress.epoch,
                "examples": self.progress.examples,
            }
            self.run.save("weights", self.network.state_dict(), meta)

    def _checkpoint(self) -> None:
        tensors = {f"network.{name}": t for name, t in self.network.state_dict().items()}
        tensors |= optimizer_tensors(self.optimizer)
        progress = dataclasses.asdict(self.progress)
        meta = {"kind": "s1-state", "progress": progress, "losses": self._losses}
        self.run.save("state", tensors, meta)

    def _restore(self) -> None:
        tensors, meta = self.group.from_first(lambda: self.run.load("state", "s1-state"))
        self.network.load_state_dict(without_prefix(tensors, "network."))
        restore_optimizer(self.optimizer, tensors)
        self.progress = _Progress(**meta["progress"])
        self._losses = meta["losses"]
        self.run.rewind(self.progress.epoch)
