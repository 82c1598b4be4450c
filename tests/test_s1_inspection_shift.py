import numpy as np
import pytest
import torch

from boxfold.features.box import Box, BoxKind, boxes_to_array, stem_box
from boxfold.features.loops import structure_boxes
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.box_targets import BOX_HEADS, N_BOX_CHANNELS, box_pixels
from boxfold.s1.inspection.shift import LINES, aims, is_expressible, line_pixels, right_class
from boxfold.s1.inspection.shift_drawing import shift_table
from boxfold.s1.inspection.shift_statistics import ShiftStatistics, box_voters
from boxfold.s1.votes import count_votes

STEM, INTERIOR, HAIRPIN = BoxKind
EXAMPLE_A = "((((..((((....))))...))))"
SINGLE_PAIRS = "..(.(.(....).).).."


def boxes_of(dot_bracket):
    return structure_boxes(base_pairs_from_dot_bracket(dot_bracket))


def silent_logits(length):
    """Pixels that are off and point out of reach, with size 1."""
    logits = np.zeros((N_BOX_CHANNELS, length, length), dtype=np.float32)
    for head in BOX_HEADS:
        if head.output == "on":
            logits[head.channels] = -5
        else:
            logits[head.channels.stop - 1 if head.output == "location" else head.channels] = 1
    return logits


def point(logits, box, i, j, strength=8.0):
    """Make a pixel say exactly this box."""
    steps = (i - box[1], box[2] + box[4] - 1 - j)
    for head in BOX_HEADS:
        if head.kind == box[0]:
            channels = logits[head.channels, i, j]
            channels[:] = 0
            if head.output == "on":
                channels[0] = 5
            elif head.output == "size_l1":
                channels[0] = box[3 + head.axis] + 0.3
            elif head.output == "size":
                channels[min(box[3 + head.axis], 11) - 1] = strength
            else:
                channels[min(steps[head.axis], 11)] = strength


def perfect_logits(boxes, length):
    logits = silent_logits(length)
    line, i, j = box_pixels(boxes)
    for box, row, column in zip(boxes[line].tolist(), i.tolist(), j.tolist(), strict=True):
        if row < column:
            point(logits, box, row, column)
    return logits


def random_logits(length, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(N_BOX_CHANNELS, length, length)).astype(np.float32)
    for head in BOX_HEADS:  # low classes and sizes, so that some pixels do point to boxes
        if head.output == "size_l1":
            logits[head.channels] += 3
        elif head.output != "on":
            logits[head.channels][:4] += 1.5
    return logits


@pytest.mark.parametrize(
    ("line", "pixels"),
    [
        ("top_row", [(5, 20), (5, 19), (5, 18), (5, 17), (5, 16), (5, 15), (5, 14)]),
        ("right_column", [(3, 18), (4, 18), (5, 18), (6, 18), (7, 18), (8, 18), (9, 18)]),
        ("anti_diagonal", [(3, 20), (4, 19), (5, 18), (6, 17), (7, 16), (8, 15), (9, 14)]),
    ],
)
def test_pixels_of_each_line(line, pixels):
    found = line_pixels(boxes_to_array([stem_box(5, 18, 3)]), 25, line, 2)
    assert list(zip(found.i.tolist(), found.j.tolist(), strict=True)) == pixels
    assert found.offset.tolist() == [-2, -1, 0, 1, 2, 3, 4]
    assert found.beyond.tolist() == [-4, -3, -2, -1, 0, 1, 2]
    assert found.is_inside.tolist() == [False, False, True, True, True, False, False]


def test_pixels_off_the_grid_or_below_the_diagonal_are_left_out():
    boxes = boxes_to_array([stem_box(1, 9, 3), Box(HAIRPIN, 3, 3, 5, 5)])
    row = line_pixels(boxes, 10, "top_row", 2)
    assert row.offset[row.box == 0].tolist() == [0, 1, 2, 3, 4]  # column 10 is no column
    assert row.offset[row.box == 1].tolist() == [-2, -1, 0, 1, 2, 3]  # (3, 3) is the diagonal
    column = line_pixels(boxes, 10, "right_column", 2)
    assert column.offset[column.box == 0].tolist() == [-1, 0, 1, 2, 3, 4]
    assert not (column.beyond[column.box == 1] > 0).any()


def test_sides_of_an_interior_loop():
    boxes = boxes_to_array([Box(INTERIOR, 3, 17, 4, 5)])
    assert line_pixels(boxes, 40, "top_row", 0).offset.tolist() == [0, 1, 2, 3, 4]
    assert line_pixels(boxes, 40, "right_column", 0).offset.tolist() == [0, 1, 2, 3]


def test_right_classes_and_what_they_can_say():
    boxes = np.array([[STEM, 0, 30, 12, 12]] * 4)
    i, j = np.array([0, 3, 11, 0]), np.array([41, 40, 41, 43])
    assert right_class("location", 0, boxes, i, j).tolist() == [0, 3, 11, 0]
    assert right_class("location", 1, boxes, i, j).tolist() == [0, 1, 0, 0]
    assert right_class("size", 0, boxes, i, j).tolist() == [10] * 4
    located, sized = is_expressible(boxes, i, j)
    assert located.tolist() == [True, True, False, False] and not sized.any()


@pytest.mark.parametrize("kind", BoxKind)
def test_aims_equal_a_loop_over_pixels(kind):
    rng = np.random.default_rng(3)
    n, length = 200, 40
    logits = random_logits(length)
    i, j = rng.integers(0, 20, n), rng.integers(20, length, n)
    sizes = rng.integers(1, 13, (n, 2))
    if kind is not INTERIOR:
        sizes[:, 1] = sizes[:, 0]
    row, last = i - rng.integers(-1, 5, n), j + rng.integers(-1, 5, n)
    boxes = np.column_stack([np.full(n, kind), row, last - sizes[:, 1] + 1, sizes])
    found = aims(kind, logits[:, i, j], boxes, i, j)
    for k in range(n):
        right, p = {"location": True, "size": True}, {"location": 1.0, "size": 1.0}
        steps = (i[k] - row[k], last[k] - j[k])
        for head in BOX_HEADS:
            if head.kind is kind and head.output in right:
                values = torch.from_numpy(logits[head.channels, i[k], j[k]].copy())
                step = min(max(steps[head.axis], 0), 11)
                truth = step if head.output == "location" else min(sizes[k, head.axis], 11) - 1
                right[head.output] &= int(values.argmax()) == truth
                p[head.output] *= float(values.softmax(0)[truth])
        located = min(steps) >= 0
        assert found.size_share[k] == right["size"]
        assert found.size_probability[k] == pytest.approx(p["size"], rel=1e-4)
        if located:
            assert found.location_share[k] == right["location"]
            assert found.location_probability[k] == pytest.approx(p["location"], rel=1e-4)
        else:
            assert np.isnan(found.location_share[k]) and np.isnan(found.location_probability[k])
        if located and sizes[k].max() <= 10:
            assert found.vote_share[k] == (right["location"] and right["size"])
        else:
            assert np.isnan(found.vote_share[k])


def test_perfect_pixels_point_to_their_boxes():
    boxes = boxes_of(EXAMPLE_A)
    statistics = ShiftStatistics()
    statistics.add(perfect_logits(boxes, 25), boxes)
    table = statistics.table()
    inside = table[table["region"] == "inside"]
    assert (inside[["location_share", "size_share", "vote_share"]] == 1).all(axis=None)
    assert (inside["location_probability"] > 0.98).all()
    np.testing.assert_allclose(inside["on_probability"], 1 / (1 + np.exp(-5)), rtol=1e-5)
    outside = table[table["region"] != "inside"]
    assert (outside["vote_share"].fillna(0) == 0).all()
    np.testing.assert_allclose(outside["on_probability"], 1 / (1 + np.exp(5)), rtol=1e-4)
    assert outside[outside["region"] == "before"]["location_share"].isna().all()
    voters = statistics.voters().set_index(["kind", "votes"])
    assert voters.loc["stem", "inside_per_area"].tolist() == [1, 1]
    assert voters.loc["interior_loop", "n_proposal_norm"].tolist() == [1, 1]
    assert voters.loc["hairpin", "inside_per_area"].tolist() == pytest.approx([15 / 36] * 2)
    assert (voters["outside_per_area"] == 0).all() and (voters["share_above_1"] == 0).all()
    assert voters["n_boxes"].tolist() == [2, 2, 1, 1, 1, 1]


def test_pixels_outside_that_point_to_the_box_bring_it_above_one():
    box = stem_box(2, 24, 3)
    boxes = boxes_to_array([box])
    logits = perfect_logits(boxes, 27)
    for i, j in ((2, 21), (2, 20), (5, 24)):  # two past the top row, one past the right column
        point(logits, list(box), i, j)
    statistics = ShiftStatistics(outside=4)
    statistics.add(logits, boxes)
    table = statistics.table().set_index(["line", "region", "offset"]).sort_index()
    assert table.loc[("top_row", "after")]["vote_share"].tolist() == [1, 1, 0, 0]
    assert table.loc[("right_column", "after")]["vote_share"].tolist() == [1, 0, 0, 0]
    assert table.loc[("anti_diagonal", "after")]["vote_share"].tolist() == [0, 0, 0, 0]
    assert table.loc[("top_row", "before")].index.tolist() == [-2, -1]  # then the grid ends
    voters = statistics.voters().set_index("kind").loc["stem"]
    assert voters["inside_per_area"].tolist() == [1, 1]
    assert voters["outside_per_area"].tolist() == pytest.approx([3 / 9] * 2)
    assert voters["n_proposal_norm"].tolist() == pytest.approx([12 / 9] * 2)
    assert voters["share_above_1"].tolist() == [1, 1]
    assert voters["outside_share"].tolist() == pytest.approx([3 / 12] * 2)


@pytest.mark.parametrize("dot_bracket", [EXAMPLE_A, SINGLE_PAIRS])
def test_voters_equal_a_loop_over_pixels(dot_bracket):
    boxes, length = boxes_of(dot_bracket), len(dot_bracket)
    logits = random_logits(length, seed=5)
    expected = np.zeros((len(boxes), 4), dtype=int)
    for index, (kind, row, col, n_rows, n_cols) in enumerate(boxes.tolist()):
        heads = {(h.output, h.axis): h.channels for h in BOX_HEADS if h.kind == kind}
        axes = (0, 1) if kind == INTERIOR else (0, 0)
        for i in range(length):
            for j in range(i + 1, length):
                values = {key: logits[c, i, j] for key, c in heads.items()}
                x, y = values["location", 0].argmax(), values["location", 1].argmax()
                located = max(x, y) < 11 and (i - x, j + y) == (row, col + n_cols - 1)
                softmax = [values["size", a].argmax() + 1 for a in axes] == [n_rows, n_cols]
                scalar = [round(float(max(values["size_l1", a][0], 1))) for a in axes]
                inside = row <= i < row + n_rows and col <= j < col + n_cols
                votes = np.array([softmax, scalar == [n_rows, n_cols]]) & located
                expected[index] += np.array(
                    [votes[0] & inside, votes[0], votes[1] & inside, votes[1]]
                )
    found = box_voters(logits, boxes, count_votes(logits))
    assert expected[:, 1::2].sum() > expected[:, ::2].sum() > 0
    np.testing.assert_array_equal(found[:, 2:], expected)
    np.testing.assert_array_equal(found[:, 0], boxes[:, 0])
    np.testing.assert_array_equal(found[:, 1], boxes[:, 3] * boxes[:, 4])


def test_hairpins_have_no_voters_outside():
    # Their triangle holds every pixel below and left of the corner.
    boxes = boxes_of(EXAMPLE_A)
    logits = random_logits(25, seed=7)
    voters = box_voters(logits, boxes, count_votes(logits))[boxes[:, 0] == HAIRPIN]
    np.testing.assert_array_equal(voters[:, [2, 4]], voters[:, [3, 5]])


def covering(boxes, kind, i, j):
    return [
        k
        for k, (of, row, col, n_rows, n_cols) in enumerate(boxes.tolist())
        if of == kind and row <= i < row + n_rows and col <= j < col + n_cols
    ]


def test_table_equals_a_loop_over_boxes_and_offsets():
    outside = 3
    sums, counts = {}, {}
    statistics = ShiftStatistics(outside)
    for seed, dot_bracket in enumerate(
        [EXAMPLE_A, SINGLE_PAIRS, "((((...((((((....))))))...))))."]
    ):
        boxes, length = boxes_of(dot_bracket), len(dot_bracket)
        logits = random_logits(length, seed)
        statistics.add(logits, boxes)
        for index, (kind, row, col, n_rows, n_cols) in enumerate(boxes.tolist()):
            for line, (down, left) in LINES.items():
                if line == "anti_diagonal" and kind != STEM:
                    continue
                size = n_rows if down else n_cols
                for t in range(-outside, size + outside):
                    i, j = row + down * t, col + n_cols - 1 - left * t
                    others = [k for k in covering(boxes, kind, i, j) if k != index]
                    if not (0 <= i < j < length) or others:
                        continue
                    region = "before" if t < 0 else "inside" if t < size else "after"
                    key = (BoxKind(kind).label, line, region, t - (size - 1) * (t >= size))
                    at = np.array([i]), np.array([j])
                    aim = aims(BoxKind(kind), logits[:, [i], [j]], boxes[[index]], *at)
                    values = np.concatenate(aim)
                    counts[key] = counts.get(key, 0) + ~np.isnan(values)
                    sums[key] = sums.get(key, 0) + np.nan_to_num(values)
    table = statistics.table()
    keys = list(table[["kind", "line", "region", "offset"]].itertuples(index=False, name=None))
    assert set(keys) == set(counts) and len(keys) == len(counts)
    for key, row in zip(keys, table.itertuples(index=False), strict=True):
        assert (row.n_pixels, row.n_located) == (counts[key][0], counts[key][1])
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(row[6:], sums[key] / counts[key], rtol=1e-5)


def test_no_boxes_give_empty_tables():
    statistics = ShiftStatistics()
    statistics.add(random_logits(12), boxes_to_array([]))
    assert statistics.table().empty
    voters = statistics.voters()
    assert voters["n_boxes"].tolist() == [0] * 6 and voters["inside_per_area"].isna().all()
    assert ShiftStatistics().voters()["n_boxes"].tolist() == [0] * 6


def test_table_of_one_box():
    box = Box(INTERIOR, 3, 17, 4, 5)
    logits = perfect_logits(boxes_to_array([box]), 30)
    point(logits, list(box), 3, 16)  # just past the top row
    table = shift_table(logits, box, outside=2)
    assert list(dict.fromkeys(table["head"])) == ["location_x", "location_y", "size_x", "size_y"]
    total = table.groupby(["line", "offset", "head"])["probability"].sum()
    np.testing.assert_allclose(total, 1, rtol=1e-5)
    said = table[table["is_right"]].set_index(["line", "head", "offset"])["value"].sort_index()
    assert said["top_row", "location_y"].to_dict() == {k: k for k in range(7)}
    assert said["top_row", "location_x"].to_dict() == dict.fromkeys(range(7), 0)
    assert said["right_column", "location_x"].to_dict() == {k: k for k in range(6)}
    assert said["top_row", "size_x"].to_dict() == dict.fromkeys(range(-2, 7), 4)
    assert said["right_column", "size_y"].to_dict() == dict.fromkeys(range(-2, 6), 5)
    once = table[table["head"] == "size_x"].drop_duplicates(["line", "offset"])
    voting = once[once["votes"]].groupby("line")["offset"].agg(list)
    assert voting["top_row"] == [0, 1, 2, 3, 4, 5] and voting["right_column"] == [0, 1, 2, 3]
    sides = once[once["is_inside"]].groupby("line").size()
    assert sides.to_dict() == {"top_row": 5, "right_column": 4}
    right = table[table["is_right"] & table["is_inside"]]
    assert (right["probability"] > 0.98).all()
