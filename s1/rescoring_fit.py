"""Fitting the rescorer of a trained network on sequences that it did not train on."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from boxfold.features.box import BoxKind
from boxfold.features.errors import InputError
from boxfold.features.structure import IntArray
from boxfold.s1.batches import Example
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet
from boxfold.s1.rescoring import N_ROUNDS, Perceptron
from boxfold.s1.scored_boxes import Candidates
from boxfold.s1.validation import found_boxes


@dataclass(frozen=True)
class RescoringConfig:
    """How a rescorer is fitted."""

    hidden: int = field(default=64, metadata={"help": "hidden units of each perceptron"})
    steps: int = field(default=4000, metadata={"help": "optimiser steps for each kind of box"})
    batch_boxes: int = field(default=1024, metadata={"help": "boxes of a step"})
    learning_rate: float = field(default=5e-3, metadata={"help": "falls to 0"})
    weight_decay: float = field(default=1e-4, metadata={"help": "AdamW weight decay"})
    seed: int = field(default=0, metadata={"help": "seed of weights and order"})


class BoxSample:
    """Candidate boxes of sequences with known structures.

    Parameters
    ----------
    model : S1Model
    examples : sequence of Example
    track : callable
        Wraps the iteration, to show progress.
    """

    def __init__(
        self,
        model: S1Model,
        examples: Sequence[Example],
        track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    ) -> None:
        self.candidates: list[Candidates] = []
        self._truth: list[IntArray] = []
        for index, maps in track(model.maps([example.seq for example in examples], votes=False)):
            self.candidates.append(Candidates(examples[index].seq, maps))
            self._truth.append(examples[index].boxes)

    def tensors(self, kind: BoxKind) -> tuple[Tensor, Tensor]:
        """Features (N, F) of this round, and whether the structure has each box (N,)."""
        features = np.concatenate([found.features(kind) for found in self.candidates])
        truth = np.concatenate(
            [
                found_boxes(found.boxes(kind), boxes)
                for found, boxes in zip(self.candidates, self._truth, strict=True)
            ]
        )
        return torch.from_numpy(features), torch.from_numpy(truth.astype(np.float32))


def with_rescorer(network: BoxNet, sample: BoxSample, config: RescoringConfig) -> BoxNet:
    """A copy of a network with a rescorer fitted to a sample, round by round.

    Parameters
    ----------
    network : BoxNet
    sample : BoxSample
        Of sequences that the network did not train on, so that its confidence there is real.
        Its candidates are left in their last round.
    config : RescoringConfig

    Returns
    -------
    BoxNet

    Raises
    ------
    InputError
        If the sample has hardly any candidate of a kind.
    """
    torch.manual_seed(config.seed)
    fitted = BoxNet(dataclasses.replace(network.config, rescoring=config.hidden))
    kept = {k: v for k, v in network.state_dict().items() if not k.startswith("rescorer.")}
    fitted.load_state_dict(kept, strict=False)
    rescorer = fitted.rescorer
    assert rescorer is not None
    for number in range(N_ROUNDS):
        for kind in BoxKind:
            features, truth = sample.tensors(kind)
            if len(features) < 2:
                raise InputError(
                    f"only {len(features)} candidates of kind {kind.label}, at least 2 are needed "
                    "(more sequences, or a network that was trained longer)"
                )
            _fit(rescorer.perceptron(number, kind), features, truth, config)
        for found in sample.candidates:
            found.rescore(rescorer, number)
    return fitted.eval()


def _fit(perceptron: Perceptron, features: Tensor, truth: Tensor, config: RescoringConfig) -> None:
    """Cross-entropy over random boxes, the rate falling to 0."""
    generator = torch.Generator().manual_seed(config.seed)
    perceptron.mean.copy_(features.mean(dim=0))
    perceptron.scale.copy_(1 / (features.std(dim=0) + 1e-3))
    optimizer = torch.optim.AdamW(
        perceptron.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    for step in range(config.steps):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * (1 - step / config.steps)
        chosen = torch.randint(len(features), (config.batch_boxes,), generator=generator)
        loss = functional.binary_cross_entropy_with_logits(
            perceptron(features[chosen]), truth[chosen]
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
