"""Missed boxes, votes and calibration, on maps that were made by hand."""

import numpy as np
import pytest

from boxfold.features.box import (
    BoxKind,
    boxes_to_array,
    hairpin_box,
    interior_loop_box,
    stem_box,
)
from boxfold.rewards.ensemble import end_probabilities
from boxfold.s1.batches import Example
from boxfold.s1.box_targets import BOX_HEADS, N_LOCATION, N_SIZE, box_targets, size_class
from boxfold.s1.ends import end_targets
from boxfold.s1.inspection.box_properties import box_properties, pixels_on, proposed_instead
from boxfold.s1.inspection.calibration import AGAINST_EXACT, ENSEMBLE, Reliability, add_case
from boxfold.s1.inspection.cases import Case
from boxfold.s1.inspection.missed import MissedBoxes, missed_report
from boxfold.s1.inspection.offers import Offered, Offers
from boxfold.s1.inspection.ranked_targets import RankedTargets
from boxfold.s1.inspection.shift_statistics import box_voters
from boxfold.s1.inspection.voting import VoteStudy
from boxfold.s1.loop_ends import N_FACES, N_GAP, LoopEnds, loop_targets
from boxfold.s1.model import Maps
from boxfold.s1.votes import count_votes

SEQ = "GGGGAAGGGGAAAACCCCAAACCCC"
STRUCTURE = "((((..((((....))))...))))"
OUTER, INNER, LOOP, HAIRPIN = range(4)
"""Boxes of the structure: stems 0-24 and 6-17, the loop between them, the hairpin."""


def sure_logits(boxes, length):
    """Boxes heads that are sure of the targets and say nothing outside of them."""
    targets = box_targets(boxes, length)
    maps = np.zeros((123, length, length), dtype=np.float32)
    for head in BOX_HEADS:
        inside = targets.inside[head.kind]
        if head.output == "on":
            maps[head.channels] = np.where(inside, 20, -20)
        elif head.output == "size_l1":
            maps[head.channels] = targets.size[head.kind, head.axis]
        else:
            n_classes = N_LOCATION if head.output == "location" else N_SIZE
            classes = targets.location[head.kind, head.axis]
            if head.output == "size":
                classes = size_class(targets.size[head.kind, head.axis])
            classes = np.where(inside, classes, n_classes - 1)
            maps[head.channels] = 30 * np.eye(n_classes)[classes].transpose(2, 0, 1)
    return maps


def sure_loops(boxes):
    targets = loop_targets(boxes)
    classes = np.minimum(targets.gaps, N_GAP - 1).T
    parts = [np.eye(N_FACES)[targets.face], *np.eye(N_GAP)[classes]]
    logits = 30 * np.concatenate(parts, axis=1).astype(np.float32)
    inner, outer = (targets.side == side for side in (0, 1))
    sure = np.zeros(inner.sum(), dtype=np.float32)
    pairs = targets.pairs
    return LoopEnds(pairs[inner], pairs[outer], sure, sure, logits[inner], logits[outer])


def case_of(known, dense=True):
    """The example, and a network that is sure of the boxes `known`."""
    example, length = Example.from_dot_bracket(SEQ, STRUCTURE), len(SEQ)
    logits = sure_logits(known, length)
    on = box_targets(known, length).inside.astype(np.float32)
    stems = known[known[:, 0] == BoxKind.STEM]
    ends, loops = end_targets(stems, length), sure_loops(known)
    maps = Maps(ends, loops, on, count_votes(logits), logits if dense else None)
    return Case(example, maps, end_probabilities(SEQ), 0.25)


@pytest.fixture
def boxes():
    return Example.from_dot_bracket(SEQ, STRUCTURE).boxes


@pytest.fixture
def perfect(boxes):
    return case_of(boxes)


@pytest.fixture
def half_blind(boxes):
    """Sees the inner stem and its hairpin only."""
    return case_of(boxes[[INNER, HAIRPIN]])


def test_a_sure_network_finds_everything_first(perfect):
    ranked = RankedTargets()
    ranked.add(perfect)
    targets = ranked.targets
    assert targets["rank_ends"].max() == 1  # two stems, two loops
    assert targets["score_ends"].min() > 0.99
    assert targets["found_both"].all()
    assert ranked.methods == ["ends", "ensemble", "runs", "on", "votes", "union", "both", "rank"]
    assert len(ranked.pairs) == 8
    assert ranked.pairs["rank_ends"].max() == 1
    sequences = ranked.sequences.iloc[0]
    assert (sequences["length"], sequences["n_stem"], sequences["n_hairpin"]) == (25, 2, 1)
    assert sequences["stem_union"] == 2
    scores = ranked.scores("ends", BoxKind.STEM)[0]
    assert len(scores) == len(perfect.offered["ends"].stems.boxes)
    assert (np.diff(scores) <= 0).all()


def test_what_is_not_offered_has_no_rank(half_blind):
    ranked = RankedTargets()
    ranked.add(half_blind)
    targets = ranked.targets
    assert targets["rank_rank"].tolist() == [np.inf, 0, np.inf, 0]
    assert targets["score_rank"].tolist()[::2] == [-1, -1]
    assert targets["rank_runs"].tolist()[2:] == [np.inf, np.inf]  # runs offers no loops
    assert targets["found_union"].tolist() == [False, True, False, True]


def test_missed_boxes_by_property(half_blind):
    ranked, missed = RankedTargets(), MissedBoxes()
    for collector in (ranked, missed):
        collector.add(half_blind)
    table = missed_report(ranked, missed.properties).set_index(["kind", "property", "value"])
    whole = table.loc[("stem", "all", "all")]
    assert (whole["boxes"], whole["recall_union"]) == (2, 0.5)
    assert whole["on_found_union"] == 1  # its pixels are on,
    assert whole["on_missed_union"] == 0  # those of the other are off
    assert table.loc[("stem", "span", "16-31"), "recall_union"] == 0
    assert table.loc[("stem", "span", "<16"), "recall_union"] == 1
    assert table.loc[("interior_loop", "loop_type", "asymmetric"), "boxes"] == 1
    assert table.loc[("stem", "mfe_frequency", ".2-.3"), "boxes"] == 2
    assert ("hairpin", "ensemble", ">=.9") not in table.index


def test_properties_of_boxes():
    seq = "GGGGAAGGGGAAAACCCCAAACCCC"
    lines = boxes_to_array(
        [
            stem_box(0, 24, 4),
            stem_box(0, 24, 3),
            stem_box(1, 23, 2),
            interior_loop_box(3, 21, 4, 18),
            interior_loop_box(3, 21, 6, 20),
            interior_loop_box(3, 21, 5, 19),
            interior_loop_box(3, 21, 6, 18),
            hairpin_box(9, 14),
        ]
    )
    table = box_properties(lines, seq, end_probabilities(seq))
    assert table["run"].tolist()[:3] == ["maximal run", "trimmed by 1", "trimmed by 2+"]
    assert table["run"].isna().sum() == 5
    loops = ["bulge 3'", "bulge 5'", "1x1", "symmetric", "hairpin"]
    assert table["loop_type"].tolist()[3:] == loops
    assert table["ensemble"][0] in (".75-.9", ">=.9")
    assert table["gc"].tolist()[0] == ">=.9" and table["gc"].tolist()[7] == ".3-.45"
    assert table["size"].tolist() == ["4-5", "3", "2", "2", "2", "2", "4-5", "4-5"]


def test_pixels_of_boxes():
    on = np.zeros((3, 25, 25), dtype=np.float32)
    on[BoxKind.STEM, 0, 21:25] = 0.5
    on[BoxKind.HAIRPIN] = 0.2
    mean, share = pixels_on(boxes_to_array([stem_box(0, 24, 4), hairpin_box(9, 14)]), on)
    assert mean == pytest.approx([0.125, 0.2])  # of a hairpin only the upper triangle
    assert share.tolist() == [0.25, 1]


def test_what_was_proposed_instead():
    targets = [stem_box(0, 24, 4), interior_loop_box(3, 21, 6, 17), hairpin_box(9, 14)]
    near = Offers(boxes_to_array([stem_box(1, 23, 2)]), np.ones(1))
    loops = boxes_to_array([interior_loop_box(3, 21, 5, 18), hairpin_box(8, 15)])
    far = Offers(boxes_to_array([stem_box(0, 23, 3), stem_box(10, 17, 2)]), np.ones(2))
    found = proposed_instead(boxes_to_array(targets), Offered(near, Offers(loops, np.ones(2))), 9)
    assert found.tolist() == ["longer or shorter"] * 3
    shifted = proposed_instead(boxes_to_array(targets), Offered(far, Offers(loops[1:], far[1])), 9)
    assert shifted.tolist() == ["shifted", "nothing near", "longer or shorter"]
    none = proposed_instead(boxes_to_array(targets), Offered(near, Offers(loops, np.ones(2))), 0)
    assert none.tolist() == ["nothing near"] * 3


def test_votes_of_a_sure_network_come_from_inside(perfect, boxes):
    study = VoteStudy()
    study.add(perfect)
    table = study.report().set_index(["kind", "votes", "more_than", "at_most"])
    stems = table.loc[("stem", "softmax", 0.9, 1.0)]
    assert (stems["boxes"], stems["precision"], stems["recall"]) == (2, 1, 1)
    assert (stems["inside"], stems["outside"]) == (1, 0)
    whole = table.loc[("hairpin", "scalar", 0.0, np.inf)]
    assert whole["inside"] == pytest.approx(15 / 36)
    assert (
        box_voters(perfect.maps.boxes, boxes, perfect.voted)[:, [2, 4]].T.tolist()
        == [[16, 16, 20, 15]] * 2
    )


def test_votes_from_outside_are_told_apart(boxes):
    logits = sure_logits(boxes, len(SEQ))
    corner = (0, 24)
    for head in BOX_HEADS:  # (0, 20) lies left of the outer stem: let it point to that
        if head.kind is BoxKind.STEM:
            logits[head.channels, 0, 20] = logits[head.channels, *corner]
            if head.name == "stem/location_y":
                logits[head.channels, 0, 20] = 30 * np.eye(N_LOCATION)[4]
    case = case_of(boxes)
    maps = case.maps._replace(voted=count_votes(logits), boxes=logits)
    study = VoteStudy()
    study.add(Case(case.example, maps))
    table = study.report().set_index(["kind", "votes", "more_than", "at_most"])
    above_one = table.loc[("stem", "softmax", 1.0, 1.25)]
    assert (above_one["boxes"], above_one["precision"]) == (1, 1)
    assert (above_one["inside"], above_one["outside"]) == (1, 1 / 16)


def test_votes_need_the_logits(boxes):
    with pytest.raises(ValueError, match="logits of the boxes heads"):
        VoteStudy().add(case_of(boxes, dense=False))


def test_reliability_of_a_sure_network(perfect):
    reliability = Reliability()
    add_case(reliability, perfect)
    table = reliability.report()
    top = table[(table["quantity"] == "stem") & (table["length"] == "all")].iloc[-1]
    assert (top["n"], top["outcome"], top["most"]) == (2, 1, 1)
    assert top["ece"] < 0.01
    assert top["ratio"] == pytest.approx(1, abs=0.01)
    exact = table[(table["quantity"] == ENSEMBLE) & (table["length"] == "<=60")]
    assert exact["n"].sum() == table[table["quantity"] == AGAINST_EXACT]["n"].sum() / 2
    on = table[(table["quantity"] == "on hairpin, near boxes") & (table["least"] == 0.9)]
    assert on["n"].tolist() == [15, 15]


def test_calibration_errors():
    reliability = Reliability()
    reliability.add("x", 80, [0.25] * 4 + [0.95, 0.002], [0, 0, 0, 1, 0, 0])
    reliability.add("x", 180, [0.25], [0.25])
    table = reliability.report()
    whole = table[table["length"] == "61-100"]
    assert whole["n"].tolist() == [1, 4, 1]
    assert whole["ece"].iloc[0] == pytest.approx((0 * 4 + 0.95) / 5)
    assert whole["ece_all"].iloc[0] == pytest.approx((0.002 + 0.95) / 6)
    assert whole["ratio"].iloc[0] == pytest.approx(1.952)
    assert table[table["length"] == "151-200"]["rmse"].tolist() == [0]
