"""Steps of the environments against the vector environments of SB3 and Gymnasium."""

from dataclasses import dataclass
from functools import partial

from env import prepared, runners
from interleaved import Row, Side, compared

from boxfold.envs.config import AssemblyConfig

PAIRS = (("batch", "DummyVecEnv", "SB3's"), ("gym batch", "SyncVectorEnv", "Gymnasium's"))
"""Ours and its reference, as `runners` calls them, and whose the reference is."""


@dataclass(frozen=True)
class StepsSize:
    """How much is measured."""

    boxes: tuple[int, ...] = (32, 64, 128)
    length: int = 200
    sequences: int = 32
    n_envs: int = 64
    steps: int = 4096
    rounds: int = 5


def step_rows(size: StepsSize) -> list[Row]:
    """Random allowed actions on the same instances, by number of slots."""
    rows = []
    for n_boxes in size.boxes:
        config = AssemblyConfig(n_boxes)
        instances = prepared(size.sequences, size.length, config, seed=0)
        seconds = runners(instances, config, size.n_envs, seed=0)
        for ours, theirs, owner in PAIRS:
            sides = [
                Side(name, partial(seconds[key], size.steps), size.steps)
                for name, key in (("ours", ours), (f"{owner} {theirs} of our env", theirs))
            ]
            what = f"environment, {n_boxes} boxes, {size.n_envs} at once"
            rows += compared(what, "steps/s", sides[0], sides[1:], size.rounds)
    return rows
