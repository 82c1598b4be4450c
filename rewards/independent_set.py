"""The heaviest set of things of which some exclude each other, exactly, by integer programming.

Small instances hardly reach the solver: what can't help is dropped, what another thing dominates
too, and parts that do not touch each other are solved apart.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from boxfold.features.silence import silenced_stdout
from boxfold.features.structure import BoolArray, IntArray

FloatArray = NDArray[np.float64]


class HeaviestSet(NamedTuple):
    """Members of a set, rising, and whether no heavier one is proven to exist."""

    members: tuple[int, ...]
    proven: bool


class Problem(NamedTuple):
    """N things to choose from.

    Attributes
    ----------
    weight : ndarray, dtype=float64, shape (N,)
    conflict : ndarray, dtype=bool, shape (N, N)
        Symmetric; which can't both be chosen.
    pair_weight : ndarray, dtype=float64, shape (N, N), or None
        Symmetric, diagonal 0: added once where both are chosen.
    limits : sequence of sequence of int
        Sets that can't be chosen as a whole.
    """

    weight: FloatArray
    conflict: BoolArray
    pair_weight: FloatArray | None = None
    limits: Sequence[Sequence[int]] = ()

    def part(self, keep: IntArray) -> "Problem":
        """The same with some of the things only; limits that lose a thing can't be violated."""
        at = np.ix_(keep, keep)
        new = {int(old): index for index, old in enumerate(keep)}
        limits = [[new[i] for i in limit] for limit in self.limits if set(limit) <= new.keys()]
        pairs = None if self.pair_weight is None else self.pair_weight[at]
        return Problem(self.weight[keep], self.conflict[at], pairs, limits)


def heaviest_set(problem: Problem, time_limit: float = 2.0) -> HeaviestSet:
    """Solve a problem.

    Parameters
    ----------
    problem : Problem
    time_limit : float
        Seconds after which the best set found so far is returned.

    Returns
    -------
    HeaviestSet

    Examples
    --------
    >>> conflict = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    >>> heaviest_set(Problem(np.array([2.0, 3.0, 2.0]), conflict))
    HeaviestSet(members=(0, 2), proven=True)
    """
    stop = time.monotonic() + time_limit
    useful = np.flatnonzero(_most(problem) > 0)
    kept = useful[_undominated(problem.part(useful))]
    left = problem.part(kept)
    members: list[int] = []
    proven = True
    for part in _parts(left):
        found = _solve(left.part(part), max(stop - time.monotonic(), 0.01))
        members += kept[part[list(found.members)]].tolist()
        proven &= found.proven
    return HeaviestSet(tuple(sorted(members)), proven)


def _most(problem: Problem) -> FloatArray:
    """The most that each thing can add to a set."""
    if problem.pair_weight is None:
        return problem.weight
    return problem.weight + np.where(problem.conflict, 0, problem.pair_weight).clip(0).sum(axis=1)


def _undominated(problem: Problem) -> IntArray:
    """Things that no other one can replace in every set, without loss.

    One that conflicts with nothing but what the other conflicts with, too, and weighs as much.
    """
    weight, conflict = problem.weight, problem.conflict
    if problem.pair_weight is not None or problem.limits:
        return np.arange(len(weight))
    closed = (conflict | np.eye(len(weight), dtype=bool)).astype(np.float32)
    within = closed @ (1 - closed).T == 0  # [a, b]: a conflicts only with what b conflicts with
    order = np.arange(len(weight))
    ahead = (weight[:, None] > weight) | ((weight[:, None] == weight) & (order[:, None] < order))
    twins = within & within.T
    replaces = within & conflict & (weight[:, None] >= weight) & (~twins | ahead)
    return np.flatnonzero(~replaces.any(axis=0))


def _parts(problem: Problem) -> list[IntArray]:
    """Things that have to do with each other."""
    if not len(problem.weight):
        return []
    linked = problem.conflict.copy()
    if problem.pair_weight is not None:
        linked |= problem.pair_weight != 0
    for limit in problem.limits:
        linked[np.ix_(list(limit), list(limit))] = True
    n_parts, part = connected_components(csr_array(linked), directed=False)
    return [np.flatnonzero(part == index) for index in range(n_parts)]


def _solve(problem: Problem, time_limit: float) -> HeaviestSet:
    n = len(problem.weight)
    if n == 1:
        return HeaviestSet((0,) if problem.weight[0] > 0 else (), True)
    if problem.pair_weight is None and problem.conflict.sum() == n * (n - 1):
        return HeaviestSet((int(problem.weight.argmax()),), True)
    pairs, pair_weight = _weighted_pairs(problem)
    rows, upper = _constraints(problem, pairs, pair_weight)
    with silenced_stdout():
        result = milp(
            -np.concatenate([problem.weight, pair_weight]),
            constraints=LinearConstraint(csr_array(rows), -np.inf, upper),
            bounds=Bounds(0, 1),
            integrality=np.arange(n + len(pairs)) < n,
            options={"time_limit": time_limit, "mip_rel_gap": 0},
        )
    if result.x is None:
        return HeaviestSet(_greedy(problem), False)
    return HeaviestSet(tuple(np.flatnonzero(result.x[:n] > 0.5).tolist()), result.status == 0)


def _weighted_pairs(problem: Problem) -> tuple[IntArray, FloatArray]:
    """Pairs that can both be chosen and have a weight; (P, 2) and (P,)."""
    if problem.pair_weight is None:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0)
    pairs = np.argwhere(np.triu(np.where(problem.conflict, 0, problem.pair_weight), 1))
    return pairs, problem.pair_weight[pairs[:, 0], pairs[:, 1]]


def _constraints(
    problem: Problem, pairs: IntArray, pair_weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Rows and upper bounds over N things and P pairs."""
    n, n_pairs = len(problem.weight), len(pairs)
    cliques = np.pad(clique_cover(problem.conflict).astype(float), ((0, 0), (0, n_pairs)))
    limits = np.zeros((len(problem.limits), n + n_pairs))
    for row, limit in zip(limits, problem.limits, strict=True):
        row[list(limit)] = 1
    good, bad = np.flatnonzero(pair_weight > 0), np.flatnonzero(pair_weight < 0)
    gains = np.zeros((2, len(good), n + n_pairs))  # a pair is on only where both its ends are
    for end in (0, 1):
        gains[end, np.arange(len(good)), n + good] = 1
        gains[end, np.arange(len(good)), pairs[good, end]] = -1
    costs = np.zeros((len(bad), n + n_pairs))  # and is on where both are
    costs[np.arange(len(bad)), n + bad] = -1
    costs[np.arange(len(bad))[:, None], pairs[bad]] = 1
    rows = np.concatenate([cliques, limits, *gains, costs])
    at_most = np.array([len(limit) - 1.0 for limit in problem.limits])
    upper = [np.ones(len(cliques)), at_most, np.zeros(2 * len(good)), np.ones(len(bad))]
    return rows, np.concatenate(upper)


def clique_cover(conflict: BoolArray) -> BoolArray:
    """Sets of which at most one thing can be chosen, so that each conflict lies in one of them.

    Much tighter for the solver than conflicts two by two.

    Parameters
    ----------
    conflict : ndarray, dtype=bool, shape (N, N)

    Returns
    -------
    ndarray, dtype=bool, shape (C, N)

    Examples
    --------
    >>> clique_cover(~np.eye(3, dtype=bool)).tolist()
    [[True, True, True]]
    """
    adjacent = conflict & ~np.eye(len(conflict), dtype=bool)
    uncovered = np.triu(adjacent)
    degree = adjacent.sum(axis=1)
    cliques = []
    while uncovered.any():
        clique = np.zeros(len(conflict), dtype=bool)
        pair = np.unravel_index(int(uncovered.argmax()), uncovered.shape)
        clique[list(pair)] = True
        common = adjacent[pair[0]] & adjacent[pair[1]]
        while common.any():
            gain = (uncovered[:, clique].sum(axis=1) + uncovered[clique].sum(axis=0)) * len(degree)
            best = int(np.where(common, gain + degree / len(degree), -1).argmax())
            clique[best] = True
            common &= adjacent[best]
        uncovered[np.ix_(clique, clique)] = False
        cliques.append(clique)
    return np.array(cliques, dtype=bool).reshape(len(cliques), len(conflict))


def _greedy(problem: Problem) -> tuple[int, ...]:
    """A set without conflicts, the heaviest things first: what is left when time is up."""
    chosen: list[int] = []
    for index in np.argsort(-problem.weight, kind="stable").tolist():
        grown = {*chosen, index}
        is_free = not problem.conflict[index, chosen].any()
        if problem.weight[index] > 0 and is_free:
            if not any(set(limit) <= grown for limit in problem.limits):
                chosen.append(index)
    return tuple(sorted(chosen))
