"""Beam search that a policy guides: it says which sets of stems are worth an energy evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from boxfold.agents.agent import Picks
from boxfold.agents.heuristics import MIN_GAIN
from boxfold.agents.layout import Layouts, chunks_by_size
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.rollout import CHUNK
from boxfold.agents.scoring import FloatArray
from boxfold.agents.search import first_of_each
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.observation import global_columns
from boxfold.features.structure import BoolArray, IntArray


@dataclass(frozen=True)
class GuidedBeamConfig:
    """Settings of `guided_beam`.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    width: int = field(default=16, metadata={"help": "sets of each sequence kept per step"})
    expand: int = field(
        default=2, metadata={"help": "sets that get an energy per step, in multiples of the width"}
    )
    energy_weight: float = field(
        default=0.2, metadata={"help": "nats of the policy that a gain of 1 kcal/mol is worth"}
    )

    def __post_init__(self) -> None:
        if self.width < 1 or self.expand < 1 or self.energy_weight < 0:
            raise ValueError("width and expand are at least 1, energy_weight can't be negative")


class _Sets(NamedTuple):
    """S sets of stems, of several sequences.

    Attributes
    ----------
    sequence : ndarray, dtype=int64, shape (S,)
        Rising.
    picked : ndarray, dtype=bool, shape (S, N)
    allowed : ndarray, dtype=bool, shape (S, N)
        Stems in conflict with none of the picked ones.
    energy : ndarray, dtype=float64, shape (S,)
        Free energy, which the policy sees; kcal/mol.
    cost : ndarray, dtype=float64, shape (S,)
        What is made small: the same, or the objective; kcal/mol.
    regret : ndarray, dtype=float64, shape (S,)
        How much less likely than the likeliest the picks were, in nats, summed; at most 0.
    """

    sequence: IntArray
    picked: BoolArray
    allowed: BoolArray
    energy: FloatArray
    cost: FloatArray
    regret: FloatArray

    def at(self, rows: IntArray) -> "_Sets":
        """Some of the sets."""
        return _Sets._make(part[rows] for part in self)

    def best(self, score: FloatArray, limit: int) -> "_Sets":
        """Of each sequence the sets of highest score, at most `limit`, best first."""
        order = np.lexsort((-score, self.sequence))
        sequence = self.sequence[order]
        rank = np.arange(len(order)) - np.searchsorted(sequence, sequence)
        return self.at(order[rank < limit])


@torch.no_grad()
def guided_beam(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    options: GuidedBeamConfig | None = None,
) -> list[Picks]:
    """Set of lowest free energy (or objective) that the beam of each instance evaluates.

    Step by step sets of k stems lead to sets of k + 1. The stem that the policy likes best is one
    way to go on; the others are the stems in conflict with it, because a stem that goes with it can
    still be picked later. The likeliest of these sets get an energy, read by `Instance.energy`. The
    best by policy and energy go on. Nothing is drawn.

    Parameters
    ----------
    network : AssemblyNetwork
        A policy.
    instances : sequence of Instance
    config : AssemblyConfig
        Slots for all stems; stems are the only actions.
    options : GuidedBeamConfig, optional

    Returns
    -------
    list of tuple of int
        Rising, in the order of `instances`; of equal structures the smallest one.
    """
    options = options or GuidedBeamConfig()
    found: list[Picks] = [() for _ in instances]
    for rows in chunks_by_size(instances, max(1, CHUNK // options.width)):
        search = _Search(network, [instances[row] for row in rows], config, options)
        for row, picks in zip(rows.tolist(), search.run(), strict=True):
            found[row] = picks
    return found


class _Search:
    """The beams of some instances, encoded once."""

    def __init__(
        self,
        network: AssemblyNetwork,
        instances: Sequence[Instance],
        config: AssemblyConfig,
        options: GuidedBeamConfig,
    ) -> None:
        self.network, self.instances, self.options = network, instances, options
        layout = Layouts(instances, config).of(np.arange(len(instances)))
        self.encoded = network.encode(*layout)
        self.n_pairs = layout.boxes[..., 3].clamp(min=0).numpy()  # (B, N)
        self.present = self.n_pairs > 0
        self.length = np.array([len(each.seq) for each in instances])
        self.knots = [
            each.knot_order(config.pseudoknots, config.max_knot_order) for each in instances
        ]
        self.conflict = np.zeros((*self.present.shape, self.present.shape[1]), dtype=bool)
        for conflict, each in zip(self.conflict, instances, strict=True):
            conflict[: each.n_boxes, : each.n_boxes] = each.conflict(config.pseudoknots)

    def run(self) -> list[Picks]:
        """Best set of each instance."""
        n = len(self.instances)
        empty, zero = np.zeros_like(self.present), np.zeros(n)
        cost = np.array(
            [0.0 if each.objective is None else each.cost(()) for each in self.instances]
        )
        sets = _Sets(np.arange(n), empty, self.present, zero, cost, zero)
        best, best_cost = sets.picked.copy(), sets.cost.copy()
        while len(sets.sequence):
            sets = self._evaluated(self._grown(sets))
            lowest = sets.best(-sets.cost, limit=1)
            gain = best_cost[lowest.sequence] - lowest.cost
            better = lowest.at(np.flatnonzero(gain > MIN_GAIN))
            best[better.sequence] = better.picked
            best_cost[better.sequence] = better.cost
            score = sets.regret - self.options.energy_weight * sets.cost
            is_greedy = sets.regret == 0  # goes on whatever its energy
            sets = sets.best(np.where(is_greedy, np.inf, score), self.options.width)
        return [tuple(np.flatnonzero(picked).tolist()) for picked in best]

    def _grown(self, sets: _Sets) -> _Sets:
        """The likeliest distinct sets one stem larger; their energy is still that of before."""
        log_probs = self._log_probs(sets)
        likeliest = log_probs.argmax(axis=1)
        ways = sets.allowed & self.conflict[sets.sequence, likeliest]  # diagonal True: itself, too
        parent, stem = np.nonzero(ways)
        loss = log_probs[parent, stem] - log_probs[parent, likeliest[parent]]
        grown = sets.at(parent)
        picked = grown.picked.copy()
        picked[np.arange(len(stem)), stem] = True
        allowed = grown.allowed & ~self.conflict[grown.sequence, stem]
        grown = grown._replace(picked=picked, allowed=allowed, regret=grown.regret + loss)
        grown = grown.best(grown.regret, len(stem))
        owner = grown.sequence[:, None] == np.arange(len(self.instances))
        grown = grown.at(first_of_each(np.concatenate([owner, grown.picked], axis=1)))
        grown = grown.best(grown.regret, self.options.width * self.options.expand)
        for row, sequence in enumerate(grown.sequence.tolist()):
            if (knots := self.knots[sequence]) is not None:
                n = len(knots.crossing)
                grown.allowed[row, :n] &= ~knots.excluded(grown.picked[row, :n])
        return grown

    def _log_probs(self, sets: _Sets) -> FloatArray:
        """What the policy thinks of each stem (S, N); very little of stems that are not allowed."""
        mask = np.pad(sets.allowed, ((0, 0), (0, 1)), constant_values=True)
        sequence = sets.sequence
        columns = global_columns(
            length=self.length[sequence],
            n_picked=sets.picked.sum(axis=1),
            n_paired=2 * (sets.picked * self.n_pairs[sequence]).sum(axis=1),
            energy=sets.energy,
            n_present=self.present[sequence].sum(axis=1),
            n_left=sets.allowed.sum(axis=1),
        )
        logits, _ = self.network.decode(
            self.encoded.take(torch.from_numpy(sequence)),
            torch.from_numpy(sets.picked.astype(np.int8)),
            torch.from_numpy(mask.astype(np.int8)),
            torch.from_numpy(np.stack(columns, axis=1).astype(np.float32)),
        )
        return torch.log_softmax(logits.double(), dim=1)[:, :-1].numpy()

    def _evaluated(self, sets: _Sets) -> _Sets:
        """The same with their energies and costs."""
        instances = [self.instances[sequence] for sequence in sets.sequence.tolist()]
        picks = [np.flatnonzero(picked).tolist() for picked in sets.picked]
        energy = np.array(
            [each.energy(stems) for each, stems in zip(instances, picks, strict=True)], dtype=float
        )
        if not instances or instances[0].objective is None:
            return sets._replace(energy=energy, cost=energy)
        cost = [each.cost(stems) for each, stems in zip(instances, picks, strict=True)]
        return sets._replace(energy=energy, cost=np.array(cost))
