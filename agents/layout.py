"""The part of observations that stays the same during an episode, for many instances."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.slots import Slots, slots_of


class Layout(NamedTuple):
    """Input of `AssemblyNetwork.encode`; N is the largest number of boxes of these instances.

    Attributes
    ----------
    tokens : Tensor, dtype=float32, shape (B, N, F)
    boxes : Tensor, dtype=int32, shape (B, N, 5)
    loop_energy : Tensor, dtype=float32, shape (B, N, N)
    """

    tokens: Tensor
    boxes: Tensor
    loop_energy: Tensor


class Layouts:
    """Layouts of many instances, each kept as small as it is.

    Parameters
    ----------
    instances : sequence of Instance
    config : AssemblyConfig
    """

    def __init__(self, instances: Sequence[Instance], config: AssemblyConfig) -> None:
        self.slots = [_slots(each.cut(config.n_stem_slots), config) for each in instances]
        self.sizes = np.array([len(each.boxes) for each in self.slots])

    def of(self, rows: NDArray[np.intp]) -> Layout:
        """Layout of some instances."""
        chosen = [self.slots[row] for row in rows]
        B, N = len(chosen), int(self.sizes[rows].max())
        layout = Layout(
            torch.zeros(B, N, chosen[0].tokens.shape[1]),
            torch.full((B, N, 5), -1, dtype=torch.int32),
            torch.zeros(B, N, N),
        )
        for b, (slots, n) in enumerate(zip(chosen, self.sizes[rows], strict=True)):
            layout.tokens[b, :n] = torch.from_numpy(slots.tokens)
            layout.boxes[b, :n] = torch.from_numpy(slots.boxes)
            layout.loop_energy[b, :n, :n] = torch.from_numpy(slots.loop_energy)
        return layout


def _slots(instance: Instance, config: AssemblyConfig) -> Slots:
    """Slots without padding where only stems are picked."""
    if config.action_types == "stem":
        config = replace(config, max_boxes=max(2, instance.n_boxes))
    return slots_of(instance, config)


def chunks_by_size(instances: Sequence[Instance], size: int) -> Iterator[NDArray[np.intp]]:
    """Indices of instances of about equal numbers of boxes, at most `size` at once."""
    order = np.argsort([each.n_boxes for each in instances], kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]


def fitting_config(instances: Sequence[Instance], config: AssemblyConfig) -> AssemblyConfig:
    """The same settings with no more slots than these instances fill."""
    if config.action_types != "stem":
        return config
    n_boxes = max([2, *(each.n_boxes for each in instances)])
    return replace(config, max_boxes=min(config.max_boxes, n_boxes))
