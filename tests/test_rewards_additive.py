"""The additive optimum against brute force over all sets of stems."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.box import boxes_to_array, hairpin_box, stem_box
from boxfold.features.relations import conflict_matrix, crosses
from boxfold.rewards.additive import AdditiveConfig, additive_optimum


@st.composite
def stem(draw):
    i = draw(st.integers(0, 25))
    n_pairs = draw(st.integers(1, 3))
    return stem_box(i, i + 2 * n_pairs + 2 + draw(st.integers(0, 20)), n_pairs)


STEMS = st.lists(stem(), max_size=8).map(boxes_to_array)
CONFIGS = st.builds(
    AdditiveConfig,
    pseudoknots=st.sampled_from(["forbid", "allow"]),
    max_knot_order=st.integers(1, 2),
    knot_charge=st.sampled_from([0.0, 0.5, 2.0]),
)


def least_charge(crossing, config):
    """Least charge over all ways to place stems on pages; inf if there is none."""
    n_pages = config.max_knot_order + 1
    charges = [np.inf]
    for page in product(range(n_pages), repeat=len(crossing)):
        if all(page[a] != page[b] for a, b in np.argwhere(np.triu(crossing))):
            charges.append(config.knot_charge * sum(p > 0 for p in page))
    return min(charges)


def value(boxes, scores, pairs, config, chosen):
    chosen = list(chosen)
    if np.triu(conflict_matrix(boxes[chosen], config.pseudoknots), 1).any():
        return -np.inf
    total = scores[chosen].sum() + (0 if pairs is None else pairs[np.ix_(chosen, chosen)].sum() / 2)
    return total - least_charge(crosses(boxes[chosen]), config)


@given(STEMS, CONFIGS, st.booleans(), st.integers(0, 10**6))
def test_no_set_of_stems_is_better(boxes, config, with_pairs, seed):
    rng = np.random.default_rng(seed)
    n = len(boxes)
    scores = rng.integers(-1, 6, n).astype(float)
    pairs = None
    if with_pairs:
        half = np.triu(rng.integers(-2, 3, (n, n)), 1).astype(float)
        pairs = half + half.T
    found = additive_optimum(boxes, scores, config, pairs)
    sets = [chosen for size in range(n + 1) for chosen in combinations(range(n), size)]
    best = max(value(boxes, scores, pairs, config, chosen) for chosen in sets)
    assert found.proven and found.value == pytest.approx(best)
    assert value(boxes, scores, pairs, config, found.picks) == pytest.approx(best)


THREE = boxes_to_array([stem_box(0, 30, 3), stem_box(6, 36, 3), stem_box(12, 42, 3)])


def test_three_stems_that_all_cross_by_hand():
    scores = [3.0, 2.0, 4.0]
    assert additive_optimum(THREE, scores).picks == (2,)
    assert additive_optimum(THREE, scores, AdditiveConfig("allow")) == ((0, 2), 7.0, True)
    assert additive_optimum(THREE, scores, AdditiveConfig("allow", 2)) == ((0, 1, 2), 9.0, True)
    charged = AdditiveConfig("allow", knot_charge=2.5)
    assert additive_optimum(THREE, scores, charged) == ((0, 2), 4.5, True)
    too_dear = AdditiveConfig("allow", knot_charge=3.5)
    assert additive_optimum(THREE, scores, too_dear) == ((2,), 4.0, True)


def test_a_bonus_for_two_stems_lifts_one_that_costs():
    beside = boxes_to_array([stem_box(0, 10, 3), stem_box(12, 22, 3)])
    bonus = np.array([[0.0, 2.0], [2.0, 0.0]])
    assert additive_optimum(beside, [1.0, -1.0]).picks == (0,)
    assert additive_optimum(beside, [1.0, -1.0], pair_scores=bonus) == ((0, 1), 2.0, True)


def test_when_time_is_up_the_set_is_still_within_the_order():
    found = additive_optimum(THREE, [1.0, 1.0, 1.0], AdditiveConfig("allow", time_limit=1e-9))
    assert found.value == 2.0 == len(found.picks)


@pytest.mark.parametrize("scores", [[1.0], [1.0, np.nan, 0.0], [[1.0] * 3]])
def test_bad_scores_are_refused(scores):
    with pytest.raises(ValueError, match="scores"):
        additive_optimum(THREE, scores)


def test_bad_boxes_pairs_and_settings_are_refused():
    with pytest.raises(ValueError, match="stems only"):
        additive_optimum(boxes_to_array([hairpin_box(0, 5)]), [1.0])
    with pytest.raises(ValueError, match="symmetric"):
        additive_optimum(THREE, [1.0] * 3, pair_scores=np.triu(np.ones((3, 3)), 1))
    for settings in ({"pseudoknots": "x"}, {"max_knot_order": 0}, {"knot_charge": -1.0}):
        with pytest.raises(ValueError, match=next(iter(settings))):
            AdditiveConfig(**settings)
