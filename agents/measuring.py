"""What one assembly is worth: valid or not, right or not, its energies against the best ones."""

from typing import Any, NamedTuple

from boxfold.agents.agent import Assembly
from boxfold.agents.real_structures import real_measures
from boxfold.agents.reward_measures import assembly_reward
from boxfold.envs.instance import Instance
from boxfold.features.agreement import Agreement, agreement
from boxfold.features.knot_order import DEFAULT_MAX_ORDER
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import IntArray, dot_bracket
from boxfold.rewards.energy import mfe
from boxfold.rewards.energy_reward import structure_energy
from boxfold.rewards.validity import check_assembly, check_structure

EXACT_TOLERANCE = 0.01
"""Structures this close in free energy (kcal/mol) count as the same optimum: optima are tied."""


class Ruler(NamedTuple):
    """What assemblies of one instance are measured against; kcal/mol."""

    optimum: float
    mfe: float

    @classmethod
    def of(cls, instance: Instance) -> "Ruler":
        """Ruler of an instance; the exact search is what takes time."""
        return cls(instance.optimum.energy, mfe(instance.seq).free_energy)


def measure(
    instance: Instance,
    assembly: Assembly,
    ruler: Ruler,
    pseudoknots: Pseudoknots = "forbid",
    max_knot_order: int = DEFAULT_MAX_ORDER,
) -> dict[str, Any]:
    """Every metric of one assembly except its time.

    Parameters
    ----------
    instance : Instance
    assembly : Assembly
    ruler : Ruler
    pseudoknots : {"forbid", "allow"}
    max_knot_order : int

    Returns
    -------
    dict
        Accuracy is None without a reference, energies None where the structure is invalid.
    """
    reasons = _reasons(instance, assembly, pseudoknots, max_knot_order)
    energy = None if reasons else structure_energy(instance.model, assembly.base_pairs)
    accuracy = _accuracy(assembly.base_pairs, instance.reference)
    return {
        "length": len(instance.seq),
        "dot_bracket": dot_bracket(assembly.base_pairs, len(instance.seq)),
        "reasons": "; ".join(reasons),
        "validity": float(not reasons),
        **accuracy,
        "exact": float(energy is not None and is_optimal(energy, ruler.optimum)),
        "free_energy": energy,
        "energy_gap": None if energy is None else round(energy - ruler.optimum, 4),
        "gap_to_mfe": None if energy is None else round(energy - ruler.mfe, 4),
        "energy_calls": assembly.energy_calls,
        "reward": None if reasons else assembly_reward(instance, assembly),
        **real_measures(instance.seq, assembly.base_pairs, instance.reference),
    }


def is_optimal(energy: float, optimum: float) -> bool:
    """Whether two free energies differ by at most `EXACT_TOLERANCE`."""
    return abs(round(energy - optimum, 4)) <= EXACT_TOLERANCE


def _reasons(
    instance: Instance, assembly: Assembly, pseudoknots: Pseudoknots, max_knot_order: int
) -> tuple[str, ...]:
    if assembly.picks is None:
        return check_structure(instance.seq, assembly.base_pairs)
    boxes = instance.all_boxes
    return check_assembly(instance.seq, boxes, assembly.picks, pseudoknots, max_knot_order)


def _accuracy(base_pairs: IntArray, reference: IntArray | None) -> dict[str, float | None]:
    if reference is None:
        return dict.fromkeys(Agreement._fields)
    return agreement(base_pairs, reference)._asdict()
