import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import BoxKind
from boxfold.features.loops import structure_boxes
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.box_targets import BOX_HEADS, N_LOCATION, N_SIZE, box_targets, size_class
from boxfold.s1.pruning import PruneConfig, prune_boxes
from boxfold.s1.votes import (
    STEM_PRIOR,
    VOTE_METHODS,
    choose_boxes,
    count_votes,
    pixel_votes,
    tally_votes,
)

STEM, INTERIOR, HAIRPIN = BoxKind
EXAMPLE_A = "((((..((((....))))...))))"
HEADS = {head.name: head for head in BOX_HEADS}


def boxes_of(dot_bracket):
    return structure_boxes(base_pairs_from_dot_bracket(dot_bracket))


def perfect_maps(boxes, length):
    """Logits that are sure of the targets, and point nowhere outside boxes."""
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
            classes = (
                targets.location[head.kind, head.axis]
                if head.output == "location"
                else size_class(targets.size[head.kind, head.axis])
            )
            classes = np.where(inside, classes, n_classes - 1)
            maps[head.channels] = 30 * np.eye(n_classes)[classes].transpose(2, 0, 1)
    return maps


def sort_lines(lines):
    return sorted(np.asarray(lines).tolist())


def one_voter(length, pixel, kind, location, size, scalar=None):
    """Every pixel points nowhere but one."""
    maps = perfect_maps(np.zeros((0, 5), dtype=int), length)
    place = (slice(None), *pixel)
    maps[HEADS[f"{kind}/on"].channels][place] = 0.0  # p = .5
    axes = ("_x", "_y") if kind == "interior_loop" else ("",)
    chosen = dict(zip(("location_x", "location_y"), location, strict=True))
    chosen |= {f"size{axis}": n - 1 for axis, n in zip(axes, size, strict=True)}
    for name, value in chosen.items():
        logits = maps[HEADS[f"{kind}/{name}"].channels]
        logits[place] = 0.0
        logits[(value, *pixel)] = 30.0
    for axis, n in zip(axes, size if scalar is None else scalar, strict=True):
        maps[HEADS[f"{kind}/size{axis}_l1"].channels][place] = n
    return maps


@pytest.mark.parametrize("method", VOTE_METHODS)
def test_perfect_maps_return_exactly_the_targets(method):
    boxes = boxes_of(EXAMPLE_A)
    found = choose_boxes(count_votes(perfect_maps(boxes, 25)), method)
    assert sort_lines(found.boxes) == sort_lines(boxes)
    by_kind = dict(zip(map(tuple, found.boxes.tolist()), found.n_softmax.tolist(), strict=True))
    assert by_kind == {
        (0, 0, 21, 4, 4): 16,
        (0, 6, 14, 4, 4): 16,
        (1, 3, 17, 4, 5): 20,
        (2, 9, 9, 6, 6): 15,
    }
    np.testing.assert_array_equal(found.n_scalar, found.n_softmax)
    np.testing.assert_allclose(found.share_softmax, [1, 1, 1, 15 / 36])
    np.testing.assert_allclose(found.score, [16 / 24, 16 / 24, 1, 1], atol=1e-5)
    np.testing.assert_allclose(found.probability_softmax, 1, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_round_trip_of_any_nested_structure(data):
    """Targets -> maps -> votes -> targets, but for a single pair between two interior loops."""
    seed = data.draw(st.integers(0, 10_000))
    dot_bracket = random_nested(np.random.default_rng(seed), data.draw(st.integers(8, 40)))
    boxes = boxes_of(dot_bracket)
    found = choose_boxes(count_votes(perfect_maps(boxes, len(dot_bracket))), "on")
    small = np.all(boxes[:, 3:] <= 11, axis=1)  # further pixels fall into the catch-all
    assert {tuple(b) for b in boxes[small].tolist()} <= {tuple(b) for b in found.boxes.tolist()}
    assert {tuple(b) for b in found.boxes.tolist()} <= {tuple(b) for b in boxes.tolist()}


def random_nested(rng, length):
    text, open_pairs = [], 0
    for position in range(length):
        left = length - position
        if open_pairs == left:
            text.append(")")
        else:
            text.append(rng.choice(list("(.)" if open_pairs else "(.")))
            if text[-1] == "(" and open_pairs + 2 > left:
                text[-1] = "."
        open_pairs += {"(": 1, ")": -1, ".": 0}[text[-1]]
    return "".join(text)


def test_one_stem_voter_by_hand():
    found = count_votes(one_voter(12, (3, 8), "stem", (2, 1), (3,), scalar=(4.4,)))
    # Corner (1, 9); by softmax 3 pairs, by scalar 4.
    assert sort_lines(found.boxes) == [[STEM, 1, 6, 4, 4], [STEM, 1, 7, 3, 3]]
    by_size = dict(zip(found.boxes[:, 3].tolist(), range(2), strict=True))
    three, four = by_size[3], by_size[4]
    assert (found.n_softmax[three], found.n_scalar[three]) == (1, 0)
    assert (found.n_softmax[four], found.n_scalar[four]) == (0, 1)
    np.testing.assert_allclose(found.on_probability, 0.5)
    # The size probability enters once, the location probabilities once each.
    assert found.probability_softmax[three] == pytest.approx(0.5)
    assert found.probability_scalar[four] == pytest.approx(0.5)
    assert found.probability_scalar[three] == 0
    assert found.score[three] == pytest.approx(0.5 / (9 + STEM_PRIOR))


@pytest.mark.parametrize(
    ("location", "size", "n_votes"),
    [((11, 0), (3,), 0), ((0, 11), (3,), 0), ((0, 0), (11,), 1), ((10, 0), (10,), 2)],
)
def test_catch_all_votes_are_discarded(location, size, n_votes):
    """A location in the catch-all silences a pixel, a size there only its softmax vote."""
    found = count_votes(one_voter(12, (3, 8), "stem", location, size))
    assert found.n_softmax.sum() + found.n_scalar.sum() == n_votes


def test_interior_loops_have_two_sizes():
    found = count_votes(one_voter(20, (5, 15), "interior_loop", (1, 2), (4, 5)))
    assert found.boxes.tolist() == [[INTERIOR, 4, 13, 4, 5]]
    assert (found.n_softmax.item(), found.n_scalar.item()) == (1, 1)


def test_thresholds_are_strict_and_halved_for_hairpins():
    hairpin = np.array([[HAIRPIN, 2, 2, 6, 6]])
    voted = count_votes(perfect_maps(hairpin, 10))  # share 15 / 36 = .417
    assert len(choose_boxes(voted, "votes", vote_threshold=0.8).boxes) == 1
    assert len(choose_boxes(voted, "votes", vote_threshold=0.84).boxes) == 0
    stem = count_votes(one_voter(12, (3, 8), "stem", (0, 0), (1,)))
    assert len(choose_boxes(stem, "votes", vote_threshold=0.99).boxes) == 1
    assert len(choose_boxes(stem, "votes", vote_threshold=1.0).boxes) == 0
    assert len(choose_boxes(stem, "on", on_threshold=0.49).boxes) == 1
    assert len(choose_boxes(stem, "on", on_threshold=0.5).boxes) == 0


def test_methods_combine_both_thresholds():
    # A pixel with p_on .5 and one vote for a 2 x 2 stem: share 1/4.
    voted = count_votes(one_voter(12, (3, 8), "stem", (0, 0), (2,)))

    def n(method, on, share):
        return len(choose_boxes(voted, method, on, share).boxes)

    kept = {m: [n(m, on, s) for on in (0.4, 0.6) for s in (0.2, 0.3)] for m in VOTE_METHODS}
    assert kept == {
        "on": [1, 1, 0, 0],
        "votes": [1, 0, 1, 0],
        "union": [1, 1, 1, 0],
        "both": [1, 0, 0, 0],
        "rank": [1, 1, 1, 1],
    }
    with pytest.raises(ValueError, match="known are on, votes"):
        choose_boxes(voted, "vote")


def test_counts_equal_a_loop_over_pixels():
    maps = np.random.default_rng(1).normal(size=(123, 9, 9)).astype(np.float32)
    voted = count_votes(maps)
    probabilities = {}
    for kind in ("stem", "interior_loop", "hairpin"):
        axes = ("_x", "_y") if kind == "interior_loop" else ("", "")
        for i in range(9):
            for j in range(i + 1, 9):
                _loop_votes(maps[:, i, j], kind, axes, (i, j), probabilities)
    lines = list(map(tuple, voted.boxes.tolist()))
    assert set(lines) == set(probabilities)
    for n, line in enumerate(lines):
        softmax, scalar = probabilities[line]
        assert (voted.n_softmax[n], voted.n_scalar[n]) == (len(softmax), len(scalar))
        assert voted.probability_softmax[n] == pytest.approx(np.median(softmax or [0]), rel=1e-5)
        assert voted.probability_scalar[n] == pytest.approx(np.median(scalar or [0]), rel=1e-5)


def _loop_votes(pixel, kind, axes, place, probabilities):
    def softmax(name):
        values = np.exp(pixel[HEADS[f"{kind}/{name}"].channels])
        return values.argmax(), values.max() / values.sum()

    on = 1 / (1 + np.exp(-pixel[HEADS[f"{kind}/on"].channels.start]))
    (x, p_x), (y, p_y) = softmax("location_x"), softmax("location_y")
    if x == 11 or y == 11:
        return
    sizes, p_sizes = zip(*(softmax(f"size{a}") for a in axes), strict=True)
    scalars = [pixel[HEADS[f"{kind}/size{a}_l1"].channels.start] for a in axes]
    scalars = [max(1, round(float(s))) for s in scalars]
    p_size = np.prod(p_sizes) if kind == "interior_loop" else p_sizes[0]
    number = BoxKind[kind.upper()].value

    def add(rows, columns, sort, probability):
        line = (number, place[0] - x, place[1] + y - columns + 1, rows, columns)
        probabilities.setdefault(line, ([], []))[sort].append(probability)

    if max(sizes) < 10:
        add(sizes[0] + 1, sizes[1] + 1, 0, on * p_x * p_y * p_size)
    add(scalars[0], scalars[1], 1, on * p_x * p_y)


def test_votes_of_parts_of_the_pixels_are_tallied_as_of_all():
    maps = np.random.default_rng(2).normal(size=(123, 11, 11)).astype(np.float32)
    i, j = np.triu_indices(11, 1)
    parts = np.split(np.arange(len(i)), [0, 7, 30])  # the first one is empty
    votes = [pixel_votes(maps[:, i[part], j[part]], i[part], j[part], 11) for part in parts]
    whole, joined = count_votes(maps), tally_votes(votes)
    for name in whole._fields:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name), err_msg=name)
    # Scalar sizes end behind the sequence, not behind the pixels of a part.
    maps[HEADS["stem/size_l1"].channels] = 99
    voted = tally_votes([pixel_votes(maps[:, i[:3], j[:3]], i[:3], j[:3], 11)])
    assert voted.boxes[(voted.boxes[:, 0] == STEM) & (voted.n_scalar > 0), 3].max() == 12


def test_smallest_grids_vote_for_nothing_or_little():
    assert len(count_votes(np.zeros((123, 1, 1), dtype=np.float32)).boxes) == 0
    assert len(count_votes(np.zeros((123, 2, 2), dtype=np.float32)).boxes) == 3


def test_example_a_survives_pruning():
    found = choose_boxes(count_votes(perfect_maps(boxes_of(EXAMPLE_A), 25)), "rank")
    keep, counts = prune_boxes(found.boxes, "GGGGAAGGGGAAAACCCCAAACCCC", PruneConfig())
    assert keep.all() and counts.sum() == 0
