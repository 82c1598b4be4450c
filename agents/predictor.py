"""The whole chain for new sequences: S1 proposes boxes, an agent assembles them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from boxfold.agents.agent import Agent, Assembly
from boxfold.agents.evaluation import structure_energy
from boxfold.agents.registry import load_agent
from boxfold.envs.instance import Instance
from boxfold.envs.objective import Objective
from boxfold.features.fasta import FastaRecord
from boxfold.features.formats import StructureRecord
from boxfold.features.reactivity import Reactivity, matched
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import MIN_HAIRPIN
from boxfold.rewards.combination import Combination
from boxfold.rewards.plugin import RewardError
from boxfold.s1.propose import ProposeConfig, S1Model, propose_batch

SHORTEST = MIN_HAIRPIN + 2
"""Fewest bases that can hold a pair; shorter sequences get the empty structure."""

CHUNK = 32
"""Sequences worked on together."""

_FAILURES = (ValueError, ArithmeticError, RuntimeError, MemoryError)


@dataclass(frozen=True)
class Predictor:
    """S1 and an agent, ready to turn sequences into structures.

    Attributes
    ----------
    model : S1Model
    agent : Agent
    max_boxes : int
        Most stems proposed for each sequence.
    samples : int
        As in `Agent.assemble`.
    seed : int
        Each chunk of sequences draws from its own generator.
    reactivities : mapping of str to ndarray
        Profiles by id.
    rewards : Combination, optional
        What assemblies are searched and reranked by, in place of the free energy.
    """

    model: S1Model
    agent: Agent
    max_boxes: int = 64
    samples: int = 1
    seed: int = 0
    reactivities: Mapping[str, Reactivity] = field(default_factory=dict)
    rewards: Combination | None = None

    @classmethod
    def load(
        cls,
        s1: str | None,
        agent: str,
        pseudoknots: Pseudoknots = "forbid",
        max_boxes: int = 64,
        samples: int = 1,
        seed: int = 0,
    ) -> "Predictor":
        """Read S1 (None: the shipped weights) and the agent.

        Raises
        ------
        InputError
            If there is no such agent, or weights are missing, truncated or of another version.
        """
        return cls(S1Model.load(s1), load_agent(agent, pseudoknots), max_boxes, samples, seed)

    def predict(
        self, records: Iterable[FastaRecord], on_error: Callable[[str], None]
    ) -> Iterator[StructureRecord]:
        """Structures of records, in their order.

        Parameters
        ----------
        records : iterable of FastaRecord
        on_error : callable
            Gets one line for each record that failed; the others are finished.

        Yields
        ------
        StructureRecord
        """
        remaining = iter(records)
        number = 0
        while chunk := list(islice(remaining, CHUNK)):
            yield from self._chunk_or_each(chunk, number, on_error)
            number += 1

    def _chunk_or_each(
        self, chunk: Sequence[FastaRecord], number: int, on_error: Callable[[str], None]
    ) -> list[StructureRecord]:
        try:
            return self._chunk(chunk, number)
        except RewardError:
            raise
        except _FAILURES as error:
            if len(chunk) == 1:
                reason = " ".join(str(error).split()) or type(error).__name__
                on_error(f"record '{chunk[0].id}': {reason}")
                return []
        each = (self._chunk_or_each([record], number, on_error) for record in chunk)
        return [prediction for found in each for prediction in found]

    def _chunk(self, chunk: Sequence[FastaRecord], number: int) -> list[StructureRecord]:
        instances = self.instances([r for r in chunk if len(r.seq) >= SHORTEST])
        rng = np.random.default_rng([self.seed, number])
        assemblies = self.agent.assemble(instances, rng, self.samples) if instances else []
        found = {
            instance.id: (assembly.base_pairs, _free_energy(instance, assembly))
            for instance, assembly in zip(instances, assemblies, strict=True)
        }
        empty = (np.zeros((0, 2), dtype=np.int64), 0.0)
        return [StructureRecord(r.id, r.seq, *found.get(r.id, empty)) for r in chunk]

    def instances(self, records: Sequence[FastaRecord]) -> list[Instance]:
        """Records with their proposed boxes."""
        config = ProposeConfig(max_boxes=self.max_boxes)
        proposals = propose_batch(self.model, [record.seq for record in records], config)
        return [
            Instance(
                record.id,
                record.seq,
                found,
                reactivity=matched(self.reactivities, record.id, len(record.seq), "reactivities"),
                objective=None if self.rewards is None else Objective(self.rewards),
            )
            for record, found in zip(records, proposals, strict=True)
        ]


def _free_energy(instance: Instance, assembly: Assembly) -> float:
    energy = structure_energy(instance.model, assembly.base_pairs)
    return round(energy, 2) + 0.0  # never -0.00
