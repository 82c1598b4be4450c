"""The reward of a step, once for the single environment and for the batch.

Energies are divided by a scale of the instance, ``max(2, |optimum|)`` in kcal/mol, so with the
default mode the return of a valid episode is ``1 - gap / scale`` where the optimum is at most -2.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boxfold.rewards.terms import RewardTerm

RewardMode = Literal["final", "immediate", "potential"]

REWARD_COMPONENTS = ("validity", "energy", "loops", "shaping")
"""Names of the last axis of `step_reward`, whose sum is the reward."""

MIN_SCALE = 2.0
"""Smallest energy, in kcal/mol, by which rewards are divided."""


@dataclass(frozen=True)
class RewardConfig:
    """What is rewarded, and when.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    mode: RewardMode = field(
        default="final",
        metadata={
            "help": "final: free energy at the end; immediate: its change at each pick; "
            "potential: final, shaped by what each pick costs at best"
        },
    )
    gamma: float = field(default=1.0, metadata={"help": "discount, in (0, 1]"})
    invalid_penalty: float = field(
        default=1.0, metadata={"help": "charged when an episode ends invalid, at least 0"}
    )
    max_energy: float = field(
        default=10.0, metadata={"help": "higher free energies count as this one, kcal/mol"}
    )
    loop_weight: float = field(
        default=0.0,
        metadata={"help": "kcal/mol per natural log-probability that S1 gives an implied loop"},
    )
    terms: tuple[RewardTerm, ...] = field(
        default=(),
        metadata={"help": "rewards by weight, paid at the end in place of the free energy"},
    )

    def __post_init__(self) -> None:
        if self.mode not in get_args(RewardMode):
            raise ValueError(f"reward mode is '{self.mode}' (allowed: {get_args(RewardMode)})")
        if not 0 < self.gamma <= 1:
            raise ValueError(f"gamma is {self.gamma} (allowed: above 0, at most 1)")
        if self.invalid_penalty < 0 or self.max_energy < 0 or self.loop_weight < 0:
            raise ValueError("invalid_penalty, max_energy and loop_weight can't be negative")
        if self.terms and (self.mode != "final" or self.loop_weight):
            raise ValueError(
                "a combination of rewards is paid at the end: no other mode than 'final' (the "
                "exact optimum is of the free energy alone) and no loop_weight go with it"
            )

    @property
    def components(self) -> tuple[str, ...]:
        """Names of what the reward is the sum of: of the terms, if there are any."""
        if self.terms:
            return ("validity", *(term.name for term in self.terms))
        return REWARD_COMPONENTS

    @property
    def needs_completion(self) -> bool:
        """Whether `StateTerms.completion` is read (at every step)."""
        return self.mode == "potential"


class StateTerms(NamedTuple):
    """What the reward needs to know of a state; floats or arrays of shape (B,), kcal/mol.

    A field that the mode does not read (see `RewardConfig`) may hold anything finite, e.g. 0.

    Attributes
    ----------
    energy : array_like of float
        Free energy of the picked structure, 0 if empty.
    loops : array_like of float
        Loop energy of the picked structure, of `loop_bonus`.
    completion : array_like of float
        Least energy, loops included, of any set that contains the picks.
    """

    energy: ArrayLike = 0.0
    loops: ArrayLike = 0.0
    completion: ArrayLike = 0.0


def reward_scale(optimum: ArrayLike) -> NDArray[np.float64]:
    """Energy by which rewards are divided: ``max(2, |optimum|)``, kcal/mol.

    Examples
    --------
    >>> reward_scale([-0.5, -8.0]).tolist()
    [2.0, 8.0]
    """
    return np.maximum(MIN_SCALE, np.abs(np.asarray(optimum, dtype=np.float64)))


def step_reward(
    config: RewardConfig,
    optimum: ArrayLike,
    before: StateTerms,
    after: StateTerms,
    terminal: ArrayLike,
    valid: ArrayLike,
) -> NDArray[np.float32]:
    """Reward of one step in each of B episodes, by component.

    Parameters
    ----------
    config : RewardConfig
    optimum : array_like of float, shape (B,)
        Least energy over all sets of the instance's stems, kcal/mol; sets the scale.
    before, after : StateTerms
        Terms before and after the step; all (B,).
    terminal : array_like of bool, shape (B,)
        Whether the step ends the episode.
    valid : array_like of bool, shape (B,)
        False where the step ends the episode as invalid. Such an episode has no structure: the
        energy terms of `after` are not read but count as 0.

    Returns
    -------
    ndarray, dtype=float32, shape (B, len(REWARD_COMPONENTS))
        Without the first axis if all arguments are scalars.

    Examples
    --------
    >>> end = StateTerms(energy=-3.0)
    >>> step_reward(RewardConfig(), -4.0, StateTerms(), end, terminal=True, valid=True).tolist()
    [0.0, 0.75, 0.0, 0.0]
    """
    scale, terminal, valid = reward_scale(optimum), np.asarray(terminal), np.asarray(valid)
    validity = np.where(valid, 0.0, -config.invalid_penalty)
    energy = -np.where(valid, np.minimum(after.energy, config.max_energy), 0.0) / scale
    loops = -np.where(valid, after.loops, 0.0) / scale
    if config.mode == "immediate":
        energy = energy + np.minimum(before.energy, config.max_energy) / scale
        loops = loops + np.asarray(before.loops) / scale
    else:
        energy, loops = np.where(terminal, energy, 0.0), np.where(terminal, loops, 0.0)
    shaping = np.zeros(())
    if config.mode == "potential":
        # A terminal state has potential 0, else the shaping would change the return.
        reached = np.where(terminal, 0.0, _potential(after, optimum, scale))
        shaping = config.gamma * reached - _potential(before, optimum, scale)
    parts = np.broadcast_arrays(validity, energy, loops, shaping)
    return np.stack(parts, axis=-1).astype(np.float32) + np.float32(0)  # no negative zeros


def _potential(
    state: StateTerms, optimum: ArrayLike, scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Minus what the picks cost at best: 0 at the start, where the optimum is in reach."""
    return (np.asarray(optimum) - np.asarray(state.completion)) / scale
