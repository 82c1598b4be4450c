from itertools import combinations

import numpy as np
import pytest

from boxfold.agents.heuristics import random_picks
from boxfold.agents.scoring import KnottedScorer, NestedScorer, set_scorer
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"


@pytest.fixture(scope="module")
def instance():
    return instance_from_sequence(TRNA, max_boxes=48)


def random_sets(instance, pseudoknots, n_sets):
    rng = np.random.default_rng(0)
    conflict = instance.conflict(pseudoknots)
    picked = np.zeros((n_sets, instance.n_boxes), dtype=bool)
    for row in picked[1:]:  # the first stays empty
        picks = random_picks(conflict, rng)
        row[list(picks[: rng.integers(len(picks) + 1)])] = True
    return picked, ~(picked @ conflict)


@pytest.mark.parametrize("pseudoknots", ["forbid", "allow"])
def test_changes_equal_energy_differences(instance, pseudoknots):
    scorer = set_scorer(instance, pseudoknots)
    picked, allowed = random_sets(instance, pseudoknots, 12)
    changes = scorer.changes(picked, allowed)
    assert np.isinf(changes[~allowed]).all()
    assert allowed.sum() > 100
    for row, stem in np.argwhere(allowed).tolist():
        picks = np.flatnonzero(picked[row]).tolist()
        expected = instance.energy([*picks, stem]) - instance.energy(picks)
        assert changes[row, stem] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("scorer_class", [NestedScorer, KnottedScorer])
def test_total_equals_the_energy_in_any_order(instance, scorer_class):
    scorer = scorer_class(instance)
    picked, _ = random_sets(instance, "forbid", 40)
    for row in picked:
        picks = np.random.default_rng(1).permutation(np.flatnonzero(row)).tolist()
        assert scorer.total(picks) == pytest.approx(instance.energy(picks), abs=1e-6)


def test_the_cloverleaf_has_a_multiloop():
    arms = [stem_box(0, 71, 7), stem_box(9, 24, 4), stem_box(26, 42, 5), stem_box(48, 64, 5)]
    boxes = boxes_to_array(arms)
    nothing = np.zeros((4, len(EVIDENCE)), dtype=np.float32)
    instance = Instance("trna", TRNA, Proposals(boxes, nothing[:, 0], nothing, *no_loops()))
    scorer = NestedScorer(instance)
    for size in range(5):
        for picks in combinations(range(4), size):
            assert scorer.total(picks) == pytest.approx(instance.energy(picks), abs=1e-6)
    assert scorer.total(range(4)) < -15


def test_every_energy_is_counted(instance):
    scorer = NestedScorer(instance)
    scorer.total([0])
    allowed = np.zeros((2, instance.n_boxes), dtype=bool)
    allowed[0, :5] = True
    scorer.changes(np.zeros_like(allowed), allowed)
    assert scorer.calls == 6


def test_two_pages_only_where_allowed(instance):
    crossing = np.argwhere(instance.conflict("forbid") & ~instance.conflict("allow"))
    a, b = crossing[0].tolist()
    scorer = set_scorer(instance, "allow")
    assert scorer.total([a, b]) == pytest.approx(instance.energy([a, b]))
    assert scorer.calls == 1
