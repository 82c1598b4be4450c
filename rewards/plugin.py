"""What a reward is, for those who write one: docs/rewards.md does so in under 30 lines."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from boxfold.features.errors import InputError
from boxfold.features.structure import IntArray
from boxfold.rewards.energy import EnergyModel


class RewardError(InputError):
    """A reward failed: its run ends, with this one line."""


class Structure(NamedTuple):
    """What a reward judges.

    Attributes
    ----------
    base_pairs : ndarray, dtype=int64, shape (K, 2)
        0-based, ``i < j``, sorted; they may cross.
    picks : tuple of int or None
        The stems among `Problem.boxes` that make it, rising; None if it isn't made of boxes.
    """

    base_pairs: IntArray
    picks: tuple[int, ...] | None = None


class Problem(Protocol):
    """What a reward may know of the sequence; `boxfold.envs.instance.Instance` is one.

    Attributes
    ----------
    id : str
    seq : str
        Upper-case ACGUN, 5' to 3'.
    boxes : ndarray, dtype=int64, shape (N, 5)
        Proposed stems, best first.
    score : ndarray, dtype=float32, shape (N,)
        S1's score of each, in [0, 1].
    model : EnergyModel
        Turner 2004, 37 C.
    scale : float
        kcal/mol by which energies are divided: max(2, |least free energy over these boxes|).
    reference : ndarray, dtype=int64, shape (K, 2), or None
        Known structure. A reward that reads it says so by `Reward.training_only`.
    reactivity : ndarray, dtype=float32, shape (L,), or None
        Of a probing experiment; NaN where it is missing.
    texts : dict of str to str
        Further columns of the table that it came from.
    """

    id: str
    seq: str
    reference: IntArray | None
    reactivity: NDArray[np.float32] | None
    texts: dict[str, str]

    @property
    def boxes(self) -> IntArray: ...  # noqa: D102

    @property
    def score(self) -> NDArray[np.float32]: ...  # noqa: D102

    @property
    def model(self) -> EnergyModel: ...  # noqa: D102

    @property
    def scale(self) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class NoConfig:
    """Of a reward without settings."""


class Reward(ABC):
    """A reward: higher is better.

    Parameters
    ----------
    config : Config, optional
        Default: all defaults.

    Attributes
    ----------
    name : str
        Under which it is asked for and reported.
    Config : type
        Frozen dataclass of its settings, each with a default and a help text in its metadata.
    training_only : bool
        True if it reads the known structure, which nobody has who needs a prediction.
    """

    name: ClassVar[str]
    Config: ClassVar[type] = NoConfig
    training_only: ClassVar[bool] = False

    def __init__(self, config: Any = None) -> None:
        self.config = self.Config() if config is None else config

    @abstractmethod
    def score(self, instance: Problem, structure: Structure) -> dict[str, float]:
        """Judge a valid structure.

        Parameters
        ----------
        instance : Problem
        structure : Structure

        Returns
        -------
        dict of str to float
            Components by name; their sum is the reward.
        """
