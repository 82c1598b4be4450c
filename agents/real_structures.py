"""Metrics that only real structures need: non-canonical pairs in the reference, pseudoknots."""

from typing import Any

import pandas as pd

from boxfold.features.agreement import agreement
from boxfold.features.cleaning import canonical_pairs
from boxfold.features.knots import KnotCounts, is_knotted, knot_counts, knotted_f1
from boxfold.features.structure import IntArray

REAL_COLUMNS = (
    "f1_canonical",
    "knotted",
    "reference_knotted",
    "knot_tp",
    "knot_predicted",
    "knot_known",
)
"""Columns of each sequence. A table where none says anything new is without them."""

REAL_SUMMARY = ("f1_canonical", "knotted_f1", "false_knots")


def real_measures(
    seq: str, base_pairs: IntArray, reference: IntArray | None
) -> dict[str, float | None]:
    """Values of `REAL_COLUMNS` of one structure.

    Parameters
    ----------
    seq : str
    base_pairs : ndarray, dtype=int, shape (K, 2)
    reference : ndarray, dtype=int, shape (M, 2), or None
        As given; without it only ``knotted`` is known.

    Returns
    -------
    dict
        ``f1_canonical``: F1 against the canonical pairs of the reference. ``knotted`` and
        ``reference_knotted``: 0 or 1. The others: `KnotCounts`.
    """
    knotted = float(is_knotted(base_pairs))
    if reference is None:
        return {**dict.fromkeys(REAL_COLUMNS), "knotted": knotted}
    counts = knot_counts(base_pairs, reference)
    return {
        "f1_canonical": agreement(base_pairs, canonical_pairs(seq, reference)).f1,
        "knotted": knotted,
        "reference_knotted": float(is_knotted(reference)),
        "knot_tp": counts.tp,
        "knot_predicted": counts.predicted,
        "knot_known": counts.known,
    }


def without_idle(rows: pd.DataFrame) -> pd.DataFrame:
    """The table without `REAL_COLUMNS` where all references are canonical and nothing crosses.

    Such are the structures of an energy model.
    """
    canonical = rows["f1_canonical"].isna() | (rows["f1_canonical"] == rows["f1"])
    crossing = rows[["knot_predicted", "knot_known", "knotted"]].fillna(0).any(axis=None)
    if canonical.all() and not crossing:
        return rows.drop(columns=list(REAL_COLUMNS))
    return rows


def summarise_real(per_sequence: pd.DataFrame) -> pd.DataFrame:
    """Values of `REAL_SUMMARY` per agent.

    Parameters
    ----------
    per_sequence : DataFrame
        With columns ``agent`` and `REAL_COLUMNS`.

    Returns
    -------
    DataFrame
        Index: agents in the order of first appearance. ``f1_canonical`` is a mean over sequences,
        ``knotted_f1`` one F1 over the knotted pairs of all sequences, and ``false_knots`` the
        share of the sequences without a knot in the reference that get one.
    """
    groups = per_sequence.groupby("agent", sort=False)
    summaries = {agent: _summary_of(rows) for agent, rows in groups}
    return pd.DataFrame.from_dict(summaries, orient="index", columns=list(REAL_SUMMARY))


def _summary_of(rows: pd.DataFrame) -> dict[str, Any]:
    known = rows[rows["reference_knotted"].notna()]
    counts = known[["knot_tp", "knot_predicted", "knot_known"]].astype(int)
    nested = known[known["reference_knotted"] == 0]
    return {
        "f1_canonical": known["f1_canonical"].astype(float).mean(),
        "knotted_f1": knotted_f1([KnotCounts(*row) for row in counts.itertuples(index=False)]),
        "false_knots": nested["knotted"].astype(float).mean(),
    }
