"""Assembling with a trained network, many sequences at once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.agent import Agent, Assembly, Picks
from boxfold.agents.drawn import best_drawn, boxes_of_slots, drawn_assembly
from boxfold.agents.heuristics import fitting
from boxfold.agents.layout import (
    Layout,
    Layouts,
    chunks_by_size,
    fitting_config,
    observing_bases,
    with_slots_for,
)
from boxfold.agents.learned import Learned, load_learned
from boxfold.agents.network import AssemblyNetwork, Encoded
from boxfold.agents.same_states import decoded_once
from boxfold.envs.batch import BatchAssembly, Observation
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.features.relations import Pseudoknots
from boxfold.rewards.exact import Optimum

CHUNK = 64
"""Sequences encoded together."""

TEMPERATURES = (0.8, 1.0, 1.25, 1.6)
"""K different assemblies are looked for in K draws at each: what repeats is drawn warmer."""


def observed(batch: BatchAssembly, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor, Tensor]:
    """Picked boxes, mask and globals of some episodes, as `AssemblyNetwork.decode` takes them."""
    names = ("picked", "action_mask", "globals")
    picked, mask, globals_ = (torch.from_numpy(batch.observation[name][rows]) for name in names)
    return picked, mask, globals_


def encoded(network: AssemblyNetwork, observation: Observation) -> Encoded:
    """`AssemblyNetwork.encode` of an observation."""
    names = [name for name in Layout._fields if name in observation]  # bases are rarely observed
    return network.encode(*(torch.from_numpy(observation[name]) for name in names))


def loaded(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    samples: int,
    judge: bool = True,
) -> tuple[BatchAssembly, Encoded]:
    """Episodes about to begin, `samples` per instance side by side, and the encoded sequences."""
    slots = fitting_config(instances, config)
    batch = BatchAssembly(slots, len(instances) * samples, judge=judge)
    for index, instance in enumerate(instances):
        for sample in range(samples):
            batch.load(index * samples + sample, instance)
    first = {name: array[::samples] for name, array in batch.observation.items()}
    return batch, encoded(network, first)


@torch.no_grad()
def rollout(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    rng: np.random.Generator,
    samples: int = 1,
    temperature: float = 1.0,
) -> list[list[Picks]]:
    """Let a policy assemble every instance.

    Parameters
    ----------
    network : AssemblyNetwork
    instances : sequence of Instance
    config : AssemblyConfig
        Slots for as many boxes as wanted.
    rng : numpy.random.Generator
        Only source of randomness.
    samples : int
        Assemblies per instance: the first is greedy, the others are drawn.
    temperature : float
        Logits are divided by it before drawing.

    Returns
    -------
    list of list of tuple of int
        Picks in the order of picking, `samples` per instance. One that ended an episode as
        impossible is the last of them; see `drawn.is_assembly`.
    """
    picks: list[list[Picks]] = [[] for _ in instances]
    for rows in chunks_by_size(instances, CHUNK):
        chunk = [instances[row] for row in rows]
        batch, sequences = loaded(network, chunk, config, samples, judge=False)
        slots = _play(batch, network, sequences, rng, samples, temperature)
        for i, row in enumerate(rows.tolist()):
            picks[row] = [
                boxes_of_slots(each, instances[row], batch.config)
                for each in slots[i * samples : (i + 1) * samples]
            ]
    return picks


def different(drawn: Sequence[Picks], samples: int) -> list[Picks]:
    """The first `samples` assemblies that differ; the order of picks makes no difference.

    Examples
    --------
    >>> different([(0, 2), (1,), (2, 0), (3,), (1,)], 2)
    [(0, 2), (1,)]
    """
    first: dict[frozenset[int], Picks] = {}
    for picks in drawn:
        first.setdefault(frozenset(picks), picks)
    return list(first.values())[:samples]


def different_assemblies(
    network: AssemblyNetwork,
    instances: Sequence[Instance],
    config: AssemblyConfig,
    rng: np.random.Generator,
    samples: int,
) -> list[list[Picks]]:
    """Like `rollout`, but what was drawn before is drawn again, warmer; see `TEMPERATURES`.

    Returns
    -------
    list of list of tuple of int
        Per instance the greedy assembly and up to ``samples - 1`` others, all different.
    """
    found: list[list[Picks]] = [[] for _ in instances]
    for temperature in TEMPERATURES if samples > 1 else (1.0,):
        short = [index for index, each in enumerate(found) if len(each) < samples]
        of_short = [instances[index] for index in short]
        more = rollout(network, of_short, config, rng, samples, temperature)
        for index, drawn in zip(short, more, strict=True):
            found[index] = different(found[index] + drawn, samples)
    return found


def _play(
    batch: BatchAssembly,
    network: AssemblyNetwork,
    sequences: Encoded,
    rng: np.random.Generator,
    samples: int,
    temperature: float,
) -> list[list[int]]:
    """Step until every episode has ended; episode b belongs to sequence ``b // samples``.

    Returns the slots that each one picked, with the impossible pick that ended it if one did.
    """
    refused: list[list[int]] = [[] for _ in range(batch.n_envs)]
    while not batch.finished.all():
        rows = np.flatnonzero(~batch.finished)
        scores = decoded_once(network, sequences, rows // samples, observed(batch, rows))
        if samples > 1:  # the largest of logits plus Gumbel noise is a draw from the softmax
            warmth = np.where(rows % samples, temperature, 0.0)[:, None]
            scores = scores + warmth * rng.gumbel(size=scores.shape)
        actions = np.full(batch.n_envs, batch.config.stop)
        actions[rows] = scores.argmax(axis=1)
        is_box = actions[rows] != batch.config.stop
        for b in rows[is_box & ~batch.selectable[rows, actions[rows] * is_box]].tolist():
            refused[b].append(int(actions[b]))
        batch.step(actions)
    return [picks + last for picks, last in zip(batch.picks, refused, strict=True)]


class LearnedAgent:
    """What agents with trained weights share.

    Parameters
    ----------
    learned : Learned
    name : str
    pseudoknots : {"forbid", "allow"}
    """

    can_sample = True

    def __init__(self, learned: Learned, name: str, pseudoknots: Pseudoknots = "forbid") -> None:
        self.learned, self.name, self.pseudoknots = learned, name, pseudoknots


class PolicyAgent(LearnedAgent):
    """Assembles with a trained policy; see `Agent`."""

    @classmethod
    def from_run(cls, path: str | Path, pseudoknots: Pseudoknots = "forbid") -> Agent:
        """Agent of a run folder or weights file; a supervised one if that is what it holds."""
        path = Path(path)
        file = path / "weights.safetensors" if path.is_dir() else path
        return load_learned_agent(file, path.name, pseudoknots)

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance; see `Agent.assemble`.

        The first of several samples is the greedy assembly, so more samples are never worse; all
        are different, as far as draws at all `TEMPERATURES` find that many.
        """
        fresh = [UnsolvedInstance(instance) for instance in instances]
        config = slots_for(fresh, self.learned, self.pseudoknots)
        drawn = different_assemblies(self.learned.network, fresh, config, rng, samples)
        return [
            _best(instance, of_one, config) for instance, of_one in zip(fresh, drawn, strict=True)
        ]


class SupervisedAgent(LearnedAgent):
    """Takes boxes in the order of their probability, down to a threshold; see `Agent`."""

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Assemble one structure per instance; see `Agent.assemble`.

        The first sample ranks by probability; the others draw each box by its own probability,
        and all are different, as for `PolicyAgent`.
        """
        fresh = [UnsolvedInstance(instance) for instance in instances]
        config = slots_for(fresh, self.learned, self.pseudoknots)
        logits = box_logits(self.learned.network, fresh, config)
        cut = float(np.log(self.learned.threshold / (1 - self.learned.threshold)))
        assemblies = []
        for instance, scores in zip(fresh, logits, strict=True):
            warmth = np.repeat(TEMPERATURES, samples)[: None if samples > 1 else 1, None]
            noise = warmth * rng.logistic(size=(len(warmth), len(scores)))
            noise[0] = 0
            conflict = instance.conflict(self.pseudoknots)
            drawn = [above(row, cut, conflict) for row in scores + noise]
            assemblies.append(_best(instance, different(drawn, samples), config))
        return assemblies


def above(scores: NDArray[np.floating], cut: float, conflict: NDArray[np.bool_]) -> Picks:
    """Boxes taken from the highest score down to `cut`, where they fit."""
    order = np.argsort(-scores, kind="stable")
    return fitting(order[scores[order] > cut], conflict)


@torch.no_grad()
def box_logits(
    network: AssemblyNetwork, instances: Sequence[Instance], config: AssemblyConfig
) -> list[NDArray[np.float64]]:
    """Logit of each box by `first_logits`; one array of shape (N,) per instance."""
    logits: list[NDArray[np.float64]] = [np.zeros(0) for _ in instances]
    for rows in chunks_by_size(instances, CHUNK):
        chunk = [instances[row] for row in rows]
        scores = first_logits(network, *Layouts(chunk, config).of(np.arange(len(chunk))))
        for row, of_one in zip(rows.tolist(), scores.double().numpy(), strict=True):
            logits[row] = of_one[: min(instances[row].n_boxes, config.n_stem_slots)]
    return logits


def first_logits(
    network: AssemblyNetwork,
    tokens: Tensor,
    boxes: Tensor,
    loop_energy: Tensor,
    bases: Tensor | None = None,
) -> Tensor:
    """Logits of the boxes (B, N) while nothing is picked, nothing forbidden and nothing scored."""
    present = boxes[..., 3] > 0
    mask = torch.nn.functional.pad(present, (0, 1), value=True).to(torch.int8)
    globals_ = torch.zeros(len(boxes), network.config.n_globals)
    state = torch.zeros_like(present), mask, globals_
    return network(tokens, boxes, loop_energy, *state, bases)[0][:, :-1]


def load_learned_agent(path: str | Path, name: str, pseudoknots: Pseudoknots = "forbid") -> Agent:
    """Agent of a weights file, whichever kind it is.

    Raises
    ------
    InputError
        See `load_learned`.
    """
    learned = load_learned(path)
    agent = PolicyAgent if learned.role == "policy" else SupervisedAgent
    return agent(learned, name, pseudoknots)


def slots_for(
    instances: Sequence[Instance], learned: Learned, pseudoknots: Pseudoknots
) -> AssemblyConfig:
    """Settings that a trained network assembles with: slots for all that it may pick of these."""
    config = AssemblyConfig(
        action_types=learned.action_types,
        pseudoknots=pseudoknots,
        mask=learned.mask,
        geometry_only=learned.geometry_only,
    )
    config = with_slots_for(instances, config)
    return observing_bases(instances, config, learned.network.config.needs_bases)


def _best(instance: Instance, drawn: Sequence[Picks], config: AssemblyConfig) -> Assembly:
    """The drawn assembly of lowest energy; every energy that was read is counted."""
    picks = drawn[0] if len(drawn) == 1 else best_drawn(instance, drawn, config)
    return drawn_assembly(instance, picks, config, instance.energy_calls)


class UnsolvedInstance(Instance):
    """An instance to decode on: without the exact search that rewards and rulers are made of.

    Observations are as always; rewards are meaningless. Its count of energies starts at 0.

    Parameters
    ----------
    instance : Instance
    """

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance.id, instance.seq, instance.proposals)

    def optimum_with(self, loop_weight: float) -> Optimum:
        """Claims that the empty set is the best one."""
        return Optimum((), 0.0)

    def cut(self, max_boxes: int) -> Instance:
        """The same; only ever given slots for all of its stems."""
        assert self.n_boxes <= max_boxes
        return self
