"""The part of observations that stays the same during an episode, for many instances."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import observing_bases
from boxfold.envs.instance import Instance
from boxfold.envs.slots import Slots, slots_of
from boxfold.features.box_reactivity import REACTIVITY_NAMES


class Layout(NamedTuple):
    """Input of `AssemblyNetwork.encode`; N is the largest number of boxes of these instances.

    Attributes
    ----------
    tokens : Tensor, dtype=float32, shape (B, N, F)
    boxes : Tensor, dtype=int32, shape (B, N, 5)
    loop_energy : Tensor, dtype=float32, shape (B, N, N)
    bases : Tensor, dtype=int8, shape (B, L), optional
        L bases of the longest of these instances, -1 behind the last of others; None if they are
        not observed.
    reactivity : Tensor, dtype=float32, shape (B, N, R), optional
        See `features.box_reactivity`; None if it is not observed.
    """

    tokens: Tensor
    boxes: Tensor
    loop_energy: Tensor
    bases: Tensor | None = None
    reactivity: Tensor | None = None


MoreTokens = Callable[[Sequence[Instance]], Sequence[NDArray[np.floating]]]


class Layouts:
    """Layouts of many instances, each kept as small as it is.

    Parameters
    ----------
    instances : sequence of Instance
    config : AssemblyConfig
    more : callable, optional
        Further columns of the tokens, of many instances at once, each of shape (N, F').
    """

    def __init__(
        self, instances: Sequence[Instance], config: AssemblyConfig, more: MoreTokens | None = None
    ) -> None:
        self.reactivity = config.reactivity
        cut = [each.cut(config.n_stem_slots) for each in instances]
        self.slots = [_slots(each, config) for each in cut]
        if more is not None:
            self.slots = [_widened(*each) for each in zip(self.slots, more(cut), strict=True)]
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
        layout = layout._replace(bases=_joined([slots.bases for slots in chosen]))
        if not self.reactivity:
            return layout
        values = torch.zeros(B, N, len(REACTIVITY_NAMES))
        for b, slots in enumerate(chosen):
            values[b, : len(slots.reactivity)] = torch.from_numpy(slots.reactivity)
        return layout._replace(reactivity=values)


def _joined(bases: Sequence[NDArray[np.int8]]) -> Tensor | None:
    """Bases of several instances below each other; None if they are not observed."""
    length = max(len(each) for each in bases)
    if not length:
        return None
    return torch.from_numpy(
        np.stack([np.pad(each, (0, length - len(each)), constant_values=-1) for each in bases])
    )


def _slots(instance: Instance, config: AssemblyConfig) -> Slots:
    """Slots without padding where only stems are picked."""
    config = observing_bases([instance], config, config.max_bases > 0)
    if config.action_types == "stem":
        config = replace(config, max_boxes=max(2, instance.n_boxes))
    return slots_of(instance, config)


def _widened(slots: Slots, more: NDArray[np.floating]) -> Slots:
    """The same with further columns of the tokens; 0 in padding."""
    columns = np.zeros((len(slots.tokens), more.shape[1]), dtype=np.float32)
    columns[: len(more)] = more
    return slots._replace(tokens=np.concatenate([slots.tokens, columns], axis=1))


def with_n_slots(part: Tensor, n_slots: int) -> Tensor:
    """One number per box, with as many boxes as wanted; those that come are empty.

    Parameters
    ----------
    part : Tensor, shape (S, N)
    n_slots : int
        Those beyond it are cut off.
    """
    return torch.nn.functional.pad(part, (0, n_slots - part.shape[1]))


def with_n_actions(part: Tensor, n_slots: int) -> Tensor:
    """The same of one number per action, shape (S, N + 1): STOP stays the last one."""
    return torch.cat([with_n_slots(part[:, :-1], n_slots), part[:, -1:]], dim=1)


def chunks_by_size(instances: Sequence[Instance], size: int) -> Iterator[NDArray[np.intp]]:
    """Indices of instances of about equal numbers of boxes, at most `size` at once."""
    order = np.argsort([each.n_boxes for each in instances], kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]
