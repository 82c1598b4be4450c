"""What a filter "keep the examples with all their boxes proposed" keeps, and what chance expects.

If boxes were found independently, each with the same recall r, an example of n boxes would be kept
with probability r ** n; with a recall per kind, with the product of those. What is kept beyond it
says that misses come together; what falls off with n is no fault of single examples.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from boxfold.features.box import BoxKind
from boxfold.features.structure import BoolArray
from boxfold.s1.inspection.offers import OLD_SETTINGS
from boxfold.s1.inspection.ranked_targets import RankedTargets
from boxfold.s1.inspection.shares import (
    LENGTH_LABELS,
    NUMBER_LABELS,
    all_of_each,
    clustered_share,
    length_labels,
    number_labels,
)

WHOLE = "all"
"""Value of ``by`` for all examples together."""

ENDS_PER_BASE = (1.0, 2.0)
"""Stems of method ends in units of the length, and as many loops."""


def filter_report(ranked: RankedTargets) -> pd.DataFrame:
    """Examples kept by each way to propose, by number of boxes and by length.

    Parameters
    ----------
    ranked : RankedTargets
        Sequences without any target box count as kept.

    Returns
    -------
    DataFrame
        ``setting``, ``by`` (``all``, ``boxes``, ``length``), ``bin``, ``examples``, ``boxes``
        (targets per example), ``offered`` (mean boxes of all kinds; nan where bins differ),
        ``recall`` of one box, ``kept`` with ``kept_se``, ``expected`` (recall of all kinds and
        all lengths, to the power of the number of boxes), ``expected_by_kind``.
    """
    sequences = ranked.sequences
    counts = sequences[[f"n_{kind.label}" for kind in BoxKind]].to_numpy()
    groups = {
        WHOLE: (np.full(len(sequences), WHOLE), (WHOLE,)),
        "boxes": (number_labels(counts.sum(axis=1)), NUMBER_LABELS),
        "length": (length_labels(sequences["length"]), LENGTH_LABELS),
    }
    rows = []
    for setting, (found, offered) in _settings(ranked).items():
        per_example = _per_example(ranked, found, counts).assign(offered=offered)
        for by, (labels, order) in groups.items():
            for label in order:
                part = per_example[labels == label]
                if len(part):
                    rows.append({"setting": setting, "by": by, "bin": label, **_row(part)})
    return pd.DataFrame(rows)


def _settings(ranked: RankedTargets) -> Mapping[str, tuple[BoolArray, np.ndarray]]:
    """Which targets each setting finds, and how many boxes it offers to each sequence."""
    targets, sequences = ranked.targets, ranked.sequences
    settings = {}
    for label in OLD_SETTINGS:
        offered = sequences[[f"{kind.label}_{label}" for kind in BoxKind]].sum(axis=1)
        settings[label] = targets[f"found_{label}"].to_numpy(), offered.to_numpy()
    for factor in ENDS_PER_BASE:
        limit = (factor * sequences["length"]).to_numpy()
        found = targets["rank_ends"].to_numpy() < limit[targets["sequence"]]
        listed = sequences[["stems_ends", "loops_ends"]].to_numpy()
        offered = np.minimum(listed, limit[:, None]).sum(axis=1)
        settings[f"ends, {factor:g} L"] = found, offered
    return settings


def _per_example(ranked: RankedTargets, found: BoolArray, counts: np.ndarray) -> pd.DataFrame:
    targets = ranked.targets
    kept = np.ones(len(counts), dtype=bool)
    kept[targets["sequence"].unique()] = all_of_each(found, targets["sequence"])
    n_found = np.bincount(targets["sequence"], found, minlength=len(counts))
    recalls = [found[targets["kind"] == kind].mean() if n else 1.0 for kind, n in _kinds(counts)]
    n_boxes = counts.sum(axis=1)
    return pd.DataFrame(
        {
            "kept": kept,
            "n_boxes": n_boxes,
            "n_found": n_found,
            "expected": found.mean() ** n_boxes if len(found) else 1.0,
            "expected_by_kind": np.prod(np.array(recalls) ** counts, axis=1),
        }
    )


def _kinds(counts: np.ndarray) -> list[tuple[BoxKind, int]]:
    return list(zip(BoxKind, counts.sum(axis=0).tolist(), strict=True))


def _row(part: pd.DataFrame) -> dict[str, float]:
    kept = clustered_share(part["kept"], np.arange(len(part)))
    n_boxes = part["n_boxes"].sum()
    return {
        "examples": len(part),
        "boxes": part["n_boxes"].mean(),
        "offered": part["offered"].mean(),
        "recall": part["n_found"].sum() / n_boxes if n_boxes else float("nan"),
        "kept": kept.value,
        "kept_se": kept.error,
        "expected": part["expected"].mean(),
        "expected_by_kind": part["expected_by_kind"].mean(),
    }
