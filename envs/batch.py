"""The rules of assembly, for B episodes at once: the single environment is a batch of one."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.observation import Observation, empty_observation, global_columns
from boxfold.envs.outcome import combined_reward, episode_info, refusal
from boxfold.envs.slots import Slots, slots_of
from boxfold.features.knot_order import KnotOrder
from boxfold.features.structure import BoolArray, IntArray
from boxfold.rewards.reward import StateTerms, step_reward
from boxfold.rewards.validity import check_assembly


class StepResult(NamedTuple):
    """Outcome of one step in B episodes.

    Attributes
    ----------
    reward : ndarray, dtype=float32, shape (B,)
    terminated : ndarray, dtype=bool, shape (B,)
    infos : list of dict
        Empty, except where the step ended the episode.
    """

    reward: NDArray[np.float32]
    terminated: BoolArray
    infos: list[dict[str, Any]]


class _Terms(NamedTuple):
    """State terms of the reward, arrays of shape (B,), kcal/mol."""

    energy: NDArray[np.float64]
    loops: NDArray[np.float64]
    completion: NDArray[np.float64]


class BatchAssembly:
    """B episodes of assembly, stepped together.

    An episode begins with `load`. Its slots N hold boxes or padding; action N is STOP. A box may be
    picked if it is present, not picked and in conflict with no pick. STOP, an impossible pick, or
    nothing left to pick ends the episode; a finished one ignores actions until the next `load`.

    Parameters
    ----------
    config : AssemblyConfig
    n_envs : int
        B.
    judge : bool
        Whether ended episodes are checked and described. Without it, which is faster, they count as
        valid and have empty infos: for decoding, where only the picks are wanted.

    Attributes
    ----------
    observation : dict of ndarray
        ``tokens`` (B, N, F), ``boxes`` (B, N, 5), ``loop_energy`` (B, N, N), ``picked`` (B, N),
        ``action_mask`` (B, N + 1), ``globals`` (B, G) and, if asked for, ``bases`` (B, max_bases)
        and ``reactivity`` (B, N, R).
        Written in place by `load` and `step`.
    selectable : ndarray, dtype=bool, shape (B, N)
        What may be picked; unlike ``action_mask`` also with ``mask=False``.
    picks : list of list of int
        Slots picked so far, in order.
    finished : ndarray, dtype=bool, shape (B,)
    reward_calls : int
        Structures judged so far by a combination of rewards.
    """

    def __init__(self, config: AssemblyConfig, n_envs: int = 1, judge: bool = True) -> None:
        self.judge, self.reward_calls = judge, 0
        B, N = n_envs, config.max_boxes
        self.config, self.n_envs = config, n_envs
        self.instances: list[Instance | None] = [None] * B
        self.picks: list[list[int]] = [[] for _ in range(B)]
        self.finished = np.ones(B, dtype=bool)
        self.present = np.zeros((B, N), dtype=bool)
        self.selectable = np.zeros((B, N), dtype=bool)
        self.observation = empty_observation(config, n_envs)
        self._last: tuple[Instance, Slots] | None = None
        self._conflict = np.zeros((B, N, N), dtype=bool)
        self._optimum = np.zeros(B)
        self._terms = _Terms(np.zeros(B), np.zeros(B), np.zeros(B))
        # The best completion of what is picked: while picks are part of it, it stays the best.
        self._completion: list[frozenset[int]] = [frozenset()] * B
        self._returns = np.zeros((B, len(config.reward.components)))

    def load(self, index: int, instance: Instance) -> None:
        """Begin an episode.

        Parameters
        ----------
        index : int
            Which of the B.
        instance : Instance
            Cut to the slots if it has more boxes.

        Raises
        ------
        InputError
            If bases are to be observed and the sequence has more than the config allows.
        """
        instance = instance.cut(self.config.n_stem_slots)
        slots = self._slots_of(instance)
        self.instances[index], self.picks[index] = instance, []
        self.finished[index] = False
        self.observation["tokens"][index] = slots.tokens
        self.observation["boxes"][index] = slots.boxes
        self.observation["loop_energy"][index] = slots.loop_energy
        self.observation["picked"][index] = 0
        if self.config.max_bases:
            self.observation["bases"][index] = slots.bases
        if self.config.reactivity:
            self.observation["reactivity"][index] = slots.reactivity
        self.present[index] = self.selectable[index] = slots.present
        self._conflict[index] = slots.conflict
        optimum = instance.optimum_with(self.config.reward.loop_weight)
        self._optimum[index] = optimum.energy
        self._completion[index] = frozenset(optimum.picks)
        energy, loops, completion = self._terms
        energy[index], loops[index], completion[index] = 0.0, 0.0, self._optimum[index]
        self._returns[index] = 0
        self._mask[index, :-1], self._mask[index, -1] = slots.present, 1
        self._summarise(index)

    def step(self, actions: ArrayLike) -> StepResult:
        """Apply one action to each episode. Never raises for an integer.

        Parameters
        ----------
        actions : array_like of int, shape (B,)

        Returns
        -------
        StepResult
        """
        actions = np.asarray(actions, dtype=np.int64).reshape(self.n_envs)
        running = ~self.finished
        before = StateTerms(*(term.copy() for term in self._terms))
        legal = running & self._is_selectable(actions)
        self._pick(np.flatnonzero(legal), actions[legal])
        ended = running & ~(legal & self._mask[:, :-1].any(axis=1))
        judged = np.flatnonzero(ended & self.judge).tolist()
        reasons = {b: self._reasons(b, int(actions[b]), legal[b]) for b in judged}
        valid = np.array([not reasons.get(b) for b in range(self.n_envs)])
        components = self._rewards(before, ended, valid)
        components[~running] = 0
        self._returns += components
        self.finished |= ended
        self._mask[ended, :-1] = 0
        infos = [self._info(b, reasons[b]) if b in reasons else {} for b in range(self.n_envs)]
        return StepResult(components.sum(axis=1), self.finished.copy(), infos)

    def _rewards(
        self, before: StateTerms, ended: BoolArray, valid: BoolArray
    ) -> NDArray[np.float32]:
        """What a step pays, by component."""
        reward = self.config.reward
        if not reward.terms:
            after = StateTerms(*self._terms)
            return step_reward(reward, self._optimum, before, after, ended, valid)
        components = np.zeros(self._returns.shape, dtype=np.float32)
        components[ended & ~valid, 0] = -reward.invalid_penalty
        judged = np.flatnonzero(ended & valid).tolist()
        self.reward_calls += len(judged)
        for b in judged:
            components[b, 1:] = combined_reward(self._instance(b), self._stems(b), reward)
        return components

    def observe(self) -> Observation:
        """Copy of the observation."""
        return {name: array.copy() for name, array in self.observation.items()}

    def observe_one(self, index: int) -> Observation:
        """Copy of the observation of one of the episodes, without the leading axis."""
        return {name: array[index].copy() for name, array in self.observation.items()}

    def energy(self, index: int) -> float:
        """Free energy of the stems picked in one of the episodes, kcal/mol."""
        return float(self._terms.energy[index])

    def action_masks(self) -> BoolArray:
        """Allowed actions, shape (B, N + 1)."""
        return self._mask.astype(bool)

    @property
    def _mask(self) -> NDArray[np.int8]:
        return self.observation["action_mask"]

    def _slots_of(self, instance: Instance) -> Slots:
        """Layout of an instance; loading one many times in a row, to sample, lays it out once."""
        if self._last is None or self._last[0] is not instance:
            self._last = (instance, slots_of(instance, self.config))
        return self._last[1]

    def _is_selectable(self, actions: IntArray) -> BoolArray:
        """Which actions pick a box that may be picked, shape (B,)."""
        in_range = (actions >= 0) & (actions < self.config.max_boxes)
        return in_range & self.selectable[np.arange(self.n_envs), np.where(in_range, actions, 0)]

    def _pick(self, rows: IntArray, slots: IntArray) -> None:
        """Pick one selectable slot in each of some episodes."""
        self.observation["picked"][rows, slots] = 1
        self.selectable[rows] &= ~self._conflict[rows, slots]
        if self.config.pseudoknots == "allow":
            for b, slot in zip(rows.tolist(), slots.tolist(), strict=True):
                self._limit_knots(b, slot)
        if self.config.mask:
            self._mask[rows, :-1] = self.selectable[rows]
        else:
            self._mask[rows, slots] = 0
        for b, slot in zip(rows.tolist(), slots.tolist(), strict=True):
            self.picks[b].append(slot)
            if slot < self.config.n_stem_slots:
                self._evaluate(b, slot)
            self._summarise(b)

    def _limit_knots(self, b: int, slot: int) -> None:
        """Rule out what would make episode `b` too knotted once it has picked `slot`.

        Only a pick that crosses an earlier one can change that: a stem that closes an odd ring of
        crossings with the pick needs a second neighbour of the pick in that ring.
        """
        instance, before = self._instance(b), self._stems(b)
        if slot >= self.config.n_stem_slots or not instance.crossing[slot, before].any():
            return
        picked = np.zeros(instance.n_boxes, dtype=bool)
        picked[[*before, slot]] = True
        order = KnotOrder(instance.crossing, self.config.max_knot_order)
        self.selectable[b, : instance.n_boxes] &= ~order.excluded(picked)

    def _evaluate(self, b: int, last: int) -> None:
        """Energies of the stems picked in episode `b`, after its last pick."""
        instance, reward = self._instance(b), self.config.reward
        stems = self._stems(b)
        energy, loops, completion = self._terms
        energy[b] = instance.energy(stems)
        if reward.loop_weight:
            bonus = instance.loop_bonus(reward.loop_weight)
            loops[b] = bonus.energy(instance.base_pairs(stems))
        if reward.needs_completion and last not in self._completion[b]:
            best = instance.solver_with(reward.loop_weight).solve(stems)
            completion[b], self._completion[b] = best.energy, frozenset(best.picks)

    def _summarise(self, b: int) -> None:
        """Write the globals of episode `b`."""
        instance = self._instance(b)
        self.observation["globals"][b] = global_columns(
            length=len(instance.seq),
            n_picked=len(self.picks[b]),
            n_paired=sum(2 * len(instance.stem_pairs[pick]) for pick in self._stems(b)),
            energy=self._terms.energy[b],
            n_present=self.present[b].sum(),
            n_left=self.selectable[b].sum(),
        )

    def _stems(self, b: int) -> list[int]:
        """Picked stems of episode `b`."""
        return [pick for pick in self.picks[b] if pick < self.config.n_stem_slots]

    def _reasons(self, b: int, action: int, is_legal: bool) -> tuple[str, ...]:
        """Why the episode that ends with an action is invalid; empty if it is valid."""
        instance, boxes = self._instance(b), self.observation["boxes"][b]
        if is_legal or action == self.config.stop:
            return check_assembly(
                instance.seq,
                boxes,
                self.picks[b],
                self.config.pseudoknots,
                self.config.max_knot_order,
            )
        return refusal(instance, boxes, self.picks[b], action, self.config)

    def _info(self, b: int, reasons: tuple[str, ...]) -> dict[str, Any]:
        return episode_info(
            self._instance(b),
            self.picks[b],
            self.energy(b),
            reasons,
            self._returns[b].tolist(),
            self.config,
        )

    def _instance(self, b: int) -> Instance:
        instance = self.instances[b]
        assert instance is not None, "load comes before step"
        return instance
