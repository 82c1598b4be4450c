"""A named sequence with its structure, and what formats note of it where they have no column."""

import re
from typing import NamedTuple

from boxfold.features.calibration import FloatArray
from boxfold.features.structure import IntArray

_RANK = re.compile(r"\srank=([1-9]\d{0,8})(?!\S)")
_CONFIDENCE = re.compile(r"\sconfidence=([01]\.\d+)(?!\S)")
_NOTED_ENERGY = re.compile(r"\senergy=([-+]?\d{1,9}(?:\.\d+)?)(?!\S)")


class StructureRecord(NamedTuple):
    """A named sequence with its structure.

    Attributes
    ----------
    id : str
        One word.
    seq : str
        Upper-case ``ACGUN``.
    base_pairs : ndarray, dtype=int64, shape (K, 2)
        In canonical form; pairs may cross.
    free_energy : float or None
        kcal/mol; written with two decimals.
    structure_confidence : float or None
        Expected F1; written with three decimals.
    rank : int
        1 is the best structure of a sequence; only others are written.
    confidence : ndarray, dtype=float64, shape (K,), or None
        Probability of each pair; not written.
    """

    id: str
    seq: str
    base_pairs: IntArray
    free_energy: float | None = None
    structure_confidence: float | None = None
    rank: int = 1
    confidence: FloatArray | None = None


def description(record: StructureRecord) -> str:
    """Rank and confidence, each behind a blank, as far as there is something to say.

    Examples
    --------
    >>> import numpy as np
    >>> description(StructureRecord("a", "G", np.zeros((0, 2), dtype=int), rank=2))
    ' rank=2'
    """
    rank = "" if record.rank == 1 else f" rank={record.rank}"
    sure = record.structure_confidence
    return rank + ("" if sure is None else f" confidence={sure:.3f}")


def noted_energy(record: StructureRecord) -> str:
    """Free energy, behind a blank, if it is known."""
    return "" if record.free_energy is None else f" energy={record.free_energy:.2f}"


def described(
    name: str, text: str, seq: str, base_pairs: IntArray, free_energy: float | None = None
) -> StructureRecord:
    """Record with what a text says of it. Inverse of `description` and `noted_energy`."""
    rank, sure = _RANK.search(text), _CONFIDENCE.search(text)
    if free_energy is None and (noted := _NOTED_ENERGY.search(text)):
        free_energy = float(noted[1])
    return StructureRecord(
        name,
        seq,
        base_pairs,
        free_energy,
        float(sure[1]) if sure else None,
        int(rank[1]) if rank else 1,
    )
