"""Columns of an evaluation with alternatives: how good the best of K is, how different they are."""

from collections.abc import Iterable, Sequence
from typing import Any

from boxfold.agents.agent import Assembly
from boxfold.agents.diversity import diversity
from boxfold.features.agreement import agreement
from boxfold.features.structure import IntArray

DIVERSITY = "diversity"

_BEST = "f1_best_of_"


def top_columns(k: int) -> tuple[str, ...]:
    """Names of the columns; none without alternatives.

    Examples
    --------
    >>> top_columns(5), top_columns(1)
    (('f1_best_of_5', 'diversity'), ())
    """
    return (f"{_BEST}{k}", DIVERSITY) if k > 1 else ()


def top_columns_in(columns: Iterable[str]) -> list[str]:
    """Those of a table that are `top_columns` of any number."""
    return [name for name in columns if name == DIVERSITY or name.startswith(_BEST)]


def top_measures(
    assemblies: Sequence[Assembly], reference: IntArray | None, k: int
) -> dict[str, Any]:
    """Values of `top_columns` for the structures of one sequence, fewer than K if there are.

    The F1 is None without a reference.
    """
    if k == 1:
        return {}
    structures = [assembly.base_pairs for assembly in assemblies]
    best = None
    if reference is not None:
        best = max(agreement(structure, reference).f1 for structure in structures)
    return {f"{_BEST}{k}": best, DIVERSITY: diversity(structures)}
