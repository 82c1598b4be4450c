"""The heaviest set against brute force over all sets."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from boxfold.rewards.independent_set import Problem, clique_cover, heaviest_set


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    n = draw(st.integers(0, 7))
    density = draw(st.sampled_from([0.2, 0.5, 0.8]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    upper = np.triu(rng.random((n, n)) < density, 1)
    weight = rng.integers(-2, 6, n).astype(float)  # integers: many ties
    pairs = None
    if draw(st.booleans()):
        half = np.triu(rng.integers(-3, 4, (n, n)) * (rng.random((n, n)) < 0.5), 1).astype(float)
        pairs = half + half.T
    limits = []
    if n >= 3 and draw(st.booleans()):
        limits = [sorted(rng.choice(n, 3, replace=False).tolist()) for _ in range(3)]
    return Problem(weight, upper | upper.T, pairs, limits)


def value(problem, chosen):
    chosen = list(chosen)
    total = problem.weight[chosen].sum()
    if problem.pair_weight is not None:
        total += problem.pair_weight[np.ix_(chosen, chosen)].sum() / 2
    return float(total)


def is_allowed(problem, chosen):
    chosen = list(chosen)
    clash = problem.conflict[np.ix_(chosen, chosen)].any()
    return not clash and not any(set(limit) <= set(chosen) for limit in problem.limits)


def everything(n):
    return (chosen for size in range(n + 1) for chosen in combinations(range(n), size))


@given(problems())
def test_no_set_is_heavier(problem):
    found = heaviest_set(problem)
    assert found.proven and is_allowed(problem, found.members)
    sets = everything(len(problem.weight))
    best = max(value(problem, chosen) for chosen in sets if is_allowed(problem, chosen))
    assert abs(value(problem, found.members) - best) < 1e-6


@given(problems())
def test_cliques_hold_every_conflict_and_nothing_else(problem):
    cliques = clique_cover(problem.conflict)
    together = (cliques.T.astype(int) @ cliques) > 0
    np.fill_diagonal(together, False)
    np.testing.assert_array_equal(together, problem.conflict)


def test_without_time_a_set_still_comes_back_and_says_so():
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((150, 150)) < 0.3, 1)
    problem = Problem(rng.random(150) + 1, upper | upper.T)
    found = heaviest_set(problem, time_limit=0.02)
    assert not found.proven and len(found.members) > 1 and is_allowed(problem, found.members)
