"""Arrays that a policy observes, and ``globals``: a few numbers that say how far an episode is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.config import AssemblyConfig
from boxfold.features.box_reactivity import REACTIVITY_NAMES
from boxfold.features.tokens import N_TOKEN_FEATURES

Observation = dict[str, NDArray[Any]]

GLOBAL_NAMES = (
    "length",  # bases by 200
    "n_picked",  # picked boxes by 20
    "paired",  # share of bases that are paired
    "energy",  # free energy of the picks by 20 kcal/mol, in [-10, 10]
    "selectable",  # share of the boxes that conflict with no pick and are not picked
)
"""Columns of the observation ``globals``."""

MAX_GLOBAL = 10.0
"""Bound of every column of ``globals``, on both sides."""


def global_columns(
    length: Any, n_picked: Any, n_paired: Any, energy: Any, n_present: Any, n_left: Any
) -> tuple[Any, ...]:
    """Values of `GLOBAL_NAMES`: numbers for one state, arrays of shape (B,) for B states."""
    bounded = np.minimum(np.maximum(energy / 20, -MAX_GLOBAL), MAX_GLOBAL)
    left = n_left / np.maximum(n_present, 1)
    return length / 200, n_picked / 20, n_paired / length, bounded, left


def empty_observation(config: AssemblyConfig, n_envs: int) -> Observation:
    """Observation of B episodes that have not begun; `BatchAssembly` says what is in it."""
    B, N = n_envs, config.max_boxes
    observation: Observation = {
        "tokens": np.zeros((B, N, N_TOKEN_FEATURES), dtype=np.float32),
        "boxes": np.full((B, N, 5), -1, dtype=np.int32),
        "loop_energy": np.zeros((B, N, N), dtype=np.float32),
        "picked": np.zeros((B, N), dtype=np.int8),
        "action_mask": np.zeros((B, N + 1), dtype=np.int8),
        "globals": np.zeros((B, len(GLOBAL_NAMES)), dtype=np.float32),
    }
    if config.max_bases:
        observation["bases"] = np.full((B, config.max_bases), -1, dtype=np.int8)
    if config.reactivity:
        observation["reactivity"] = np.zeros((B, N, len(REACTIVITY_NAMES)), dtype=np.float32)
    return observation
