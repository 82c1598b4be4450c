"""Parts of the S2 study: what feature sets show, labels, and areas under the ROC curve."""

import numpy as np
import pytest

from boxfold.envs.instance import Instance
from boxfold.features.loops import structure_boxes
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.features.token_names import GEOMETRY_NAMES, TOKEN_NAMES


@pytest.fixture(scope="module", autouse=True)
def study(benchmarks):
    import s2_study

    return s2_study


@pytest.fixture
def window():
    from s2_windows import window_of

    seq, known = "GGGGACCGAAAACGGACCCC", "((((.(((....))).))))"
    pairs = base_pairs_from_dot_bracket(known)
    boxes = structure_boxes(pairs)
    wrong = np.array([[0, 0, 18, 2, 2]])
    stems = np.concatenate([boxes[boxes[:, 0] == 0], wrong])
    loops = boxes[boxes[:, 0] > 0]
    score, n = np.linspace(0.9, 0.5, len(stems)), len(stems)
    evidence = np.zeros((n, len(EVIDENCE)))
    proposals = Proposals(stems, score, evidence, loops, np.full(len(loops), 0.5))
    return window_of(Instance("one", seq, proposals, pairs))


def test_boxes_of_every_kind_are_labelled(window):
    assert window.boxes[:, 0].tolist() == [0, 0, 0, 1, 2]
    assert window.label.tolist() == [True, True, False, True, True]


def test_feature_sets_show_what_they_say(window):
    from s2_windows import FEATURE_SETS, S1

    shown = {name: np.array(TOKEN_NAMES)[each.mask] for name, each in FEATURE_SETS.items()}
    assert set(shown["geometry (type, location, size)"]) == set(GEOMETRY_NAMES)
    assert set(EVIDENCE) < set(S1) and set(S1) <= set(shown["geometry + S1"])
    assert not {"is_stem", "is_hairpin"} & set(shown["location only"])
    assert not {"n_rows", "inner_i", "inside"} & set(shown["type, location (no size)"])
    assert not {"outer_i", "span_nt", "inner_j"} & set(shown["type, size (no location)"])
    moved = FEATURE_SETS["type, size (no location)"].seen(window.boxes)
    assert moved[1].tolist() == [0, 0, 0, 3, 3]
    shrunk = FEATURE_SETS["type, location (no size)"].seen(window.boxes)
    assert shrunk[1].tolist() == [0, 5, 14, 1, 1]
    whole = FEATURE_SETS["all features"].seen(window.boxes)
    np.testing.assert_array_equal(whole, window.boxes)


def test_what_a_set_hides_changes_no_score(window):
    from s2_judge import BoxJudge, scores_of
    from s2_windows import FEATURE_SETS

    judge = BoxJudge(FEATURE_SETS["geometry (type, location, size)"]).eval()
    tokens = window.tokens.copy()
    tokens[:, len(GEOMETRY_NAMES) :] = 1
    hidden = scores_of(judge, [window._replace(tokens=tokens)])
    np.testing.assert_array_equal(hidden[0], scores_of(judge, [window])[0])
    tokens[:, 0] += 1
    assert (scores_of(judge, [window._replace(tokens=tokens)])[0] != hidden[0]).all()


@pytest.mark.parametrize("name", ["k-mers", "sequence encoder", "background"])
def test_bases_are_seen_by_their_sets_only(window, name):
    from s2_judge import BoxJudge, scores_of
    from s2_windows import FEATURE_SETS

    other = window._replace(bases=window.bases[::-1].copy())
    for features, differs in ((f"geometry + {name}", True), ("all features", False)):
        judge = BoxJudge(FEATURE_SETS[features]).eval()
        same = np.array_equal(scores_of(judge, [window])[0], scores_of(judge, [other])[0])
        assert same is not differs, features


def test_permuted_labels_keep_their_number(window):
    from s2_windows import with_permuted_labels

    permuted = with_permuted_labels([window] * 20, np.random.default_rng(0))
    labels = np.concatenate([each.label for each in permuted])
    assert len(labels) == 100 and labels.sum() == 80
    assert any(not np.array_equal(each.label, window.label) for each in permuted)


def test_auroc_and_f1_of_known_scores(study, window):
    right = [window.label.astype(float)]
    assert study.auroc_columns([window], right, 0)["auroc"] == 1
    assert study.auroc_columns([window], [-right[0]], 0)["stem"] == 0
    half = study.auroc_columns([window], [np.zeros(5)], 0)
    assert half["auroc"] == half["low"] == half["high"] == half["per_sequence"] == 0.5
    assert np.isnan(half["hairpin"])
    assert study.assembled_f1([window], right, 0.5) == 1
    assert study.assembled_f1([window], [-right[0]], -0.5) == pytest.approx(2 * 2 / (2 + 7))
