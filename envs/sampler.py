"""Where instances come from; the dynamics know nothing of it."""

from collections.abc import Callable, Sequence

import numpy as np

from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence

Sampler = Callable[[np.random.Generator], Instance]
"""Draws the instance of the next episode."""


class SyntheticSampler:
    """Synthetic sequences with their maximal canonical runs: needs no data at all.

    Parameters
    ----------
    length : int
        Bases of each sequence.
    max_boxes : int
        Most stems proposed.
    """

    def __init__(self, length: int = 60, max_boxes: int = 64) -> None:
        self.length = length
        self.max_boxes = max_boxes

    def __call__(self, rng: np.random.Generator) -> Instance:
        """Draw a sequence."""
        return instance_from_sequence(synthetic_sequence(self.length, rng), self.max_boxes)


class ListSampler:
    """Given instances, drawn uniformly or walked through in order, round and round.

    Parameters
    ----------
    instances : sequence of Instance
    in_order : bool
        For evaluation: each once, then from the start again. Environments that share the sampler
        share the walk.

    Raises
    ------
    ValueError
        If there are no instances.
    """

    def __init__(self, instances: Sequence[Instance], in_order: bool = False) -> None:
        if not instances:
            raise ValueError("a ListSampler needs at least one instance")
        self.instances = list(instances)
        self.in_order = in_order
        self._next = 0

    def __call__(self, rng: np.random.Generator) -> Instance:
        """Draw an instance."""
        if not self.in_order:
            return self.instances[rng.integers(len(self.instances))]
        instance = self.instances[self._next]
        self._next = (self._next + 1) % len(self.instances)
        return instance

    def restart(self) -> None:
        """Walk from the first instance again."""
        self._next = 0
