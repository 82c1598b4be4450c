"""Folding of windows by ViennaRNA, in batches that go to worker processes."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from boxfold.features.structure import dot_bracket
from boxfold.features.windows import Window
from boxfold.rewards.energy import EnergyModel, sample_structures
from boxfold.rewards.ensemble import ensemble
from boxfold.s1.soft_ends import SoftEnds

NO_PAIR = "no pair"
RARE = "frequency"


class FoldConfig(NamedTuple):
    """What folding depends on.

    Attributes
    ----------
    min_mfe_frequency : float
        Windows whose MFE structure is rarer in the ensemble are rejected.
    structures : int
        Structures sampled from the ensemble; 0 for the MFE structure alone.
    seed : int
    soft : bool
        Keep the ensemble's end probabilities, see `boxfold.s1.soft_ends`.
    """

    min_mfe_frequency: float = 0.0
    structures: int = 0
    seed: int = 0
    soft: bool = False


def fold_family(family: tuple[Window, ...], first: int, config: FoldConfig) -> list[dict[str, Any]]:
    """Fold a window and, if it is accepted, its shuffles.

    Parameters
    ----------
    family : tuple of Window
        The window, then its shuffles.
    first : int
        Number of the window among all candidates; kept in column ``candidate``.
    config : FoldConfig

    Returns
    -------
    list of dict
        A row per folded sequence; ``reason`` is empty or says why it is rejected. With
        ``structures`` the columns ``dot_brackets`` and ``free_energies`` are lists.
    """
    rows: list[dict[str, Any]] = []
    for window in family:
        rows.append({"candidate": first, **fold_window(window, config)})
        if rows[0]["reason"]:
            break
    return rows


def fold_batch(
    families: Iterable[tuple[int, tuple[Window, ...]]], config: FoldConfig
) -> list[dict[str, Any]]:
    """`fold_family` of numbered families; one task of a worker."""
    return [row for number, family in families for row in fold_family(family, number, config)]


def fold_window(window: Window, config: FoldConfig) -> dict[str, Any]:
    """Fold one sequence; see `fold_family` for the row."""
    folded = ensemble(window.seq, ends=config.soft)
    length = len(window.seq)
    row = {
        "id": window.id,
        "sequence": window.seq,
        "dot_bracket": dot_bracket(folded.base_pairs, length),
        "free_energy": folded.free_energy,
        "mfe_frequency": folded.mfe_frequency,
        "ensemble_diversity": folded.diversity,
        "group": window.group,
        "source": window.source,
        "chromosome": window.chromosome,
        "reason": "",
        "dot_brackets": [],
        "free_energies": [],
    }
    if not len(folded.base_pairs):
        row["reason"] = NO_PAIR
    elif folded.mfe_frequency < config.min_mfe_frequency:
        row["reason"] = RARE
    elif config.structures:
        row |= _sampled(window.seq, config)
    if folded.ends is not None:
        row |= SoftEnds.from_maps(folded.ends).to_columns()
    return row


def _sampled(seq: str, config: FoldConfig) -> dict[str, Any]:
    drawn = [
        pairs for pairs in sample_structures(seq, config.structures, config.seed) if len(pairs)
    ]
    model = EnergyModel(seq)
    return {
        "dot_brackets": [dot_bracket(pairs, len(seq)) for pairs in drawn],
        "free_energies": [model.free_energy(pairs) for pairs in drawn],
        "reason": "" if drawn else NO_PAIR,
    }
