"""The supervised baseline: is this box in the structure? One sigmoid per box, then greedily."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from boxfold.agents.layout import Layouts
from boxfold.agents.learned_agents import above, box_logits, first_logits
from boxfold.agents.training import EpochTrainer
from boxfold.agents.training_config import SupervisedConfig
from boxfold.agents.validation import validation_scores
from boxfold.envs.instance import Instance
from boxfold.features.agreement import agreement
from boxfold.features.errors import InputError
from boxfold.features.loops import stems
from boxfold.features.structure import BoolArray
from boxfold.s1.run_folder import RunFolder

THRESHOLDS = np.arange(1, 20) / 20
"""Probabilities tried as the threshold of greedy assembly."""


def is_target(instance: Instance) -> BoolArray:
    """Which boxes are stems of the known structure, exactly.

    Parameters
    ----------
    instance : Instance
        With a reference.

    Returns
    -------
    ndarray, dtype=bool, shape (N,)
    """
    assert instance.reference is not None
    wanted = stems(instance.reference)
    return (instance.boxes[:, None] == wanted[None]).all(axis=2).any(axis=1)


def has_full_recall(instance: Instance) -> bool:
    """Whether every stem of the known structure is among the boxes."""
    assert instance.reference is not None
    return int(is_target(instance).sum()) == len(stems(instance.reference))


def with_structures(
    instances: Sequence[Instance], full_recall_only: bool, report: Callable[[str], None]
) -> list[Instance]:
    """Instances that have a target.

    Parameters
    ----------
    instances : sequence of Instance
    full_recall_only : bool
    report : callable
        Told how many are left.

    Raises
    ------
    InputError
        If none is left.
    """
    kept = [each for each in instances if each.reference is not None]
    report(f"with a known structure: before {len(instances)}, after {len(kept)}")
    if full_recall_only:
        before, kept = len(kept), [each for each in kept if has_full_recall(each)]
        report(f"full recall: before {before}, after {len(kept)}")
    if not kept:
        raise InputError("no training example is left (a known structure is needed)")
    return kept


class SupervisedTrainer(EpochTrainer):
    """Learns which boxes belong to the known structure; see `EpochTrainer`."""

    role = "supervised"

    def __init__(
        self,
        config: SupervisedConfig,
        train: Sequence[Instance],
        validation: Sequence[Instance],
        run: RunFolder,
    ) -> None:
        super().__init__(config, train, validation, run)
        self.layouts = Layouts(train, config.assembly)
        n_slots = config.assembly.max_boxes
        self.targets = torch.zeros(len(train), n_slots)
        for row, instance in enumerate(train):
            found = is_target(instance)[:n_slots]
            self.targets[row, : len(found)] = torch.from_numpy(found).float()

    def prepare_epoch(self, rows: NDArray[np.intp], rng: np.random.Generator) -> None:
        """Nothing changes from epoch to epoch."""

    def batch_loss(self, rows: NDArray[np.intp]) -> dict[str, Tensor]:
        """Binary cross-entropy, mean over the boxes."""
        layout = self.layouts.of(rows)
        present = layout.boxes[..., 3] > 0  # (B, N)
        target = self.targets[rows, : present.shape[1]][present]
        scores = first_logits(self.network, *layout)[present]
        loss = binary_cross_entropy_with_logits(scores, target)
        accuracy = ((scores > 0) == (target > 0.5)).float().mean()
        return {"loss": loss, "accuracy": accuracy}

    def validate(self) -> tuple[float, dict[str, float]]:
        """Minus F1 of greedy assemblies, at the threshold where it is best."""
        config = self.config.assembly
        logits = box_logits(self.network, self.validation, config)
        cuts = np.log(THRESHOLDS / (1 - THRESHOLDS))
        picks = [
            [
                above(scores, cut, each, config.pseudoknots)
                for each, scores in zip(self.validation, logits, strict=True)
            ]
            for cut in cuts
        ]
        f1 = [_mean_f1(self.validation, each) for each in picks]
        best = int(np.argmax(f1))
        self.progress.threshold = float(THRESHOLDS[best])
        metrics = validation_scores(self.validation, picks[best], config)
        return -f1[best], {**metrics, "eval/threshold": self.progress.threshold}


def _mean_f1(instances: Sequence[Instance], picks: Sequence[tuple[int, ...]]) -> float:
    scores = [
        agreement(each.base_pairs(chosen), each.reference).f1
        for each, chosen in zip(instances, picks, strict=True)
        if each.reference is not None
    ]
    return float(np.mean(scores))
