"""Share of sequences with all their boxes found, where boxes cost: one threshold per kind.

The kinds share a budget of boxes. How it is split is chosen on a tuning set: of all splits the one
whose smallest margin over the wanted shares is largest. Its thresholds are then applied elsewhere.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from boxfold.features.box import BoxKind
from boxfold.s1.inspection.offers import OLD_SETTINGS
from boxfold.s1.inspection.ranked_targets import RankedTargets
from boxfold.s1.inspection.shares import Share, all_of_each, clustered_share

WANTED = (0.80, 0.85, 0.93)
"""Shares of complete sequences that were asked for: stems, interior loops, hairpins."""

STEP = 0.5
"""Grid of the split, in boxes per sequence."""

TUNED_METHODS = ("ends", "rank")
"""Methods with loops whose scores mean the same in every sequence."""

FloatArray = NDArray[np.float64]


class Curve(NamedTuple):
    """One kind at rising mean numbers of boxes: score threshold and share of complete sequences."""

    number: FloatArray
    threshold: FloatArray
    share: FloatArray


def complete_curve(ranked: RankedTargets, method: str, kind: BoxKind, numbers: FloatArray) -> Curve:
    """Share of the sequences with such boxes that have all of them, by mean number of boxes.

    Parameters
    ----------
    ranked : RankedTargets
    method : str
        Of `TUNED_METHODS`.
    kind : BoxKind
    numbers : ndarray, dtype=float64, shape (N,)
        Most boxes of the kind per sequence, on average.

    Returns
    -------
    Curve
    """
    pool = -np.sort(-np.concatenate(ranked.scores(method, kind)).astype(np.float64))
    wanted = np.minimum((numbers * ranked.n_sequences + 1e-9).astype(np.int64), len(pool))
    threshold = np.append(np.inf, pool)[wanted]
    least = _least_scores(ranked, method, kind)
    return Curve(numbers, threshold, _share_above(least, threshold))


def _least_scores(ranked: RankedTargets, method: str, kind: BoxKind) -> FloatArray:
    """Lowest score among the targets of each sequence that has some."""
    targets = ranked.targets
    of_kind = targets[targets["kind"] == kind]
    return of_kind.groupby("sequence")[f"score_{method}"].min().to_numpy(dtype=np.float64)


def _share_above(least: FloatArray, threshold: FloatArray) -> FloatArray:
    if not len(least):
        return np.ones(len(threshold))  # nothing to find
    below = np.searchsorted(np.sort(least), threshold, side="left")
    return 1 - below / len(least)


def best_split(shares: FloatArray, wanted: tuple[float, ...] = WANTED) -> tuple[int, int, int]:
    """The split of a budget with the largest smallest margin; of equals, that with the largest sum.

    Parameters
    ----------
    shares : ndarray, dtype=float64, shape (3, G)
        Share of complete sequences by kind, where the kind gets 0, 1, ..., G - 1 steps.
    wanted : tuple of float

    Returns
    -------
    tuple of int
        Steps of each kind, G - 1 together.

    Examples
    --------
    >>> best_split(np.array([[0, 0.8, 0.9], [0, 0.9, 1.0], [1.0, 1.0, 1.0]]))
    (1, 1, 0)
    """
    margins = shares - np.array(wanted)[:, None]
    n = shares.shape[1]
    a, b = np.divmod(np.arange(n * n), n)
    a, b = a[a + b < n], b[a + b < n]
    of_split = np.stack([margins[0, a], margins[1, b], margins[2, n - 1 - a - b]])
    smallest = of_split.min(axis=0)
    ties = np.flatnonzero(smallest >= smallest.max() - 1e-12)
    best = ties[of_split[:, ties].sum(axis=0).argmax()]
    return int(a[best]), int(b[best]), int(n - 1 - a[best] - b[best])


def tuned_thresholds(
    ranked: RankedTargets, method: str, mean_boxes: float, step: float = STEP
) -> tuple[float, ...]:
    """Score threshold of each kind for the best split of a budget.

    Parameters
    ----------
    ranked : RankedTargets
        Of the tuning set.
    method : str
    mean_boxes : float
        Boxes of all kinds per sequence, on average.
    step : float
    """
    numbers = step * np.arange(int(mean_boxes / step + 1e-9) + 1, dtype=np.float64)
    curves = [complete_curve(ranked, method, kind, numbers) for kind in BoxKind]
    split = best_split(np.stack([curve.share for curve in curves]))
    return tuple(float(curve.threshold[at]) for curve, at in zip(curves, split, strict=True))


def completeness(data: RankedTargets, tune: RankedTargets, mean_boxes: float) -> pd.DataFrame:
    """Complete sequences of tuned methods and of the old settings.

    Parameters
    ----------
    data, tune : RankedTargets
        Measured on the first, tuned on the second.
    mean_boxes : float

    Returns
    -------
    DataFrame
        ``setting``, ``measured_on``, ``boxes`` (mean number of all kinds), and by kind
        ``threshold_KIND``, ``boxes_KIND``, ``complete_KIND``, ``complete_KIND_se``.
    """
    rows = []
    for method in TUNED_METHODS:
        thresholds = tuned_thresholds(tune, method, mean_boxes)
        for name, ranked in (("tune", tune), ("data", data)):
            row = _tuned_row(ranked, method, thresholds)
            rows.append({"setting": f"{method}, tuned", "measured_on": name, **row})
    for label in OLD_SETTINGS:
        rows.append({"setting": label, "measured_on": "data", **_old_row(data, label)})
    frame = pd.DataFrame(rows)
    frame.insert(2, "boxes", frame[[f"boxes_{kind.label}" for kind in BoxKind]].sum(axis=1))
    return frame


def _tuned_row(
    ranked: RankedTargets, method: str, thresholds: tuple[float, ...]
) -> dict[str, float]:
    row: dict[str, float] = {}
    for kind, threshold in zip(BoxKind, thresholds, strict=True):
        scores = np.concatenate(ranked.scores(method, kind)).astype(np.float64)
        least = _least_scores(ranked, method, kind)
        complete = clustered_share(least >= threshold, np.arange(len(least)))
        number = (scores >= threshold).sum() / ranked.n_sequences
        row |= _columns(kind, threshold, number, complete)
    return row


def _old_row(ranked: RankedTargets, label: str) -> dict[str, float]:
    targets = ranked.targets
    row: dict[str, float] = {}
    for kind in BoxKind:
        of_kind = targets[targets["kind"] == kind]
        complete = all_of_each(of_kind[f"found_{label}"], of_kind["sequence"])
        share = clustered_share(complete, np.arange(len(complete)))
        number = ranked.sequences[f"{kind.label}_{label}"].mean()
        row |= _columns(kind, float("nan"), number, share)
    return row


def _columns(kind: BoxKind, threshold: float, number: float, share: Share) -> dict[str, float]:
    name = kind.label
    names = (f"threshold_{name}", f"boxes_{name}", f"complete_{name}", f"complete_{name}_se")
    return dict(zip(names, (threshold, number, *share), strict=True))
