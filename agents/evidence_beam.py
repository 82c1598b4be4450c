"""Free energy and S1's evidence together: neither tells a true knot from a false one alone.

Where an instance has reactivities, stems also pay for those of their bases.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from boxfold.agents.agent import Assembly, SingleAgent, assembly_of_picks
from boxfold.agents.scoring import FloatArray, KnottedScorer, NestedScorer, SetScorer
from boxfold.agents.search import beam_search
from boxfold.envs.instance import Instance
from boxfold.features.relations import Pseudoknots
from boxfold.features.stem_weights import StemWeightConfig, stem_weights
from boxfold.features.structure import BoolArray, IntArray
from boxfold.rewards.probing_energy import ProbingEnergyConfig, probing_energies
from boxfold.rewards.pseudoknot import KnotPenalties


@dataclass(frozen=True)
class EvidenceBeamConfig:
    """Settings of `EvidenceBeamAgent`."""

    evidence: float = field(
        default=3.0, metadata={"help": "kcal/mol that a stem gains for each of its weights"}
    )
    weights: StemWeightConfig = field(
        default_factory=lambda: StemWeightConfig(threshold=0.1),
        metadata={"help": "what S1 says a stem is worth"},
    )
    penalties: KnotPenalties = field(
        default_factory=lambda: KnotPenalties(stem=2.0), metadata={"help": "charges for knots"}
    )
    width: int = field(default=8, metadata={"help": "sets kept per step"})
    stems: int = field(default=40, metadata={"help": "best stems looked at, at least"})
    bases_per_stem: int = field(
        default=3, metadata={"help": "longer sequences have one stem more for so many bases"}
    )
    probing: ProbingEnergyConfig = field(
        default_factory=ProbingEnergyConfig,
        metadata={"help": "what stems pay for reactivities, where an instance has them"},
    )
    probed_evidence: float = field(
        default=1.5, metadata={"help": "in place of `evidence`, where there are reactivities"}
    )


class EvidenceBeamAgent(SingleAgent):
    """Beam search for the least free energy minus S1's evidence, with cheap knots.

    Reactivities of an instance are used where there are any: `probing_energies` are added.

    Parameters
    ----------
    pseudoknots : {"forbid", "allow"}
    config : EvidenceBeamConfig, optional
    """

    name = "evidence-beam"
    reads_evidence = False

    def __init__(
        self, pseudoknots: Pseudoknots = "forbid", config: EvidenceBeamConfig | None = None
    ) -> None:
        super().__init__(pseudoknots)
        self.config = config or EvidenceBeamConfig()

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        best, stems, bonus = looked_at(instance, self.config)
        if not best.n_boxes:
            return assembly_of_picks(instance, ())
        energies: SetScorer = (
            NestedScorer(best)
            if self.pseudoknots == "forbid"
            else KnottedScorer(best, self.config.penalties)
        )
        scorer = WithBonus(energies, bonus)
        conflict, order = best.conflict(self.pseudoknots), best.knot_order(self.pseudoknots)
        picks = beam_search(scorer, conflict, self.config.width, None, order)
        return assembly_of_picks(instance, stems[list(picks)], scorer.calls)


class LookedAt(NamedTuple):
    """Stems that are searched: `instance` of them, `stems` in the whole one, `bonus` (kcal/mol)."""

    instance: Instance
    stems: IntArray
    bonus: FloatArray


def looked_at(instance: Instance, config: EvidenceBeamConfig) -> LookedAt:
    """The stems worth a search, and what is added to the energy for each.

    They are those of highest score; with reactivities, which S1 has not seen, those of least
    stacking energy and bonus.

    Parameters
    ----------
    instance : Instance
    config : EvidenceBeamConfig

    Returns
    -------
    LookedAt
    """
    size = max(config.stems, len(instance.seq) // config.bases_per_stem)
    if instance.reactivity is None or np.isnan(instance.reactivity).all():
        best = instance.cut(size)
        bonus = -config.evidence * stem_weights(best.boxes, best.score, config.weights)
        return LookedAt(best, np.arange(best.n_boxes), bonus)
    boxes = instance.boxes
    bonus = probing_energies(boxes, instance.reactivity, config.probing)
    bonus -= config.probed_evidence * stem_weights(boxes, instance.score, config.weights)
    worth = instance.model.stem_stacks(boxes) + bonus
    stems = np.sort(np.argsort(worth, kind="stable")[:size])
    return LookedAt(instance.only(stems), stems, bonus[stems])


class WithBonus:
    """A `SetScorer` of energies to which each stem of a set adds a number of its own.

    Parameters
    ----------
    energies : SetScorer
    bonus : ndarray, dtype=float64, shape (N,)
        kcal/mol; negative is good.
    """

    def __init__(self, energies: SetScorer, bonus: FloatArray) -> None:
        self._energies, self._bonus = energies, bonus

    @property
    def calls(self) -> int:
        """Free energies asked for so far."""
        return self._energies.calls

    def total(self, picks: Sequence[int]) -> float:
        """Energy and bonuses of one set."""
        return self._energies.total(picks) + float(self._bonus[list(picks)].sum())

    def changes(self, picked: BoolArray, allowed: BoolArray) -> FloatArray:
        """Change if a stem is added to a set; see `SetScorer.changes`."""
        return self._energies.changes(picked, allowed) + self._bonus
