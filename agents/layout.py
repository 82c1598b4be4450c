"""Tokens and boxes of many instances, stacked."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.slots import slots_of


class Layouts:
    """The part of the observation that stays the same during an episode.

    Parameters
    ----------
    instances : sequence of Instance
    config : AssemblyConfig
    """

    def __init__(self, instances: Sequence[Instance], config: AssemblyConfig) -> None:
        slots = [slots_of(each.cut(config.n_stem_slots), config) for each in instances]
        self.tokens = torch.from_numpy(np.stack([each.tokens for each in slots]))
        self.boxes = torch.from_numpy(np.stack([each.boxes for each in slots]))

    def of(self, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Tokens (B, N, F) and boxes (B, N, 5) of some instances."""
        chosen = torch.from_numpy(rows)
        return self.tokens[chosen], self.boxes[chosen]
