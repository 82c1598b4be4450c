"""How many boxes there are: proposed above a score, and in the structures, by length."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from boxfold.features.box import BoxKind
from boxfold.s1.inspection.offers import OLD_SETTINGS
from boxfold.s1.inspection.ranked_targets import RankedTargets
from boxfold.s1.inspection.shares import LENGTH_LABELS, length_labels

THRESHOLDS = (0.5, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Of the box probability of method ends."""

TARGETS = "targets"
ALL = "all"

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def box_numbers(ranked: RankedTargets) -> pd.DataFrame:
    """Distribution of the number of boxes per sequence.

    Parameters
    ----------
    ranked : RankedTargets

    Returns
    -------
    DataFrame
        ``kind``, ``boxes`` (``targets``, ``ends >= T``, or one of `OLD_SETTINGS`), ``length``
        (a bin, or ``all``), ``sequences``, ``mean``, ``per_base``, ``sd``, ``q05`` ... ``q95``,
        ``max``.
    """
    lengths = ranked.sequences["length"].to_numpy()
    labels = length_labels(lengths)
    rows = []
    for kind in BoxKind:
        for name, numbers in _numbers(ranked, kind):
            for label in (ALL, *LENGTH_LABELS):
                part = np.full(len(lengths), True) if label == ALL else labels == label
                if part.any():
                    row = _distribution(numbers[part], lengths[part])
                    rows.append({"kind": kind.label, "boxes": name, "length": label, **row})
    return pd.DataFrame(rows)


def _numbers(ranked: RankedTargets, kind: BoxKind) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Name and number per sequence."""
    sequences = ranked.sequences
    yield TARGETS, sequences[f"n_{kind.label}"].to_numpy()
    scores = ranked.scores("ends", kind)
    for threshold in THRESHOLDS:
        yield f"ends >= {threshold:g}", np.array([(s >= threshold).sum() for s in scores])
    for label in OLD_SETTINGS:
        yield label, sequences[f"{kind.label}_{label}"].to_numpy()


def _distribution(numbers: NDArray[np.int64], lengths: NDArray[np.int64]) -> dict[str, float]:
    quantiles = np.quantile(numbers, _QUANTILES)
    return {
        "sequences": len(numbers),
        "mean": numbers.mean(),
        "per_base": numbers.sum() / lengths.sum(),
        "sd": numbers.std(),
        **{f"q{round(100 * q):02d}": v for q, v in zip(_QUANTILES, quantiles, strict=True)},
        "max": numbers.max(),
    }
