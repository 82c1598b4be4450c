"""Properties of boxes that may explain why they are missed, as labels of bins."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs
from boxfold.features.channels import canonical_mask, sum_inwards, sum_outwards
from boxfold.features.structure import BoolArray, IntArray
from boxfold.s1.box_targets import box_pixels
from boxfold.s1.ends import FloatArray, chain_scores
from boxfold.s1.histograms import box_lengths
from boxfold.s1.inspection.offers import Offered
from boxfold.s1.inspection.shares import LENGTH_LABELS

Shares = NDArray[np.float64]

ON = 0.1
"""Pixels with a higher on-probability are on."""

INSTEAD = ("longer or shorter", "shifted", "nothing near")

_BINS: Mapping[str, tuple[tuple[float, ...], tuple[str, ...]]] = {
    "span": ((16, 32, 64, 128), ("<16", "16-31", "32-63", "64-127", ">=128")),
    "size": ((2, 3, 4, 6, 9, 13), ("0-1", "2", "3", "4-5", "6-8", "9-12", ">12")),
    "mfe_frequency": (
        (0.02, 0.1, 0.15, 0.2, 0.3, 0.5),
        ("<.02", ".02-.1", ".1-.15", ".15-.2", ".2-.3", ".3-.5", ">=.5"),
    ),
    "gc": ((0.3, 0.45, 0.6, 0.75, 0.9), ("<.3", ".3-.45", ".45-.6", ".6-.75", ".75-.9", ">=.9")),
    "ensemble": (
        (0.01, 0.1, 0.25, 0.5, 0.75, 0.9),
        ("<.01", ".01-.1", ".1-.25", ".25-.5", ".5-.75", ".75-.9", ">=.9"),
    ),
}
_LOOP_TYPES = ("bulge 5'", "bulge 3'", "1x1", "symmetric", "asymmetric", "hairpin")
_RUNS = ("maximal run", "trimmed by 1", "trimmed by 2+")

CATEGORIES = {
    "length": LENGTH_LABELS,
    **{name: labels for name, (_, labels) in _BINS.items()},
    "loop_type": _LOOP_TYPES,
    "run": _RUNS,
}
"""Properties and their values, in order. ``size`` is in pairs or unpaired bases, ``ensemble`` the
exact probability of a stem, ``run`` what the canonical run around a stem lost at its ends."""


def box_properties(boxes: IntArray, seq: str, exact: FloatArray | None = None) -> pd.DataFrame:
    """What each box is by itself.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    seq : str
    exact : ndarray, dtype=float32, shape (3, L, L), optional
        Of `end_probabilities`.

    Returns
    -------
    DataFrame
        ``span``, ``size``, ``gc``, ``loop_type``, ``run``, ``ensemble``; None where a property
        does not belong to the kind.

    Examples
    --------
    >>> bulge = np.array([[1, 1, 8, 4, 2]])
    >>> box_properties(bulge, "GGAAGAAACC")[["span", "size", "loop_type"]].iloc[0].tolist()
    ['<16', '2', "bulge 5'"]
    """
    i, j = outer_pairs(boxes).T
    columns = {
        "span": binned("span", j - i),
        "size": binned("size", box_lengths(boxes)),
        "gc": binned("gc", _gc_content(boxes, seq)),
        "loop_type": _loop_types(boxes),
    }
    run = np.full(len(boxes), None, dtype=object)
    ensemble = run.copy()
    is_stem = boxes[:, 0] == BoxKind.STEM
    mask = canonical_mask(seq)
    run[is_stem] = np.array(_RUNS)[np.minimum(_trimmed(boxes[is_stem], mask), 2)]
    if exact is not None:
        probability = np.exp(chain_scores(exact, boxes[is_stem], mask))
        ensemble[is_stem] = binned("ensemble", probability)
    return pd.DataFrame(columns | {"run": run, "ensemble": ensemble}, dtype=object)


def binned(name: str, values: NDArray[Any]) -> NDArray[np.object_]:
    """Label of each value of a numeric property, of `CATEGORIES`; None for nan."""
    edges, labels = _BINS[name]
    values = np.asarray(values, dtype=np.float64)
    label = np.array([*labels, None], dtype=object)
    return label[np.where(np.isnan(values), len(labels), np.digitize(values, edges))]


def _gc_content(boxes: IntArray, seq: str) -> Shares:
    """Share of G and C among the bases of both sides; of a hairpin, of its stretch."""
    total = np.concatenate([[0], np.cumsum([base in "GC" for base in seq])])
    _, row, col, n_rows, n_cols = boxes.T
    return (total[row + n_rows] - total[row] + total[col + n_cols] - total[col]) / (n_rows + n_cols)


def _loop_types(boxes: IntArray) -> NDArray[np.object_]:
    kind, _, _, n_rows, n_cols = boxes.T
    five, three = n_rows - 2, n_cols - 2
    interior = kind == BoxKind.INTERIOR_LOOP
    conditions = [
        interior & (three == 0),
        interior & (five == 0),
        interior & (five == 1) & (three == 1),
        interior & (five == three),
        interior,
        kind == BoxKind.HAIRPIN,
    ]
    place = np.select(conditions, np.arange(len(conditions)), -1)
    return np.array([*_LOOP_TYPES, None], dtype=object)[place]


def _trimmed(stems: IntArray, mask: BoolArray) -> IntArray:
    """Pairs that the canonical run around each stem has beyond it, both ends together."""
    ones = mask.astype(np.float32)
    i, j = outer_pairs(stems).T
    run = sum_inwards(ones, mask)[i, j] + sum_outwards(ones, mask)[i, j] - 1
    return np.maximum(run - stems[:, 3], 0).astype(np.int64)


def pixels_on(boxes: IntArray, on: FloatArray) -> tuple[Shares, Shares]:
    """Mean on-probability of the pixels of each box, and the share of them that is on.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    on : ndarray, dtype=float32, shape (3, L, L)
        By kind; only pixels of the strict upper triangle count.

    Returns
    -------
    mean, share : ndarray, dtype=float64, shape (N,)
    """
    line, i, j = box_pixels(boxes)
    upper = i < j
    line, values = line[upper], on[boxes[line, 0], i, j][upper]
    n = np.maximum(np.bincount(line, minlength=len(boxes)), 1)
    mean = np.bincount(line, values, minlength=len(boxes)) / n
    return mean, np.bincount(line, values > ON, minlength=len(boxes)) / n


def proposed_instead(boxes: IntArray, offered: Offered, limit: int) -> NDArray[np.object_]:
    """What of the best boxes of its kind comes nearest to each target, itself left out.

    ``longer or shorter``: shares base pairs with a stem, the middle with a hairpin, one closing
    pair with an interior loop; ``shifted``: the rectangles overlap; ``nothing near``.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    offered : Offered
    limit : int
        Stems, and loops, that count.

    Returns
    -------
    ndarray, dtype=object, shape (N,)
        Of `INSTEAD`.
    """
    best = np.concatenate([offered.stems.boxes[:limit], offered.loops.boxes[:limit]])
    a, b = boxes[:, None], best[None]
    first = np.maximum(a[..., 1:3], b[..., 1:3])
    last = np.minimum(a[..., 1:3] + a[..., 3:], b[..., 1:3] + b[..., 3:])
    other = (a[..., 0] == b[..., 0]) & (a != b).any(axis=2)
    overlap = other & (first < last).all(axis=2)
    outer, inner = (
        pairs(boxes)[:, None] - pairs(best)[None] for pairs in (outer_pairs, inner_pairs)
    )
    one_end = (outer == 0).all(axis=2) | (inner == 0).all(axis=2)
    same_middle = outer.sum(axis=2) == 0
    near = overlap & np.where(a[..., 0] == BoxKind.INTERIOR_LOOP, one_end, same_middle)
    place = np.where(near.any(axis=1), 0, np.where(overlap.any(axis=1), 1, 2))
    return np.array(INSTEAD, dtype=object)[place]
