"""What there is to see of a structure: how it was picked, how sure it is, how it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from boxfold.agents.agent import Agent, Assembly, Picks
from boxfold.agents.confidence import pairs_of_agent
from boxfold.agents.drawn import boxes_of_slots
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import ActionTypes, AssemblyConfig
from boxfold.envs.fitting import with_slots_for
from boxfold.envs.instance import Instance
from boxfold.features.calibration import IDENTITY, Calibration, FloatArray
from boxfold.features.loops import multiloops
from boxfold.features.pair_confidence import Confidence, base_confidence, confidence
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import MIN_HAIRPIN, BoolArray, IntArray, pages
from boxfold.rewards.energy import EnergyModel, drawn_places
from boxfold.rewards.energy_reward import structure_energy
from boxfold.rewards.reward import RewardConfig
from boxfold.rewards.validity import check_structure

REWARD = RewardConfig(mode="immediate")
"""Each pick is paid by the energy that it gains; the sum is that of the default reward."""


class Step(NamedTuple):
    """State of an episode after a pick.

    Attributes
    ----------
    pick : int or None
        Index into `Recording.boxes`; None at the start.
    energy : float
        Free energy of the stems picked so far, kcal/mol.
    reward : float
        Sum so far, by `REWARD`; at the last step with what the end pays.
    excluded : tuple of int
        Boxes that this pick has ruled out, itself not among them.
    """

    pick: int | None
    energy: float
    reward: float
    excluded: Picks


@dataclass(frozen=True, eq=False)
class Recording:
    """A structure and all that is shown of it.

    Attributes
    ----------
    id, seq : str
    base_pairs : ndarray, dtype=int64, shape (K, 2)
        Of the structure, in canonical form; pairs may cross.
    free_energy : float or None
        kcal/mol; None if the structure isn't a valid one of the sequence.
    agent, s1 : str or None
        Who assembled, who proposed.
    boxes : ndarray, dtype=int64, shape (N, 5)
        Stems, then loops, as `Instance.all_boxes`; none where only the structure is known.
    probability : ndarray, dtype=float64, shape (N,)
        S1's, of each box.
    steps : tuple of Step
        The start, then one for each pick. Empty if the structure isn't made of picked boxes.
    reasons : tuple of str
        Why the episode ended as invalid; empty if it didn't.
    confidence : Confidence or None
        Of the pairs and of the structure.
    base_confidence : ndarray, dtype=float64, shape (L,), or None
        See `boxfold.features.pair_confidence.base_confidence`.
    reference : ndarray, dtype=int64, shape (R, 2), or None
        The known structure.
    """

    id: str
    seq: str
    base_pairs: IntArray
    free_energy: float | None = None
    agent: str | None = None
    s1: str | None = None
    boxes: IntArray = field(default_factory=lambda: np.zeros((0, 5), dtype=np.int64))
    probability: FloatArray = field(default_factory=lambda: np.zeros(0))
    steps: tuple[Step, ...] = ()
    reasons: tuple[str, ...] = ()
    confidence: Confidence | None = None
    base_confidence: FloatArray | None = None
    reference: IntArray | None = None

    @property
    def picks(self) -> Picks:
        """Picked boxes in the order of picking."""
        return tuple(step.pick for step in self.steps if step.pick is not None)

    @cached_property
    def is_laid_out(self) -> BoolArray:
        """Which pairs `layout` draws as rungs, shape (K,); the others are arcs over it."""
        gaps = self.base_pairs[:, 1] - self.base_pairs[:, 0]
        return np.asarray((pages(self.base_pairs) == 0) & (gaps > MIN_HAIRPIN))

    @cached_property
    def layout(self) -> FloatArray:
        """Place of each base in the plane by ViennaRNA's layout, shape (L, 2)."""
        return drawn_places(self.base_pairs[self.is_laid_out], len(self.seq))

    @cached_property
    def multiloops(self) -> list[IntArray]:
        """Closing pairs of each multi-branch loop; see `boxfold.features.loops.multiloops`."""
        return multiloops(self.base_pairs)


def recordings(
    agent: Agent,
    instances: Sequence[Instance],
    rng: np.random.Generator,
    samples: int = 1,
    of_s1: Calibration = IDENTITY,
) -> list[Recording]:
    """Let an agent assemble, and record it.

    Parameters
    ----------
    agent : Agent
    instances : sequence of Instance
    rng : numpy.random.Generator
    samples : int
        See `Agent.assemble`.
    of_s1 : Calibration
        Of S1's probabilities; see `pairs_of_agent`.

    Returns
    -------
    list of Recording
        In the order of `instances`.
    """
    assemblies = agent.assemble(instances, rng, samples)
    pairs, calibration = pairs_of_agent(agent, instances, of_s1)
    pseudoknots: Pseudoknots = getattr(agent, "pseudoknots", "allow")
    found = []
    for instance, assembly, (held, raw) in zip(instances, assemblies, pairs, strict=True):
        bases = base_confidence(
            held, calibration.apply(raw), assembly.base_pairs, len(instance.seq)
        )
        sure = confidence(held, raw, assembly.base_pairs, calibration)
        found.append(_recorded(instance, assembly, agent.name, pseudoknots, sure, bases))
    return found


def recorded_structure(
    id: str, seq: str, base_pairs: IntArray, reference: IntArray | None = None
) -> Recording:
    """Recording of a structure of which nothing else is known."""
    return Recording(id, seq, base_pairs, _free_energy(seq, base_pairs), reference=reference)


def replayed(
    instance: Instance, picks: Picks, pseudoknots: Pseudoknots, reward: RewardConfig = REWARD
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Steps of an episode that picks these boxes one after the other, then stops.

    Parameters
    ----------
    instance : Instance
    picks : tuple of int
        Indices into `Instance.all_boxes`; an impossible one ends the episode.
    pseudoknots : {"forbid", "allow"}
    reward : RewardConfig

    Returns
    -------
    steps : tuple of Step
        The start, and one for each pick that was made.
    reasons : tuple of str
        Why the episode is invalid; empty if it isn't.
    """
    config = _config(instance, picks, pseudoknots, reward)
    batch = BatchAssembly(config)
    batch.load(0, instance)
    steps, total = [Step(None, 0.0, 0.0, ())], 0.0
    for slot in [*_slots_of_boxes(picks, instance, config), config.stop]:
        if batch.finished[0]:
            break
        before = batch.selectable[0].copy()
        result = batch.step([slot])
        total += float(result.reward[0])
        if len(batch.picks[0]) < len(steps):  # nothing was picked: this is the end
            steps[-1] = steps[-1]._replace(reward=total)
            break
        before[slot] = False
        excluded = np.flatnonzero(before & ~batch.selectable[0]).tolist()
        numbers = boxes_of_slots([slot, *excluded], instance, config)
        steps.append(Step(numbers[0], batch.energy(0), total, numbers[1:]))
    return tuple(steps), result.infos[0]["reasons"]


def _recorded(
    instance: Instance,
    assembly: Assembly,
    agent: str,
    pseudoknots: Pseudoknots,
    sure: Confidence,
    of_bases: FloatArray,
) -> Recording:
    order, proposals = _order(instance, assembly), instance.proposals
    steps, reasons = ((), ()) if order is None else replayed(instance, order, pseudoknots)
    return Recording(
        instance.id,
        instance.seq,
        assembly.base_pairs,
        _free_energy(instance.seq, assembly.base_pairs),
        agent,
        boxes=instance.all_boxes,
        probability=np.concatenate([proposals.score, proposals.loop_score]).astype(np.float64),
        steps=steps,
        reasons=reasons,
        confidence=sure,
        base_confidence=of_bases,
        reference=instance.reference,
    )


def _order(instance: Instance, assembly: Assembly) -> Picks | None:
    """Picks in the order of the agent; by score where it decides on all at once."""
    if assembly.order is not None or assembly.picks is None:
        return assembly.order
    return tuple(sorted(assembly.picks, key=lambda pick: (-instance.score[pick], pick)))


def _config(
    instance: Instance, picks: Picks, pseudoknots: Pseudoknots, reward: RewardConfig
) -> AssemblyConfig:
    """Settings under which these picks can be made."""
    stems = instance.stems_of(picks)
    action_types: ActionTypes = "stem" if len(stems) == len(picks) else "all"
    config = AssemblyConfig(action_types=action_types, pseudoknots=pseudoknots, reward=reward)
    return with_slots_for([instance], config)


def _slots_of_boxes(picks: Picks, instance: Instance, config: AssemblyConfig) -> list[int]:
    """Inverse of `boxes_of_slots`."""
    fewer = instance.n_boxes - config.n_stem_slots
    return [pick if pick < instance.n_boxes else pick - fewer for pick in picks]


def _free_energy(seq: str, base_pairs: IntArray) -> float | None:
    """Of a structure, kcal/mol; None where the energy model can't tell."""
    if check_structure(seq, base_pairs):
        return None
    return round(structure_energy(EnergyModel(seq), base_pairs), 2) + 0.0  # never -0.00
