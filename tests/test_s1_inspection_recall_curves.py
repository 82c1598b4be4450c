"""Tables over ranked targets that were made by hand: nothing here needs a network."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from boxfold.features.box import BoxKind
from boxfold.s1.inspection.box_numbers import box_numbers
from boxfold.s1.inspection.completeness import (
    WANTED,
    best_split,
    complete_curve,
    completeness,
    tuned_thresholds,
)
from boxfold.s1.inspection.offers import OLD_SETTINGS
from boxfold.s1.inspection.recall_curves import GLOBAL, PER_SEQUENCE, equal_numbers, recall_curves
from boxfold.s1.inspection.sensitivity_filter import filter_report
from boxfold.s1.inspection.shares import (
    LENGTH_LABELS,
    all_of_each,
    clustered_share,
    length_labels,
    number_labels,
)

STEM, INTERIOR, HAIRPIN = BoxKind
SCORES = {  # two sequences of 8 and 16 nt: stems, interior loops, hairpins
    STEM: [[0.9, 0.8, 0.3], [0.7, 0.6, 0.5, 0.4, 0.2]],
    INTERIOR: [[], [0.6, 0.1]],
    HAIRPIN: [[0.5], [0.8, 0.4]],
}
TARGETS = [  # sequence, kind, pairs, rank, score
    (0, STEM, 1, 0, 0.9),
    (0, STEM, 4, 2, 0.3),
    (0, HAIRPIN, 6, 0, 0.5),
    (1, STEM, 2, 3, 0.4),
    (1, STEM, 3, np.inf, -1.0),
    (1, INTERIOR, 3, 1, 0.6),
    (1, HAIRPIN, 6, 0, 0.8),
]


@pytest.fixture
def ranked():
    """What `RankedTargets` would hold; methods ends and rank agree."""
    columns = ["sequence", "kind", "n_rows", "rank_ends", "score_ends"]
    targets = pd.DataFrame(TARGETS, columns=columns)
    targets["score_ends"] = targets["score_ends"].astype(np.float32)
    targets["rank_rank"], targets["score_rank"] = targets["rank_ends"], targets["score_ends"]
    for label in OLD_SETTINGS:
        targets[f"found_{label}"] = targets["score_ends"] > 0.45
    stems = targets[targets["kind"] == STEM]
    pairs = stems.loc[stems.index.repeat(stems["n_rows"])].rename(columns={"n_rows": "n_pairs"})
    pairs.loc[pairs["n_pairs"] == 3, ["rank_ends", "score_ends"]] = 0, 0.7  # inside a longer one
    sequences = pd.DataFrame({"length": [8, 16], "mfe_frequency": [0.5, 0.1]})
    for kind in BoxKind:
        for place in range(2):
            known = (targets["kind"] == kind) & (targets["sequence"] == place)
            sequences.loc[place, f"n_{kind.label}"] = int(known.sum())
        for label in OLD_SETTINGS:
            sequences[f"{kind.label}_{label}"] = [2, 4]
    for method in ("ends", "rank"):
        sequences[f"stems_{method}"], sequences[f"loops_{method}"] = [3, 5], [1, 4]
    scores = {kind: [np.array(s, np.float32) for s in lists] for kind, lists in SCORES.items()}
    return SimpleNamespace(
        methods=["ends", "rank"],
        n_sequences=2,
        sequences=sequences,
        targets=targets.reset_index(drop=True),
        pairs=pairs.reset_index(drop=True),
        scores=lambda method, kind: scores[kind],
    )


def row_of(frame, **values):
    for name, value in values.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_recall_by_number_of_boxes_per_base(ranked):
    table = recall_curves(ranked, budgets=(0.125, 0.25))
    first = row_of(table, method="ends", choice=PER_SEQUENCE, budget=0.125)  # 1 and 2 stems
    assert (first["offered"], first["recall"], first["all_stems"]) == (1.5, 0.25, 0)
    assert first["pair_recall"] == pytest.approx((1 + 3) / 10)
    second = row_of(table, method="ends", choice=PER_SEQUENCE, budget=0.25)  # 2 and 4
    assert second["offered"] == 3
    assert [second[f"recall_{label}"] for label in ("1", "2", "3+")] == [1, 1, 0]
    assert second["recall"] == 0.5
    assert second["recall_se"] == 0  # one of two in each sequence


def test_one_threshold_for_all_sequences(ranked):
    table = recall_curves(ranked, budgets=(0.25, 0.5))
    row = row_of(table, method="ends", choice=GLOBAL, budget=0.25)  # 6 of 8 stems
    assert row["threshold"] == pytest.approx(0.4)
    assert (row["offered"], row["recall"]) == (3, 0.5)
    assert row_of(table, method="ends", choice=GLOBAL, budget=0.5)["offered"] == 4  # all there are


def test_equal_numbers_of_stems_and_of_loops(ranked):
    table = equal_numbers(ranked, numbers=(1, 4))
    stems = row_of(table, method="ends", boxes="stem", number=4)
    assert (stems["offered"], stems["recall"], stems["all_found"]) == (3.5, 0.75, 0.5)
    loops = row_of(table, method="rank", boxes="loop", number=1)
    assert (loops["offered"], loops["recall"]) == (1, pytest.approx(2 / 3))
    assert row_of(table, method="rank", boxes="hairpin", number=1)["all_found"] == 1
    assert row_of(table, method="ends", boxes="interior_loop", number=4)["recall"] == 1


def test_complete_sequences_by_number_of_boxes(ranked):
    curve = complete_curve(ranked, "ends", HAIRPIN, np.array([0, 0.5, 1.0, 1.5, 9.0]))
    assert curve.threshold == pytest.approx([np.inf, 0.8, 0.5, 0.4, 0.4])
    assert curve.share.tolist() == [0, 0.5, 1, 1, 1]


def test_split_has_the_largest_smallest_margin():
    shares = np.array([[0, 0.5, 0.9], [0, 0.7, 0.8], [0.5, 0.93, 1.0]])
    # (1, 1, 0): margins -.3, -.15, -.43; (0, 1, 1): -.8; (1, 0, 1): -.85; (2, 0, 0): -.85
    assert best_split(shares) == (1, 1, 0)
    assert best_split(np.ones((3, 3))) == (0, 0, 2)  # all the same: the first
    brute = np.random.default_rng(1).random((3, 6)).cumsum(axis=1) / 6
    a, b, c = best_split(brute)
    assert a + b + c == 5
    places = np.arange(6)
    margins = [brute[k] - wanted for k, wanted in enumerate(WANTED)]
    smallest = {
        (i, j): min(margins[0][i], margins[1][j], margins[2][5 - i - j])
        for i in places
        for j in places[: 6 - i]
    }
    assert smallest[a, b] == max(smallest.values())


def test_tuned_thresholds_spend_the_budget(ranked):
    table = completeness(ranked, ranked, mean_boxes=5)
    row = row_of(table, setting="ends, tuned", measured_on="data")
    assert row["boxes"] <= 5
    assert row["complete_hairpin"] == 1
    assert row["complete_interior_loop"] == 1  # of the only sequence that has one
    thresholds = tuned_thresholds(ranked, "ends", 5)
    assert thresholds == tuple(row[f"threshold_{kind.label}"] for kind in BoxKind)
    old = row_of(table, setting="union")
    assert (old["boxes"], old["complete_stem"], old["complete_hairpin"]) == (9, 0, 1)


def test_filter_beside_independent_misses(ranked):
    table = filter_report(ranked)
    whole = row_of(table, setting="union", by="all")
    assert whole["recall"] == pytest.approx(4 / 7)
    assert (whole["kept"], whole["examples"], whole["boxes"]) == (0, 2, 3.5)
    assert whole["expected"] == pytest.approx(((4 / 7) ** 3 + (4 / 7) ** 4) / 2)
    assert whole["expected_by_kind"] == pytest.approx(0.25**2)  # loops are all found
    ends = row_of(table, setting="ends, 1 L", by="boxes", bin="1-3")
    assert (ends["kept"], ends["examples"], ends["offered"]) == (1, 1, 4)


def test_numbers_of_boxes(ranked):
    table = box_numbers(ranked)
    targets = row_of(table, kind="stem", boxes="targets", length="all")
    assert (targets["mean"], targets["per_base"], targets["max"]) == (2, 4 / 24, 2)
    above = row_of(table, kind="stem", boxes="ends >= 0.5", length=LENGTH_LABELS[0])
    assert (above["mean"], above["sequences"], above["q50"]) == (2.5, 2, 2.5)


def test_standard_errors_take_a_sequence_as_one_draw():
    rng = np.random.default_rng(0)
    values, cluster = rng.random(60) < 0.5, np.repeat(np.arange(20), 3)
    alone = clustered_share(values, np.arange(60))
    assert alone.error == pytest.approx(values.std(ddof=1) / 60**0.5)
    repeated = clustered_share(np.repeat(values, 2), np.repeat(np.arange(60), 2))
    assert repeated.error == pytest.approx(alone.error)  # copies add nothing
    means = values.reshape(20, 3).mean(axis=1)
    assert clustered_share(values, cluster).error == pytest.approx(means.std(ddof=1) / 20**0.5)
    assert np.isnan(clustered_share([], [])).all()
    assert np.isnan(clustered_share([1], [7]).error)


def test_labels_of_lengths_and_numbers():
    assert length_labels([12, 60, 61, 100, 101, 150, 200, 201]).tolist() == [
        *["<=60"] * 2, *["61-100"] * 2, *["101-150"] * 2, "151-200", ">200"
    ]  # fmt: skip
    assert number_labels(np.array([1, 3, 4, 9, 25])).tolist() == ["1-3", "1-3", "4-6", "7-9", ">24"]
    assert all_of_each([], []).tolist() == []
