"""Spaces of the assembly environments."""

from typing import Any

import numpy as np
from gymnasium import spaces

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.observation import GLOBAL_NAMES, MAX_GLOBAL
from boxfold.envs.slots import MAX_LOOP
from boxfold.features.box_reactivity import MAX_REACTIVITY, REACTIVITY_NAMES
from boxfold.features.sequence import BASES
from boxfold.features.tokens import N_TOKEN_FEATURES

MAX_TOKEN = 2.0
"""Bound of every token feature, on both sides."""

_MAX_POSITION = np.iinfo(np.int32).max


def observation_space(config: AssemblyConfig) -> spaces.Dict:
    """Space of one observation; the text of `BoxAssemblyEnv` has the table."""
    N = config.max_boxes
    parts: dict[str, spaces.Space[Any]] = {
        "tokens": spaces.Box(-MAX_TOKEN, MAX_TOKEN, (N, N_TOKEN_FEATURES), np.float32),
        "boxes": spaces.Box(-1, _MAX_POSITION, (N, 5), np.int32),
        "loop_energy": spaces.Box(-MAX_LOOP, MAX_LOOP, (N, N), np.float32),
        "picked": spaces.Box(0, 1, (N,), np.int8),
        "action_mask": spaces.Box(0, 1, (N + 1,), np.int8),
        "globals": spaces.Box(-MAX_GLOBAL, MAX_GLOBAL, (len(GLOBAL_NAMES),), np.float32),
    }
    if config.max_bases:
        parts["bases"] = spaces.Box(-1, len(BASES), (config.max_bases,), np.int8)
    if config.reactivity:
        shape = (N, len(REACTIVITY_NAMES))
        parts["reactivity"] = spaces.Box(-MAX_REACTIVITY, MAX_REACTIVITY, shape, np.float32)
    return spaces.Dict(parts)


def action_space(config: AssemblyConfig) -> spaces.Discrete:
    """One action per slot, and STOP."""
    return spaces.Discrete(config.max_boxes + 1)
