"""What judges structures, against plain calls of ViennaRNA on the same ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import RNA
from interleaved import Row, Side, compared, cpu_seconds

from boxfold.agents.heuristics import random_picks
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import IntArray, dot_bracket
from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.energy import mfe
from boxfold.rewards.exact import StemOptimum
from boxfold.rewards.pseudoknot import knotted_energy, split_knots

FROM_TEXT = "RNA.eval_structure_simple of its text"
KEPT = "eval_structure of a kept fold compound"


@dataclass(frozen=True)
class RewardsSize:
    """How much is measured."""

    lengths: tuple[int, ...] = (60, 200)
    sequences: int = 32
    boxes: int = 64
    passes: int = 5
    rounds: int = 11


def reward_rows(size: RewardsSize) -> list[Row]:
    """Energies of growing assemblies, charges of knots, exact optima; by length."""
    rows = []
    for length in size.lengths:
        rng = np.random.default_rng(length)
        seqs = [synthetic_sequence(length, rng) for _ in range(size.sequences)]
        instances = [instance_from_sequence(seq, size.boxes) for seq in seqs]
        rows += energy_rows(instances, size)
        rows += knot_rows(instances, size)
        rows += optimum_rows(instances, size)
    return rows


def energy_rows(instances: Sequence[Instance], size: RewardsSize) -> list[Row]:
    """Free energy after each pick of random assemblies, against the same structures as text."""
    tasks = [(each, picks) for each in instances for picks in grown(each, "forbid")]
    texts = [
        (each.seq, dot_bracket(each.base_pairs(picks), len(each.seq))) for each, picks in tasks
    ]
    compounds = {seq: RNA.fold_compound(seq, RNA.md(), RNA.OPTION_EVAL_ONLY) for seq, _ in texts}
    kept = [(compounds[seq], text) for seq, text in texts]
    what = f"free energy after a pick, {len(instances[0].seq)} nt"
    return _rows(
        what,
        lambda: [instance.energy(picks) for instance, picks in tasks],
        {
            FROM_TEXT: lambda: [RNA.eval_structure_simple(*each) for each in texts],
            KEPT: lambda: [compound.eval_structure(text) for compound, text in kept],
        },
        len(tasks),
        size,
    )


def knot_rows(instances: Sequence[Instance], size: RewardsSize) -> list[Row]:
    """Knotted assemblies with their charge, against the text of their nested part alone."""
    tasks = [(each, pairs) for each in instances for pairs in _knotted(each)]
    nested = [(each, split_knots(each.model, pairs)[0]) for each, pairs in tasks]
    texts = [(each.seq, dot_bracket(pairs, len(each.seq))) for each, pairs in nested]
    return _rows(
        f"charge of a pseudoknot, {len(instances[0].seq)} nt",
        lambda: [knotted_energy(each.model, pairs) for each, pairs in tasks],
        {f"{FROM_TEXT}, knot left out": lambda: [RNA.eval_structure_simple(*t) for t in texts]},
        len(tasks),
        size,
    )


def optimum_rows(instances: Sequence[Instance], size: RewardsSize) -> list[Row]:
    """Best set of boxes with all its loop energies, against the best of all structures."""
    return _rows(
        f"exact optimum of {size.boxes} boxes, {len(instances[0].seq)} nt",
        lambda: [StemOptimum(each.model, each.boxes).solve() for each in instances],
        {"RNAfold's MFE": lambda: [mfe(each.seq) for each in instances]},
        len(instances),
        size,
        passes=1,
        unit="ms",
    )


def grown(instance: Instance, pseudoknots: Pseudoknots) -> list[tuple[int, ...]]:
    """A random assembly after its first pick, after its second one, and so on."""
    rng = np.random.default_rng(0)
    knots = instance.knot_order(pseudoknots)
    picks = random_picks(instance.conflict(pseudoknots), rng, knots)
    return [picks[: n + 1] for n in range(len(picks))]


def _knotted(instance: Instance) -> list[IntArray]:
    found = grown(instance, "allow")
    knotted = [picks for picks in found if instance.crossing[np.ix_(picks, picks)].any()]
    return [instance.base_pairs(picks) for picks in knotted]


def _rows(
    what: str,
    ours: Callable[[], object],
    references: dict[str, Callable[[], object]],
    count: int,
    size: RewardsSize,
    passes: int | None = None,
    unit: str = "µs",
) -> list[Row]:
    """Rows of `compared`; each side goes through its `count` structures several times."""
    n = passes or size.passes

    def side(name: str, work: Callable[[], object]) -> Side:
        return Side(name, cpu_seconds(lambda: [work() for _ in range(n)]), count * n)

    theirs = [side(name, work) for name, work in references.items()]
    return compared(what, unit, side("ours", ours), theirs, size.rounds)
