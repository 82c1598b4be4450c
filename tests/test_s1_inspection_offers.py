import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import (
    BoxKind,
    boxes_to_array,
    hairpin_box,
    line_keys,
    stem_base_pairs,
    stem_box,
)
from boxfold.rewards.ensemble import end_probabilities
from boxfold.s1.ends import end_targets
from boxfold.s1.inspection.offers import (
    NEVER,
    OLD_SETTINGS,
    box_ranks,
    ends_offers,
    exact_offers,
    old_choices,
    pair_ranks,
    possible_votes,
    run_offers,
    vote_offers,
    vote_shares,
)
from boxfold.s1.loop_ends import LoopEnds
from boxfold.s1.model import Maps
from boxfold.s1.votes import VotedBoxes

SEQ = "GGGGAAAACCCC"


def voted(boxes, on, n_softmax, n_scalar, score):
    """Votes of two sorts with the numbers given."""
    ones = np.ones(len(boxes), dtype=np.float32)
    counts = (np.array(n_softmax), np.array(n_scalar))
    numbers = (np.array(on, dtype=np.float32), *counts, ones, ones)
    return VotedBoxes(boxes_to_array(boxes), *numbers, np.array(score, dtype=np.float32))


@pytest.fixture
def four_stems():
    stems = [stem_box(0, 11, n) for n in (1, 2, 3, 4)]
    return voted(stems, [0.9, 0.05, 0.5, 0.005], [0, 3, 1, 8], [0, 4, 2, 16], [0.4, 0.3, 0.2, 0.1])


def order_of(offers):
    return offers.stems.boxes[:, 3].tolist()


def test_methods_rank_as_their_thresholds_would(four_stems):
    offered = vote_offers(four_stems)
    assert vote_shares(four_stems).tolist() == pytest.approx([0, 1, 2 / 9, 1])
    assert order_of(offered["on"]) == [1, 3, 2, 4]
    assert order_of(offered["votes"]) == [2, 4, 3, 1]  # 2 and 4 are level: the score decides
    assert order_of(offered["rank"]) == [1, 2, 3, 4]
    # Ranks by on 0, 2, 1, 3 and by votes 3, 0, 2, 1.
    assert order_of(offered["union"]) == [1, 2, 3, 4]
    assert order_of(offered["both"]) == [2, 3, 1, 4]
    assert len(offered["on"].loops.boxes) == 0


def test_a_hairpin_needs_half_the_share():
    two = voted([hairpin_box(0, 9), stem_box(0, 11, 2)], [0, 0], [30, 2], [0, 0], [0.1, 0.1])
    assert vote_shares(two).tolist() == pytest.approx([0.6, 0.5])


def test_old_settings_keep_what_is_above_their_threshold(four_stems):
    kept = {label: boxes[:, 3].tolist() for label, boxes in old_choices(four_stems).items()}
    assert list(kept) == list(OLD_SETTINGS)
    assert kept["on .1"] == [1, 3]
    assert kept["on .02"] == [1, 2, 3]
    assert kept["on .001"] == [1, 2, 3, 4]
    assert kept["votes .2"] == [2, 3, 4]
    assert kept["votes .5"] == [2, 4]
    assert kept["union"] == [1, 2, 3, 4]
    assert kept["both"] == []
    assert kept["all votes"] == [1, 2, 3, 4]


def test_impossible_votes_are_left_out():
    out_of_range = stem_box(0, 13, 2)
    mixed = voted([stem_box(0, 11, 2), out_of_range, stem_box(4, 8, 1)], *[[1, 1, 1]] * 4)
    assert possible_votes(mixed, SEQ).boxes.tolist() == [[0, 0, 10, 2, 2]]


def test_ends_and_exact_maps_offer_every_sub_run():
    stems = boxes_to_array([stem_box(0, 11, 4)])
    nothing = (np.zeros((0, 2), dtype=np.int64), np.zeros(0), np.zeros((0, 35)))
    loops = LoopEnds(*(part for part in nothing for _ in range(2)))
    on = np.zeros((3, 12, 12), dtype=np.float32)
    maps = Maps(end_targets(stems, 12), loops, on, voted([], *[[]] * 4))
    offered = ends_offers(maps, SEQ)
    exact = exact_offers(end_probabilities(SEQ), SEQ)
    assert offered.stems.boxes[0].tolist() == exact.stems.boxes[0].tolist() == [0, 0, 8, 4, 4]
    assert len(offered.stems.boxes) == len(exact.stems.boxes) == 30
    assert (np.diff(exact.stems.score) <= 0).all()
    assert len(exact.loops.boxes) == len(offered.loops.boxes) == 0


def test_runs_are_maximal_and_have_two_pairs():
    offered = run_offers("GGGAAAACCC")
    assert offered.stems.boxes.tolist()[0] == [0, 0, 7, 3, 3]
    assert sorted(offered.stems.boxes[:, 3].tolist()) == [2, 2, 3]
    assert len(offered.loops.boxes) == 0


boxes = st.tuples(
    st.sampled_from(list(BoxKind)), *[st.integers(0, 6)] * 2, *[st.integers(1, 4)] * 2
)


@given(st.lists(boxes, max_size=12), st.lists(boxes, max_size=30, unique=True))
@settings(max_examples=60)
def test_ranks_are_places_in_the_list(targets, offered):
    arrays = [np.array(lines, dtype=np.int64).reshape(-1, 5) for lines in (targets, offered)]
    expected = [offered.index(box) if box in offered else NEVER for box in targets]
    assert box_ranks(*arrays).tolist() == expected
    assert len(set(line_keys(arrays[1]).tolist())) == len(offered)


@given(st.data())
@settings(max_examples=30)
def test_pairs_have_the_rank_of_the_first_stem_that_holds_them(data):
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    stems = boxes_to_array(
        [
            stem_box(int(i), int(j), int(n))
            for i, j, n in rng.integers((0, 12, 1), (5, 20, 4), (9, 3))
        ]
    )
    pairs = rng.integers(0, 20, size=(15, 2))
    held = [{tuple(pair) for pair in stem_base_pairs(stem[None]).tolist()} for stem in stems]
    expected = [
        next((rank for rank, inside in enumerate(held) if tuple(pair) in inside), NEVER)
        for pair in pairs.tolist()
    ]
    assert pair_ranks(pairs, stems, 20).tolist() == expected
