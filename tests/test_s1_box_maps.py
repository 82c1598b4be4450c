import numpy as np
import pytest

from boxfold.features.box import BoxKind, boxes_to_array, hairpin_box, interior_loop_box, stem_box
from boxfold.s1.batches import Example
from boxfold.s1.box_maps import BACKGROUND, box_maps, maps_from_ends
from boxfold.s1.box_targets import BOX_HEADS, N_BOX_CHANNELS, batch_targets, box_targets
from boxfold.s1.ends import end_targets
from boxfold.s1.evaluation import evaluate_s1
from boxfold.s1.loop_ends import N_FACES, N_GAP, LoopEnds, loop_targets
from boxfold.s1.metrics import METRIC_NAMES, BoxMetrics, example_metrics
from boxfold.s1.model import Maps
from boxfold.s1.propose import ProposeConfig
from boxfold.s1.scored_boxes import scored_boxes
from boxfold.s1.votes import count_votes

STEM, INTERIOR, HAIRPIN = BoxKind
HEADS = {head.name: head for head in BOX_HEADS}
SEQ = "GGGGAAGGGGAAAACCCCAAACCCC"
STRUCTURE = "((((..((((....))))...))))"
OTHERS = (
    ("GGGGAAAACCCC", "((((....))))"),
    ("GGGAGGGAAAACCCAGGGGAAAACCCCACCC", "(((.(((....))).((((....)))).)))"),
    ("AAAAAAAA", "........"),
    ("GGGGGGGGGGGGGGAAAAAAAAAAAACCCCCCCCCCCCCC", "((((((((((((((............))))))))))))))"),
)
PERFECT = {name: 0.0 if name.endswith("_l1") else 1.0 for name in METRIC_NAMES}


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def at(maps, name, pixel):
    """Outputs of one head at a pixel; probabilities of classes."""
    head = HEADS[name]
    values = maps[head.channels, pixel[0], pixel[1]].astype(float)
    if head.output == "on":
        return float(sigmoid(values[0]))
    return values[0] if head.output == "size_l1" else np.exp(values)


def flat(length):
    """Learned outputs that are sure of nothing on, and of the last class and size 7 everywhere."""
    maps = np.zeros((N_BOX_CHANNELS, length, length), dtype=np.float32)
    for head in BOX_HEADS:
        maps[head.channels] = {"on": -20, "size_l1": 7}.get(head.output, 0)
        if head.output in ("location", "size"):
            maps[head.channels.stop - 1] = 30
    return maps


def test_two_stems_share_pixels():
    # Squares of 3 and 2 rows: (1, 8) is in both, (0, 9) only in the first.
    boxes = boxes_to_array([stem_box(0, 9, 3), stem_box(1, 8, 2)])
    maps = box_maps(boxes, np.array([0.5, 0.3]), 10, flat(10))
    assert at(maps, "stem/on", (0, 9)) == pytest.approx(0.5, abs=1e-6)
    assert at(maps, "stem/on", (1, 8)) == pytest.approx(0.8, abs=1e-6)
    total = 0.8 + BACKGROUND
    for axis in "xy":
        found = at(maps, f"stem/location_{axis}", (1, 8))
        wanted = {1: 0.5, 0: 0.3, 11: BACKGROUND}
        np.testing.assert_allclose(found, [wanted.get(k, 0) / total for k in range(12)], atol=1e-6)
    size = at(maps, "stem/size", (1, 8))
    assert size[[2, 1, 10]] * total == pytest.approx([0.5, 0.3, BACKGROUND], abs=1e-6)
    assert at(maps, "stem/size_l1", (1, 8)) == 3
    swapped = box_maps(boxes, np.array([0.3, 0.5]), 10, flat(10))
    assert at(swapped, "stem/location_x", (1, 8)).argmax() == 0
    assert at(swapped, "stem/size", (1, 8)).argmax() == 1
    assert at(swapped, "stem/size_l1", (1, 8)) == 2
    assert at(swapped, "stem/size_l1", (0, 9)) == 3  # only the longer one is there


def test_the_sum_stays_a_probability():
    boxes = boxes_to_array([stem_box(0, 9, 3), stem_box(0, 9, 2)])
    assert at(box_maps(boxes, np.array([0.9, 0.8]), 10), "stem/on", (0, 9)) == pytest.approx(
        1 - 1e-6, abs=2e-7
    )


@pytest.mark.parametrize(
    ("sizes", "weights", "median"),
    [
        ([4], [0.01], 4),
        ([2, 4], [0.25, 0.25], 2),  # exactly half: the smaller
        ([2, 4], [0.25, 0.26], 4),
        ([4, 3, 2], [0.25, 0.125, 0.125], 3),  # 2 and 3 make exactly half
        ([2, 3, 4], [0.2, 0.1, 0.2], 3),
        ([5, 1, 2], [0.4, 0.1, 0.2], 5),
        ([1, 2, 3, 4, 5], [0.1] * 5, 3),
        ([1, 2, 3, 4], [0.1] * 4, 2),
    ],
)
def test_scalar_is_the_weighted_median(sizes, weights, median):
    boxes = boxes_to_array([stem_box(0, 15, size) for size in sizes])
    maps = box_maps(boxes, np.array(weights), 16)
    assert at(maps, "stem/size_l1", (0, 15)) == median
    loss = [np.dot(weights, np.abs(np.subtract(sizes, n))) for n in range(1, 6)]
    assert loss[median - 1] == pytest.approx(min(loss))


def test_a_median_is_right_after_many_other_groups():
    """Shares are differences of a running sum: a tie must stay one at its end."""
    pairs = [(0, 4 * k + 9) for k in range(60)]
    boxes = [stem_box(i, j, n) for i, j in pairs for n in (1, 3)]
    weights = np.repeat(np.random.default_rng(0).uniform(size=len(pairs)), 2)
    maps = box_maps(boxes_to_array(boxes), weights, 250)
    assert [at(maps, "stem/size_l1", pair) for pair in pairs] == [1] * len(pairs)


def test_hairpins_count_in_the_upper_triangle_only():
    maps = box_maps(boxes_to_array([hairpin_box(2, 7)]), np.array([0.75]), 12)
    on = sigmoid(maps[HEADS["hairpin/on"].channels][0])
    inside = np.zeros((12, 12), dtype=bool)
    inside[2:8, 2:8] = True
    upper = np.triu(np.ones((12, 12), dtype=bool), 1)
    np.testing.assert_allclose(on[inside & upper], 0.75 + BACKGROUND / 2, atol=1e-5)
    np.testing.assert_allclose(on[~inside & upper], BACKGROUND / 2, atol=1e-5)
    assert (maps[:, ~upper] == 0).all()
    i, j = np.nonzero(inside & upper)
    location = maps[HEADS["hairpin/location_x"].channels][:, i, j].argmax(axis=0)
    assert location.tolist() == (i - 2).tolist()
    location = maps[HEADS["hairpin/location_y"].channels][:, i, j].argmax(axis=0)
    assert location.tolist() == (7 - j).tolist()
    assert (maps[HEADS["hairpin/size"].channels][:, i, j].argmax(axis=0) == 5).all()
    assert (maps[HEADS["hairpin/size_l1"].channels][0, i, j] == 6).all()


def test_interior_loops_have_two_sizes_and_far_away_is_one_class():
    maps = box_maps(boxes_to_array([interior_loop_box(1, 30, 4, 16)]), np.array([0.6]), 32)
    assert at(maps, "interior_loop/size_x", (2, 20)).argmax() == 3
    assert at(maps, "interior_loop/size_y", (2, 20)).argmax() == 10  # 15, in the catch-all
    assert at(maps, "interior_loop/size_x_l1", (2, 20)) == 4
    assert at(maps, "interior_loop/size_y_l1", (2, 20)) == 15
    assert at(maps, "interior_loop/location_x", (4, 16)).argmax() == 3
    assert at(maps, "interior_loop/location_y", (4, 20)).argmax() == 10
    assert at(maps, "interior_loop/location_y", (4, 16)).argmax() == 11
    assert at(maps, "interior_loop/on", (4, 16)) == pytest.approx(0.6 + BACKGROUND / 2, abs=1e-6)


def test_learned_outputs_decide_where_no_box_is():
    rng = np.random.default_rng(0)
    learned = rng.normal(size=(N_BOX_CHANNELS, 14, 14)).astype(np.float32)
    maps = box_maps(boxes_to_array([stem_box(0, 13, 3)]), np.array([1.0]), 14, learned)
    free = np.triu(np.ones((14, 14), dtype=bool), 1)
    free[:3, 11:] = False
    i, j = np.nonzero(free)
    for head in BOX_HEADS:
        got, own = maps[head.channels, i, j], learned[head.channels, i, j]
        if head.output == "on":
            np.testing.assert_allclose(sigmoid(got), BACKGROUND * sigmoid(own), rtol=1e-4)
            assert (np.argsort(got[0]) == np.argsort(own[0])).all()
        elif head.output == "size_l1":
            assert (got == own).all()
        else:
            log = own - np.logaddexp.reduce(own, axis=0)
            np.testing.assert_allclose(got, log, atol=1e-5)
    size = HEADS["hairpin/size_l1"].channels  # of a kind without a box also on the stem's pixels
    assert (maps[size, :3, 11:] == learned[size, :3, 11:]).all()


def test_less_probable_boxes_than_the_background_leave_the_learned_size():
    boxes = boxes_to_array([stem_box(0, 13, 3)])
    for score, size in ((BACKGROUND / 2, 7), (BACKGROUND * 2, 3)):
        maps = box_maps(boxes, np.array([score]), 14, flat(14))
        assert at(maps, "stem/size_l1", (0, 13)) == size
        location = at(maps, "stem/location_x", (0, 13))
        assert location.argmax() == (11 if size == 7 else 0)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_no_boxes_at_all(length):
    maps = box_maps(np.zeros((0, 5), dtype=np.int64), np.zeros(0), length)
    assert maps.shape == (N_BOX_CHANNELS, length, length) and maps.dtype == np.float32
    upper = np.triu(np.ones((length, length), dtype=bool), 1)
    for head in BOX_HEADS:
        width = head.channels.stop - head.channels.start
        logit = np.log(BACKGROUND / 2) - np.log1p(-BACKGROUND / 2)
        expected = {"on": logit, "size_l1": 0}.get(head.output, -np.log(width))
        np.testing.assert_allclose(maps[head.channels][:, upper], expected, atol=1e-5)


def structures():
    return [Example.from_dot_bracket(*pair) for pair in ((SEQ, STRUCTURE), *OTHERS)]


@pytest.mark.parametrize("example", structures(), ids=lambda e: str(len(e.seq)))
def test_boxes_of_a_certain_structure_give_back_its_targets(example):
    length = len(example.seq)
    targets = box_targets(example.boxes, length)
    rng = np.random.default_rng(1)
    learned = rng.normal(size=(N_BOX_CHANNELS, length, length)).astype(np.float32)
    maps = box_maps(example.boxes, np.ones(len(example.boxes)), length, learned)
    for head in BOX_HEADS:
        inside = targets.inside[head.kind]
        found = maps[head.channels][:, inside]
        size = targets.size[head.kind, head.axis][inside]
        if head.output == "on":
            on = sigmoid(maps[head.channels][0])
            upper = np.triu(np.ones_like(inside), 1)
            assert (on[inside] > 0.999).all() and (on[upper & ~inside] <= BACKGROUND).all()
        elif head.output == "location":
            wanted = targets.location[head.kind, head.axis][inside]
            assert found.argmax(axis=0).tolist() == wanted.tolist()
        elif head.output == "size":
            assert found.argmax(axis=0).tolist() == (np.minimum(size, 11) - 1).tolist()
        else:
            assert found[0].tolist() == size.tolist()
    metrics = dict(zip(METRIC_NAMES, example_metrics(maps, targets), strict=True))
    present = {BoxKind(kind).label for kind in example.boxes[:, 0]}
    for name, value in metrics.items():
        assert value == PERFECT[name] if name.split("/")[0] in present else np.isnan(value), name


def test_a_batch_of_structures_is_perfect_too():
    examples = structures()
    longest = max(len(example.seq) for example in examples)
    targets = [box_targets(example.boxes, len(example.seq)) for example in examples]
    logits = np.zeros((len(examples), N_BOX_CHANNELS, longest, longest), dtype=np.float32)
    for line, example in zip(logits, examples, strict=True):
        n = len(example.seq)
        line[:, :n, :n] = box_maps(example.boxes, np.ones(len(example.boxes)), n)
    metrics = BoxMetrics()
    metrics.add(logits, batch_targets(targets, longest))
    assert metrics.summary() == PERFECT


def certain_maps(example, learned):
    """Sure of the structure in the ends and loops heads; the boxes heads say `learned`."""
    targets = loop_targets(example.boxes)
    parts = [np.eye(N_FACES)[targets.face], *np.eye(N_GAP)[targets.gaps.T]]
    logits = 30 * np.concatenate(parts, axis=1).astype(np.float32)
    inner, outer = (targets.side == side for side in (0, 1))
    sure = np.zeros(inner.sum(), dtype=np.float32)
    loops = LoopEnds(
        targets.pairs[inner], targets.pairs[outer], sure, sure, logits[inner], logits[outer]
    )
    ends = end_targets(example.stems, len(example.seq))
    on = np.zeros((3, *ends.shape[1:]), dtype=np.float32)
    return Maps(ends, loops, on, count_votes(learned), learned)


def test_maps_from_ends_are_of_the_scored_boxes():
    example = Example.from_dot_bracket(SEQ, STRUCTURE)
    n = len(SEQ)
    learned = np.random.default_rng(3).normal(size=(N_BOX_CHANNELS, n, n)).astype(np.float32)
    maps = certain_maps(example, learned)
    found = scored_boxes(SEQ, maps, 4 * n)
    boxes = np.concatenate([found.stems, found.loops])
    score = np.concatenate([found.stem_score, found.loop_score])
    expected = box_maps(boxes, score, n, learned)
    np.testing.assert_array_equal(maps_from_ends(SEQ, maps), expected)
    without = maps_from_ends(SEQ, maps._replace(boxes=None))
    np.testing.assert_array_equal(without, box_maps(boxes, score, n))


def test_evaluation_of_either_outputs():
    """Ends and loops that are sure and right, boxes heads that know nothing."""
    examples = [Example.from_dot_bracket(*pair) for pair in ((SEQ, STRUCTURE), OTHERS[1])]

    class Model:
        def maps(self, seqs, dense):
            assert dense
            for index, example in enumerate(examples):
                yield index, certain_maps(example, flat(len(seqs[index])))

    configs = [ProposeConfig("ends", max_boxes=8)]
    results = {}
    for outputs in ("ends", "boxes"):
        metrics, _ = evaluate_s1(Model(), examples, configs, outputs=outputs)
        assert metrics["box_recall"] == {"stem": 1, "interior_loop": 1, "hairpin": 1}
        kinds = [kind.label for kind in BoxKind]
        results[outputs] = {f"{k}/{name}": v for k in kinds for name, v in metrics[k].items()}
    assert results["ends"] == pytest.approx(PERFECT)
    assert evaluate_s1(Model(), examples, configs)[0]["stem"]["size_l1"] == 0  # the default
    boxes = results["boxes"]
    assert [boxes[f"{kind}/auroc"] for kind in kinds] == [0.5] * 3  # the same everywhere
    assert boxes["stem/location_x"] == boxes["stem/size"] == 0
    # Pixels of stems of 4, 4 pairs and of 3, 3, 4; the size is 7 everywhere.
    wanted = (3 + (2 * 9 * 4 + 16 * 3) / (2 * 9 + 16)) / 2
    assert boxes["stem/size_l1"] == pytest.approx(wanted)
