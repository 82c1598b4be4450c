"""Weights of stems against sums spelled out pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.box import boxes_to_array, stem_base_pairs, stem_box
from boxfold.features.stem_weights import StemWeightConfig, pair_probabilities, stem_weights


@st.composite
def scored(draw):
    stems = []
    for _ in range(draw(st.integers(0, 6))):
        i, n = draw(st.integers(0, 6)), draw(st.integers(1, 4))
        stems.append(stem_box(i, i + 2 * n + 2 + draw(st.integers(0, 3)), n))
    score = [draw(st.floats(0, 1)) for _ in stems]
    return boxes_to_array(stems), np.array(score)


def pairs_of(box):
    return list(map(tuple, stem_base_pairs(box[None]).tolist()))


@given(scored(), st.sampled_from([0.2, 0.5]))
def test_weights_are_sums_over_pairs(case, threshold):
    boxes, score = case
    probability = {}
    for box, s in zip(boxes, score, strict=True):
        for pair in pairs_of(box):
            probability[pair] = probability.get(pair, 0) + s
    wanted = [sum(min(probability[p], 1) - threshold for p in pairs_of(box)) for box in boxes]
    found = stem_weights(boxes, score, StemWeightConfig(threshold=threshold))
    np.testing.assert_allclose(found, np.array(wanted), atol=1e-12)
    pairs, total = pair_probabilities(boxes, score)
    named = dict(zip(map(tuple, pairs.tolist()), total.tolist(), strict=True))
    assert list(named) == sorted(probability)
    assert named == pytest.approx({pair: min(p, 1) for pair, p in probability.items()})


def test_log_odds_by_hand():
    boxes = boxes_to_array([stem_box(0, 12, 4), stem_box(2, 20, 2), stem_box(3, 30, 3)])
    config = StemWeightConfig("boxes", threshold=0.5)
    found = stem_weights(boxes, np.array([0.8, 0.5, 0.0]), config)
    assert found == pytest.approx([4 * np.log(4), 0, 3 * np.log(1e-4 / (1 - 1e-4))])


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="form is 'x'"):
        StemWeightConfig("x")
    with pytest.raises(ValueError, match="threshold is 1"):
        StemWeightConfig(threshold=1)
