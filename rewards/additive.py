"""The best set of stems by a sum of scores, exactly, nested or knotted: teacher, ruler and agent.

Crossing stems need no dynamic programme: which stems exclude each other is a graph, and the best
set is its heaviest independent set. A charge for knots makes it a graph over stems on bracket
pages, the stems of every page but the first paying the charge.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from boxfold.features.knot_order import DEFAULT_MAX_ORDER, KnotOrder, knots
from boxfold.features.relations import Pseudoknots, conflict_matrix, crosses
from boxfold.features.structure import IntArray
from boxfold.rewards.independent_set import FloatArray, HeaviestSet, Problem, heaviest_set


@dataclass(frozen=True)
class AdditiveConfig:
    """Which sets are allowed, and what a knot costs.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    pseudoknots: Pseudoknots = field(
        default="forbid", metadata={"help": "may stems cross: forbid or allow"}
    )
    max_knot_order: int = field(
        default=DEFAULT_MAX_ORDER, metadata={"help": "bracket pages besides (), at least 1"}
    )
    knot_charge: float = field(
        default=0.0,
        metadata={"help": "score that a stem outside of the nested part pays, at least 0"},
    )
    time_limit: float = field(
        default=2.0, metadata={"help": "seconds after which the best set found is taken"}
    )

    def __post_init__(self) -> None:
        if self.pseudoknots not in get_args(Pseudoknots):
            raise ValueError(f"pseudoknots is '{self.pseudoknots}' (allowed: forbid, allow)")
        if self.max_knot_order < 1:
            raise ValueError(f"max_knot_order is {self.max_knot_order} (allowed: at least 1)")
        if not self.knot_charge >= 0 or not self.time_limit > 0:
            raise ValueError("knot_charge can't be negative, time_limit is more than 0")


class AdditiveOptimum(NamedTuple):
    """Best set: `picks`, rising, its `value` (charges subtracted), and whether that is proven."""

    picks: tuple[int, ...]
    value: float
    proven: bool


NESTED = AdditiveConfig()


def additive_optimum(
    boxes: IntArray,
    scores: ArrayLike,
    config: AdditiveConfig = NESTED,
    pair_scores: FloatArray | None = None,
) -> AdditiveOptimum:
    """Set of stems with the greatest sum of scores among those without a conflict.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems.
    scores : array_like of float, shape (N,)
        Finite.
    config : AdditiveConfig
    pair_scores : ndarray, dtype=float64, shape (N, N), optional
        Symmetric, added once for each two stems of the set; e.g. for stacking on each other.

    Returns
    -------
    AdditiveOptimum

    Raises
    ------
    ValueError
        If scores are not finite or do not fit the boxes, or a box is no stem.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 9, 3, 3], [0, 5, 15, 3, 3], [0, 1, 8, 3, 3]])
    >>> additive_optimum(boxes, [3.0, 2.0, 1.0])
    AdditiveOptimum(picks=(0,), value=3.0, proven=True)
    >>> additive_optimum(boxes, [3.0, 2.0, 1.0], AdditiveConfig("allow", knot_charge=0.5))
    AdditiveOptimum(picks=(0, 1), value=4.5, proven=True)
    """
    weight, pairs = _checked(boxes, scores, pair_scores)
    if config.pseudoknots == "allow" and config.knot_charge:
        # Without pages it is quicker, and what doesn't cross pays no charge: mostly that's all.
        free = additive_optimum(boxes, weight, replace(config, knot_charge=0.0), pairs)
        if free.proven and not crosses(boxes[list(free.picks)]).any():
            return free
    # What can't help is left out before any matrix is made: most of what S1 proposes.
    useful = np.flatnonzero(weight + (0 if pairs is None else pairs.clip(0).sum(axis=1)) > 0)
    pairs = None if pairs is None else pairs[np.ix_(useful, useful)]
    variables = _variables(boxes[useful], weight[useful], pairs, config)
    found = _solved(variables, config)
    members = list(found.members)
    value = float(variables.problem.weight[members].sum())
    if variables.problem.pair_weight is not None:
        value += float(variables.problem.pair_weight[np.ix_(members, members)].sum()) / 2
    picks = useful[variables.box[members]]
    return AdditiveOptimum(tuple(sorted(picks.tolist())), round(value, 9) + 0.0, found.proven)


class _Variables(NamedTuple):
    """Boxes on pages: what the solver chooses from, and the knot order it has to be told of."""

    problem: Problem
    box: IntArray
    order: KnotOrder | None


def _checked(
    boxes: IntArray, scores: ArrayLike, pair_scores: FloatArray | None
) -> tuple[FloatArray, FloatArray | None]:
    weight = np.asarray(scores, dtype=np.float64)
    n = len(boxes)
    if weight.shape != (n,) or (pair_scores is not None and pair_scores.shape != (n, n)):
        raise ValueError(f"{n} boxes need as many scores")
    if not np.isfinite(weight).all():
        raise ValueError("scores must be finite")
    if pair_scores is None:
        return weight, None
    if not np.isfinite(pair_scores).all() or not np.array_equal(pair_scores, pair_scores.T):
        raise ValueError("pair scores must be finite and symmetric")
    return weight, np.where(np.eye(n, dtype=bool), 0.0, pair_scores)


def _variables(
    boxes: IntArray, weight: FloatArray, pairs: FloatArray | None, config: AdditiveConfig
) -> _Variables:
    conflict = conflict_matrix(boxes, config.pseudoknots)
    n = len(boxes)
    if config.pseudoknots == "forbid" or not config.knot_charge:
        problem = Problem(weight, conflict & ~np.eye(n, dtype=bool), pairs)
        order = KnotOrder(crosses(boxes), config.max_knot_order)
        return _Variables(problem, np.arange(n), None if config.pseudoknots == "forbid" else order)
    box = np.tile(np.arange(n), config.max_knot_order + 1)
    page = np.repeat(np.arange(config.max_knot_order + 1), n)
    at = np.ix_(box, box)
    apart = conflict[at] | (crosses(boxes)[at] & (page[:, None] == page))
    np.fill_diagonal(apart, False)
    paid = weight[box] - np.where(page > 0, config.knot_charge, 0.0)
    return _Variables(Problem(paid, apart, None if pairs is None else pairs[at]), box, None)


def _solved(variables: _Variables, config: AdditiveConfig) -> HeaviestSet:
    """Solve; as long as the set is too knotted, forbid the knot that is and solve again."""
    stop = time.monotonic() + config.time_limit
    problem, limits = variables.problem, list[Sequence[int]]()
    while True:
        left = stop - time.monotonic()
        found = heaviest_set(problem._replace(limits=limits), max(left, 0.01))
        if variables.order is None or not variables.order.is_exceeded(list(found.members)):
            return found
        new = _too_knotted(variables.order, list(found.members))
        if left <= 0:
            return HeaviestSet(_without(variables.order, problem.weight, found.members), False)
        limits += new


def _too_knotted(order: KnotOrder, members: list[int]) -> list[list[int]]:
    """Smallest sets beyond the order, one of each knot that is."""
    found = []
    for knot in knots(order.crossing[np.ix_(members, members)]):
        core = [members[index] for index in knot]
        if order.is_exceeded(core):
            for member in list(core):
                without = [other for other in core if other != member]
                core = without if order.is_exceeded(without) else core
            found.append(core)
    return found


def _without(order: KnotOrder, weight: FloatArray, members: tuple[int, ...]) -> tuple[int, ...]:
    """A part of a set within the order, the heaviest members first."""
    kept: list[int] = []
    for member in sorted(members, key=lambda index: -weight[index]):
        if not order.is_exceeded([*kept, member]):
            kept.append(member)
    return tuple(sorted(kept))
