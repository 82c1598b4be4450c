"""One row of numbers per stem for meta-assembly: which tools have it, and how tools agree."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from boxfold.agents.box_features import FloatArray, box_company
from boxfold.envs.instance import Instance
from boxfold.features.agreement import agreement
from boxfold.features.box import inner_pairs, outer_pairs, stem_base_pairs
from boxfold.features.structure import IntArray, pair_table

TOOL_NAMES = ("share", "whole", "exact", "elsewhere", "crossing", "pairs", "agreement")
"""Of each tool, NaN where it lacks the sequence: share of the stem's pairs that it has; 1 if it has
all, and if it has just this stem; share of the stem's bases that it pairs otherwise; its pairs that
cross the stem, by the stem's pairs; its pairs by length; its mean F1 with the other tools."""

COMMON_NAMES = (
    "n_pairs",
    "length",
    "start",
    "span",
    "tools",
    "tools_agree",
    "best_agreement",
    "boxes",
    "mean_share",
    "mean_whole",
    "mean_exact",
    "mean_elsewhere",
    "mean_crossing",
    "trusted_share",
    "most_rival",
    "sum_rivals",
    "most_crossing",
    "sum_crossing",
    "most_around",
    "most_within",
)
"""Of all tools: sizes; how many tools there are and agree; means over tools, once weighted by their
agreement with the others (``trusted_share``); votes of boxes that share a base or cross; votes of
the next pair outwards and inwards."""


_OUTWARDS = np.array([-1, 1])
"""From a pair to the next one around it."""


def tool_feature_names(tools: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns of `tool_features`."""
    return (*COMMON_NAMES, *(f"{tool}_{name}" for tool in tools for name in TOOL_NAMES))


def tool_features(
    instance: Instance, structures: Mapping[str, IntArray], tools: Sequence[str]
) -> FloatArray:
    """Features of all stems of an instance, by the structures of tools.

    Parameters
    ----------
    instance : Instance
    structures : mapping of str to ndarray, dtype=int, shape (K, 2)
        Base pairs by tool.
    tools : sequence of str
        What has columns, whether it has predicted this sequence or not.

    Returns
    -------
    ndarray, dtype=float64, shape (N, len(tool_feature_names(tools)))
    """
    names = tool_feature_names(tools)
    boxes = instance.boxes
    present = [tool for tool in tools if tool in structures]
    if not len(boxes):
        return np.zeros((0, len(names)))
    if not present:
        return _bare(instance, names)
    pairs = [structures[tool] for tool in present]
    tables = np.array([pair_table(each, len(instance.seq)) for each in pairs], dtype=np.int64)
    per_stem = _of_stems(boxes, tables, pairs)
    agree, together = _agreement_of_tools(pairs)
    sizes = np.array([len(each) for each in pairs]) / len(instance.seq)
    of_tools = np.full((len(boxes), len(tools), len(TOOL_NAMES)), np.nan)
    places = [list(tools).index(tool) for tool in present]
    whole_sequence = np.broadcast_to(np.stack([sizes, agree], 1), (len(boxes), len(present), 2))
    of_tools[:, places] = np.concatenate([per_stem, whole_sequence], axis=2)
    common = [
        _sizes(instance, len(present)),
        np.broadcast_to([together, agree.max(), len(boxes)], (len(boxes), 3)),
        per_stem.mean(axis=1),
        (per_stem[:, :, :1] * agree[:, None]).sum(axis=1) / max(agree.sum(), 1e-9),
        _company(boxes, per_stem[:, :, 0].mean(axis=1)),
        _next_pairs(boxes, tables),
    ]
    return np.concatenate([*common, of_tools.reshape(len(boxes), -1)], axis=1)


def _bare(instance: Instance, names: Sequence[str]) -> FloatArray:
    """Nothing but sizes, where no tool has predicted the sequence."""
    sizes = _sizes(instance, 0)
    rest = np.full((instance.n_boxes, len(names) - sizes.shape[1]), np.nan)
    return np.concatenate([sizes, rest], axis=1)


def _sizes(instance: Instance, tools: int) -> FloatArray:
    """The first columns of `COMMON_NAMES`, shape (N, 5)."""
    boxes, length = instance.boxes, len(instance.seq)
    outer = outer_pairs(boxes)
    span = outer[:, 1] - outer[:, 0] + 1
    columns = [boxes[:, 3], np.full(len(boxes), length), outer[:, 0] / length, span]
    return np.stack([*columns, np.full(len(boxes), tools)], axis=1).astype(np.float64)


def _of_stems(boxes: IntArray, tables: IntArray, pairs: Sequence[IntArray]) -> FloatArray:
    """First five of `TOOL_NAMES`, shape (N, tools, 5)."""
    i, j = stem_base_pairs(boxes).T
    starts, size = np.cumsum(boxes[:, 3]) - boxes[:, 3], boxes[:, 3]
    has = tables[:, i] == j
    other = ((tables[:, i] >= 0) & ~has).astype(float) + ((tables[:, j] >= 0) & ~has)
    share = np.add.reduceat(has, starts, axis=1, dtype=np.float64) / size
    elsewhere = np.add.reduceat(other, starts, axis=1) / (2 * size)
    whole = share == 1
    outside = _have(tables, outer_pairs(boxes) + _OUTWARDS)
    inside = _have(tables, inner_pairs(boxes) - _OUTWARDS)
    crossing = np.array([_n_crossing(boxes, each) for each in pairs]) / size
    columns = [share, whole, whole & ~outside & ~inside, elsewhere, crossing]
    return np.stack(columns, axis=2).astype(np.float64).transpose(1, 0, 2)


def _have(tables: IntArray, pairs: IntArray) -> NDArray[np.bool_]:
    """Which structures have which pairs, shape (structures, pairs); none is out of range."""
    i, j = pairs.T
    within = (i >= 0) & (j < tables.shape[1]) & (i < j)
    return (tables[:, np.where(within, i, 0)] == j) & within


def _n_crossing(boxes: IntArray, pairs: IntArray) -> NDArray[np.int64]:
    """How many pairs of a structure cross the outer pair of each stem, shape (N,)."""
    i, j = outer_pairs(boxes).T[:, :, None]
    k, m = pairs.reshape(-1, 2).T
    return np.asarray(((i < k) & (k < j) & (j < m) | (k < i) & (i < m) & (m < j)).sum(axis=1))


def _agreement_of_tools(pairs: Sequence[IntArray]) -> tuple[FloatArray, float]:
    """Mean F1 of each tool with the others, and of all of them; 1 for a tool alone."""
    n = len(pairs)
    f1 = np.eye(n)
    for a in range(n):
        for b in range(a):
            f1[a, b] = f1[b, a] = agreement(pairs[a], pairs[b]).f1
    if n == 1:
        return np.ones(1), 1.0
    mean = (f1.sum(axis=1) - 1) / (n - 1)
    return mean, float(mean.mean())


def _company(boxes: IntArray, share: FloatArray) -> FloatArray:
    """Most and sum of the shares of the boxes that share a base, and of those that cross."""
    columns = []
    for others in box_company(boxes):
        columns += [np.where(others, share, 0).max(axis=1), others @ share]
    return np.stack(columns, axis=1)


def _next_pairs(boxes: IntArray, tables: IntArray) -> FloatArray:
    """Share of the structures that have the next pair outwards and inwards, shape (N, 2)."""
    around = _have(tables, outer_pairs(boxes) + _OUTWARDS)
    within = _have(tables, inner_pairs(boxes) - _OUTWARDS)
    return np.stack([around.mean(axis=0), within.mean(axis=0)], axis=1)
