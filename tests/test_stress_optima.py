"""Exact optima against trying everything, on small instances."""

import numpy as np
import pytest
from brute_force import energies, sets_of, stems_off_first_page
from random_boxes import random_stems

from boxfold.features.box import boxes_from_array
from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.additive import AdditiveConfig, additive_optimum
from boxfold.rewards.energy import EnergyModel
from boxfold.rewards.exact import StemOptimum
from boxfold.rewards.independent_set import Problem, heaviest_set

MOST = 12  # stems: all sets of them can be tried


def small_instance(rng):
    seq = synthetic_sequence(int(rng.integers(12, 56)), rng)
    return seq, random_stems(seq, int(rng.integers(1, MOST + 1)), rng)


def branched_instance(rng):
    """Two or three short hairpins within a stem: what holds them all has a multi-branch loop."""

    def stem(inside):
        for pair in rng.choice(["GC", "CG", "AU", "GU"], rng.integers(1, 4)):
            inside = pair[0] + inside + pair[1]
        return inside

    gap = ["", "A", "AC"]
    seq = stem("".join(rng.choice(gap) + stem("GAAA") for _ in range(rng.integers(2, 4))))
    lines = np.unique(random_stems(seq, 400, rng), axis=0)
    size = lines[:, 2] + lines[:, 4] - lines[:, 1] - 2 * lines[:, 3]
    own = lines[(size == 4) | (lines[:, 1] == 0)]
    return seq, rng.permutation(own)[:MOST]


def assert_least(solver, forced, of_set):
    """The solver's set is the best of all that hold the forced stems."""
    found = solver.solve(forced)
    least = min(energy for s, energy in of_set.items() if set(forced) <= set(s))
    assert found.energy == pytest.approx(least, abs=1e-6)
    assert of_set[found.picks] == pytest.approx(least, abs=1e-6)
    assert set(forced) <= set(found.picks)
    return len(found.picks)


@pytest.mark.parametrize("n", [30, pytest.param(1_000, marks=pytest.mark.stress)])
def test_least_free_energy_with_multi_branch_loops(n, tally):
    rng = np.random.default_rng(n)
    for _ in range(n):
        seq, lines = branched_instance(rng)
        model, stems = EnergyModel(seq), boxes_from_array(lines)
        sets = sets_of(stems, "forbid")
        of_set = energies(model, stems, sets)
        solver = StemOptimum(model, lines)
        largest = max(sets, key=len)
        for forced in [(), largest, largest[:-1], largest[1:]]:
            assert_least(solver, forced, of_set)
    tally("least free energy where branches are forced, against all sets", f"{n:,}")


@pytest.mark.parametrize("n", [60, pytest.param(5_000, marks=pytest.mark.stress)])
def test_least_free_energy_of_nested_sets(n, tally):
    rng = np.random.default_rng(n)
    picked = 0
    for _ in range(n):
        seq, lines = small_instance(rng)
        model, stems = EnergyModel(seq), boxes_from_array(lines)
        sets = sets_of(stems, "forbid")
        of_set = energies(model, stems, sets)
        solver = StemOptimum(model, lines)
        for forced in [(), sets[rng.integers(len(sets))]]:
            picked += assert_least(solver, forced, of_set)
    assert picked > n
    tally("least free energy of nested sets, free and completed, against all sets", f"{n:,}")


@pytest.mark.parametrize("n", [30, pytest.param(3_000, marks=pytest.mark.stress)])
def test_greatest_sum_of_scores_nested_and_knotted(n, tally):
    rng = np.random.default_rng(n)
    knotted = 0
    for number in range(n):
        _, lines = small_instance(rng)
        stems = boxes_from_array(lines)
        pseudoknots = "forbid" if number % 4 == 0 else "allow"
        order, charge = int(rng.integers(1, 3)), float(rng.choice([0, 0.5, 2]))
        scores = rng.integers(-2, 8, len(stems)) / 2  # many ties
        half = np.triu(rng.integers(-2, 3, (len(stems), len(stems))), 1) / 2
        pair_scores = half + half.T if number % 2 else None
        n_pages = 1 if pseudoknots == "forbid" else order + 1
        off = stems_off_first_page(stems, n_pages, sets_of(stems, pseudoknots))
        values = {
            s: scores[list(s)].sum()
            - (charge * count if pseudoknots == "allow" else 0)
            + (0 if pair_scores is None else half[np.ix_(s, s)].sum())
            for s, count in off.items()
        }
        config = AdditiveConfig(pseudoknots, order, charge, time_limit=60)
        found = additive_optimum(lines, scores, config, pair_scores)
        assert found.proven
        assert found.value == pytest.approx(max(values.values()), abs=1e-6)
        assert values[found.picks] == pytest.approx(found.value, abs=1e-6)
        knotted += off[found.picks] > 0
    assert knotted > n / 50
    tally("greatest sum of scores, nested and knotted, against all sets", f"{n:,}")


@pytest.mark.parametrize("n", [60, pytest.param(2_000, marks=pytest.mark.stress)])
def test_heaviest_independent_set(n, tally):
    rng = np.random.default_rng(n)
    for number in range(n):
        size = int(rng.integers(0, 11))
        half = np.triu(rng.random((size, size)) < rng.choice([0.1, 0.3, 0.6]), 1)
        weight = rng.integers(-2, 6, size).astype(float)
        pairs = np.triu(rng.integers(-3, 4, (size, size)), 1).astype(float)
        problem = Problem(
            weight,
            half | half.T,
            pairs + pairs.T if number % 2 else None,
            [rng.choice(size, 3, replace=False).tolist() for _ in range(2)] if size > 4 else [],
        )
        values = np.full(1 << size, -np.inf)
        for code in range(1 << size):
            chosen = [k for k in range(size) if code >> k & 1]
            clash = half[np.ix_(chosen, chosen)].any()
            if not clash and not any(set(limit) <= set(chosen) for limit in problem.limits):
                gain = pairs[np.ix_(chosen, chosen)].sum() if number % 2 else 0
                values[code] = weight[chosen].sum() + gain
        found = heaviest_set(problem, time_limit=60)
        assert found.proven
        code = sum(1 << member for member in found.members)
        assert values[code] == pytest.approx(values.max(), abs=1e-6)
    tally("heaviest independent set, against all sets", f"{n:,}")
