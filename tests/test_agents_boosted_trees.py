"""Boosted trees on boxes: features by hand, calibrated shares, and assemblies that are solved."""

import numpy as np
import pytest

from boxfold.agents.additive_agents import share_weights
from boxfold.agents.additive_tuning import AdditiveSetting, structure_scores, tuned, tuning_table
from boxfold.agents.boosted_trees import (
    BoostedTreesAgent,
    BoostedTreesConfig,
    train_boosted_trees,
)
from boxfold.agents.box_features import EXTRA_NAMES, FEATURE_NAMES, box_features, known_share
from boxfold.envs.instance import Instance
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.errors import InputError
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops, run_proposals
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket
from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.energy import mfe
from boxfold.rewards.ensemble import pair_probabilities

SEQ, KNOWN = "GGGGAAAACCCCAAGGGAAAACCC", "((((....))))..(((....)))"


def instance_of(stems, score, seq=SEQ, known=KNOWN):
    evidence = np.zeros((len(stems), len(EVIDENCE)), dtype=np.float32)
    score = np.array(score, dtype=np.float32)
    proposals = Proposals(boxes_to_array(stems), score, evidence, *no_loops())
    return Instance("x", seq, proposals, base_pairs_from_dot_bracket(known))


STEMS = [stem_box(0, 11, 4), stem_box(1, 10, 3), stem_box(14, 23, 3), stem_box(0, 23, 3)]


@pytest.fixture(scope="module")
def folded():
    """Synthetic sequences with their MFE, boxes by the enumeration of runs."""
    rng = np.random.default_rng(3)
    seqs = [synthetic_sequence(40, rng) for _ in range(40)]
    return [Instance(seq, seq, run_proposals(seq, 16), mfe(seq).base_pairs) for seq in seqs]


def test_features_of_pairs_by_hand():
    instance = instance_of(STEMS, [0.5, 0.25, 0.5, 0.125])
    features = box_features(instance)
    assert features.shape == (4, len(FEATURE_NAMES)) and np.isfinite(features).all()
    extra = dict(zip(EXTRA_NAMES, features[:, -len(EXTRA_NAMES) :].T, strict=True))
    assert extra["n_pairs"].tolist() == [4, 3, 3, 3]
    assert extra["boxes_mean"] == pytest.approx([(0.5 + 3 * 0.75) / 4, 0.75, 0.5, 0.125])
    assert extra["boxes_least"].tolist() == [0.5, 0.75, 0.5, 0.125]
    assert extra["boxes_outer"].tolist() == [0.5, 0.75, 0.5, 0.125]
    assert extra["boxes_inner"].tolist() == [0.75, 0.75, 0.5, 0.125]
    assert extra["boxes_rivals"][2] == pytest.approx(0.125)  # shares its bases with the last one
    assert extra["boxes_crossing"].tolist() == [0, 0, 0, 0]
    ensemble = pair_probabilities(SEQ)
    assert extra["energy_outer"] == pytest.approx([ensemble[b.outer_pair] for b in STEMS])
    assert extra["energy_mean"][2] == pytest.approx(ensemble[[14, 15, 16], [23, 22, 21]].mean())


def test_no_boxes_have_no_features():
    empty = instance_of([], [])
    assert box_features(empty).shape == (0, len(FEATURE_NAMES))
    assert known_share(empty).shape == (0,)


def test_known_share_counts_pairs():
    half = instance_of([stem_box(0, 11, 4), stem_box(2, 9, 2), stem_box(0, 23, 3)], [0.1] * 3)
    half.reference = base_pairs_from_dot_bracket("((........))............")
    assert known_share(half).tolist() == [0.5, 0, 0]
    half.reference = None
    with pytest.raises(ValueError, match="'x' has no known structure"):
        known_share(half)


def test_trees_learn_shares_and_their_agent_beats_the_order_of_energies(folded):
    train, judged = folded[:30], folded[30:]
    trees = train_boosted_trees(train, BoostedTreesConfig(trees=40))
    shares = np.concatenate([trees.shares(each) for each in train])
    truth = np.concatenate([known_share(each) for each in train])
    assert shares.mean() == pytest.approx(truth.mean(), abs=0.02)  # calibrated in the large
    assert np.corrcoef(shares, truth)[0, 1] > 0.9
    agent = BoostedTreesAgent(trees, "forbid", AdditiveSetting(0.4, 0.0))
    found = agent.assemble(judged, np.random.default_rng(0))
    again = agent.assemble(judged, np.random.default_rng(1))
    assert [a.picks for a in found] == [a.picks for a in again]
    f1 = structure_scores([a.base_pairs for a in found], [each.reference for each in judged])["f1"]
    assert f1 > 0.6


def test_training_needs_both_kinds_of_boxes():
    only_true = instance_of(STEMS[:1], [0.5])
    with pytest.raises(InputError, match="true pairs and boxes with false ones"):
        train_boosted_trees([only_true])


def test_trees_take_other_features_and_leave_out_what_is_missing_throughout(folded):
    def features(instance):
        missing = np.full((instance.n_boxes, 1), np.nan)
        return np.concatenate([missing, known_share(instance)[:, None]], axis=1)

    trees = train_boosted_trees(folded[:30], BoostedTreesConfig(trees=80), features)
    found = trees.shares_of(folded[30:])
    assert [len(each) for each in found] == [each.n_boxes for each in folded[30:]]
    truth = np.concatenate([known_share(each) for each in folded[30:]])
    assert np.abs(np.concatenate(found) - truth).mean() < 0.05
    assert trees.shares_of([]) == []


class Oracle:
    """Judges by the known structure."""

    def shares(self, instance):
        return known_share(instance)


def test_agent_solves_for_the_shares_it_is_given():
    instance = instance_of(STEMS, [0.1] * 4)
    agent = BoostedTreesAgent(Oracle(), "allow", AdditiveSetting(0.4, 0.5))
    (assembly,) = agent.assemble([instance], np.random.default_rng(0))
    assert dot_bracket(assembly.base_pairs, len(SEQ)) == KNOWN


def test_tuning_tries_every_setting_and_takes_the_best():
    instance = instance_of(STEMS, [0.1] * 4)
    shares = np.array([0.5, 0.4, 0.35, 0.1])

    def weigh(index, threshold):
        return share_weights(instance, shares, threshold)

    table = tuning_table([instance], weigh, "allow", (0.3, 0.45), (0.5, 1.0))
    assert table[["threshold", "knot_charge"]].to_numpy().tolist() == [
        [0.3, 0.5],
        [0.3, 1.0],
        [0.45, 0.5],
        [0.45, 1.0],
    ]
    assert table["f1"].tolist() == pytest.approx([1, 1, 8 / 11, 8 / 11])
    assert table["false_knots"].tolist() == [0, 0, 0, 0]
    assert tuned(table) == AdditiveSetting(0.3, 0.5)
    assert len(tuning_table([instance], weigh, "forbid", (0.3,), (0.5, 1.0))) == 1
    instance.reference = None
    with pytest.raises(InputError, match="'x' has none"):
        tuning_table([instance], weigh)
