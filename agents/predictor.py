"""The whole chain for new sequences: S1 proposes boxes, an agent assembles them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from boxfold.agents.agent import Agent, Assembly
from boxfold.agents.alternatives import alternatives
from boxfold.agents.confidence import pairs_of_agent
from boxfold.agents.recording import Recording, recorded_structure, recordings
from boxfold.agents.registry import load_agent
from boxfold.envs.instance import Instance
from boxfold.envs.objective import Objective
from boxfold.features.calibration import IDENTITY, Calibration
from boxfold.features.errors import reason_of
from boxfold.features.fasta import FastaRecord
from boxfold.features.formats import StructureRecord
from boxfold.features.pair_confidence import Confidence, confidence
from boxfold.features.reactivity import Reactivity, matched
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import MIN_HAIRPIN, IntArray
from boxfold.rewards.combination import Combination
from boxfold.rewards.energy_reward import structure_energy
from boxfold.rewards.plugin import RewardError
from boxfold.s1.calibration_file import load_calibration
from boxfold.s1.engine import Engine, InProcess
from boxfold.s1.propose import ProposeConfig, S1Model, propose_batch

SHORTEST = MIN_HAIRPIN + 2
"""Fewest bases that can hold a pair; shorter sequences get the empty structure."""

CHUNK = 32
"""Sequences worked on together, and fewer long ones: see `CHUNK_PIXELS`."""

CHUNK_PIXELS = 32 * 400**2
"""A chunk is closed by the sequence that brings the sum of squared lengths here."""

FEWEST_BOXES = 64
BASES_PER_BOX = 2
"""Stems proposed by default: one for so many bases, but not fewer than `FEWEST_BOXES`."""

T = TypeVar("T")

_FAILURES = (ValueError, ArithmeticError, RuntimeError, MemoryError)


@dataclass(frozen=True)
class Predictor:
    """S1 and an agent, ready to turn sequences into structures.

    Attributes
    ----------
    model : S1Model
    agent : Agent
    max_boxes : int, optional
        Most stems proposed for each sequence; default: by its length, see `default_boxes`.
    samples : int
        As in `Agent.assemble`.
    seed : int
        Each chunk of sequences draws from its own generator.
    reactivities : mapping of str to ndarray
        Profiles by id.
    rewards : Combination, optional
        What assemblies are searched and reranked by, in place of the free energy.
    calibration : Calibration
        Of S1's probabilities, for the confidence by S1.
    top : int
        Different structures of each sequence, best first.
    """

    model: S1Model
    agent: Agent
    max_boxes: int | None = None
    samples: int = 1
    seed: int = 0
    reactivities: Mapping[str, Reactivity] = field(default_factory=dict)
    rewards: Combination | None = None
    calibration: Calibration = IDENTITY
    top: int = 1

    @classmethod
    def load(
        cls,
        s1: str | None,
        agent: str,
        pseudoknots: Pseudoknots = "forbid",
        max_boxes: int | None = None,
        samples: int = 1,
        seed: int = 0,
    ) -> "Predictor":
        """Read S1 (None: the shipped weights), its calibration and the agent.

        Raises
        ------
        InputError
            If there is no such agent, or weights are missing, truncated or of another version.
        """
        return cls(
            S1Model.load(s1),
            load_agent(agent, pseudoknots),
            max_boxes,
            samples,
            seed,
            calibration=load_calibration(s1),
        )

    def predict(
        self,
        records: Iterable[FastaRecord],
        on_error: Callable[[str], None],
        engine: Engine | None = None,
    ) -> Iterator[StructureRecord]:
        """Structures of records, in their order; of each up to `top`, by rank.

        Parameters
        ----------
        records : iterable of FastaRecord
        on_error : callable
            Gets one line for each record that failed; the others are finished.
        engine : Engine, optional
            Who does it; default: this process.

        Yields
        ------
        StructureRecord
        """
        work = partial(_predicted, replace(self, reactivities={}))
        for found, lines in (engine or InProcess()).map(work, self._work(records)):
            for line in lines:
                on_error(line)
            yield from found

    def _work(self, records: Iterable[FastaRecord]) -> Iterator["_Work"]:
        """Chunks with their numbers and their share of the profiles, which may be many."""
        known = self.reactivities
        for number, chunk in enumerate(_chunks(records)):
            yield _Work(chunk, number, {r.id: known[r.id] for r in chunk if r.id in known})

    def record(
        self, records: Iterable[FastaRecord], on_error: Callable[[str], None]
    ) -> Iterator[Recording]:
        """Like `predict`, but how each structure came about; only the best one of each."""
        for number, chunk in enumerate(_chunks(records)):
            yield from self._chunk_or_each(self._recorded, chunk, number, on_error)

    def _chunk_or_each(
        self,
        work: Callable[[Sequence[FastaRecord], int], list[T]],
        chunk: Sequence[FastaRecord],
        number: int,
        on_error: Callable[[str], None],
    ) -> list[T]:
        try:
            return work(chunk, number)
        except RewardError:
            raise
        except _FAILURES as error:
            if len(chunk) == 1:
                on_error(f"record '{chunk[0].id}': {reason_of(error)}")
                return []
        each = (self._chunk_or_each(work, [record], number, on_error) for record in chunk)
        return [prediction for found in each for prediction in found]

    def _chunk(self, chunk: Sequence[FastaRecord], number: int) -> list[StructureRecord]:
        instances = self.instances([r for r in chunk if len(r.seq) >= SHORTEST])
        rng = np.random.default_rng([self.seed, number])
        assemblies = self.agent.assemble(instances, rng, self.samples) if instances else []
        shown = alternatives(self.agent, instances, assemblies, rng, self.top)
        pairs, calibration = pairs_of_agent(self.agent, instances, self.calibration)
        found = {}
        for instance, known, ranked in zip(instances, pairs, shown, strict=True):
            sure = [confidence(*known, each.base_pairs, calibration) for each in ranked]
            found[instance.id] = [
                _record(instance, rank, *each)
                for rank, each in enumerate(zip(ranked, sure, strict=True), start=1)
            ]
        return [each for r in chunk for each in found.get(r.id) or [_open_chain(r)]]

    def _recorded(self, chunk: Sequence[FastaRecord], number: int) -> list[Recording]:
        instances = self.instances([r for r in chunk if len(r.seq) >= SHORTEST])
        rng = np.random.default_rng([self.seed, number])
        made = recordings(self.agent, instances, rng, self.samples, self.calibration)
        found = {each.id: each for each in made}
        return [found.get(r.id) or recorded_structure(r.id, r.seq, _no_pairs()) for r in chunk]

    def instances(self, records: Sequence[FastaRecord]) -> list[Instance]:
        """Records with their proposed boxes."""
        sizes = [self.max_boxes or default_boxes(len(record.seq)) for record in records]
        # The boxes heads are a quarter of the time, and only networks look at their votes.
        votes = getattr(self.agent, "reads_evidence", True)
        config = ProposeConfig(max_boxes=max(sizes, default=FEWEST_BOXES), votes=votes)
        proposals = propose_batch(self.model, [record.seq for record in records], config)
        return [
            Instance(
                record.id,
                record.seq,
                found.best(size),
                reactivity=matched(self.reactivities, record.id, len(record.seq), "reactivities"),
                objective=None if self.rewards is None else Objective(self.rewards),
            )
            for record, found, size in zip(records, proposals, sizes, strict=True)
        ]


class _Work(NamedTuple):
    records: list[FastaRecord]
    number: int
    reactivities: dict[str, Reactivity]


def _predicted(predictor: Predictor, work: _Work) -> tuple[list[StructureRecord], list[str]]:
    """Structures of a chunk, and a line for each record that failed."""
    own = replace(predictor, reactivities=work.reactivities)
    lines: list[str] = []
    return own._chunk_or_each(own._chunk, work.records, work.number, lines.append), lines


def default_boxes(length: int) -> int:
    """Stems proposed for a sequence unless told otherwise.

    Examples
    --------
    >>> default_boxes(100), default_boxes(600)
    (64, 300)
    """
    return max(FEWEST_BOXES, length // BASES_PER_BOX)


def _chunks(records: Iterable[FastaRecord]) -> Iterator[list[FastaRecord]]:
    """Records in parts of bounded work; nothing is taken before it is needed."""
    chunk: list[FastaRecord] = []
    pixels = 0
    for record in records:
        chunk.append(record)
        pixels += len(record.seq) ** 2
        if len(chunk) == CHUNK or pixels >= CHUNK_PIXELS:
            yield chunk
            chunk, pixels = [], 0
    if chunk:
        yield chunk


def _open_chain(record: FastaRecord) -> StructureRecord:
    """The only structure of a sequence too short for any pair."""
    return StructureRecord(record.id, record.seq, _no_pairs(), 0.0, 1.0, confidence=np.zeros(0))


def _no_pairs() -> IntArray:
    return np.zeros((0, 2), dtype=np.int64)


def _record(instance: Instance, rank: int, assembly: Assembly, sure: Confidence) -> StructureRecord:
    return StructureRecord(
        instance.id,
        instance.seq,
        assembly.base_pairs,
        _free_energy(instance, assembly),
        round(sure.structure, 3),
        rank,
        sure.pairs.round(3),
    )


def _free_energy(instance: Instance, assembly: Assembly) -> float:
    energy = structure_energy(instance.model, assembly.base_pairs)
    return round(energy, 2) + 0.0  # never -0.00
