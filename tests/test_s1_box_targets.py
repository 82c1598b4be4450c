import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import BoxKind
from boxfold.features.loops import structure_boxes
from boxfold.features.structure import as_base_pairs, base_pairs_from_dot_bracket
from boxfold.s1.box_targets import (
    BOX_HEADS,
    N_BOX_CHANNELS,
    batch_targets,
    box_targets,
    near_boxes,
    size_class,
)

STEM, INTERIOR, HAIRPIN = BoxKind
EXAMPLE_A = "((((..((((....))))...))))"


def boxes_of(dot_bracket):
    return structure_boxes(base_pairs_from_dot_bracket(dot_bracket))


@pytest.fixture
def example_a():
    return box_targets(boxes_of(EXAMPLE_A), 25)


def test_channels_in_the_agreed_order():
    assert N_BOX_CHANNELS == 123
    assert len(BOX_HEADS) == 17
    widths = [head.channels.stop - head.channels.start for head in BOX_HEADS]
    square, rectangle = [1, 12, 12, 11, 1], [1, 12, 12, 11, 11, 1, 1]
    assert widths == [*square, *rectangle, *square]
    assert [head.name for head in BOX_HEADS if head.kind is INTERIOR] == [
        "interior_loop/on",
        "interior_loop/location_x",
        "interior_loop/location_y",
        "interior_loop/size_x",
        "interior_loop/size_y",
        "interior_loop/size_x_l1",
        "interior_loop/size_y_l1",
    ]
    starts = {head.name: head.channels.start for head in BOX_HEADS}
    assert starts["interior_loop/on"] == 37 and starts["hairpin/on"] == 86
    assert starts["hairpin/size_l1"] == 122


@pytest.mark.parametrize(("offset", "unmasked"), [(10, 300), (2, 142)])
def test_unmasked_pixels_of_example_a(offset, unmasked):
    targets = box_targets(boxes_of(EXAMPLE_A), 25, offset)
    assert targets.on_mask.sum() == unmasked
    assert not np.tril(targets.on_mask).any()


def test_on_pixels_of_example_a(example_a):
    assert example_a.on.sum(axis=(1, 2)).tolist() == [32, 20, 36]
    assert example_a.inside.sum(axis=(1, 2)).tolist() == [32, 20, 15]


@pytest.mark.parametrize(
    ("kind", "pixel", "location", "size", "classes"),
    [
        (STEM, (1, 23), (1, 1), (4, 4), (3, 3)),
        (STEM, (3, 21), (3, 3), (4, 4), (3, 3)),
        (STEM, (9, 14), (3, 3), (4, 4), (3, 3)),
        (INTERIOR, (5, 19), (2, 2), (4, 5), (3, 4)),
        (INTERIOR, (3, 21), (0, 0), (4, 5), (3, 4)),
        (HAIRPIN, (10, 13), (1, 1), (6, 6), (5, 5)),
    ],
)
def test_pixels_of_example_a(example_a, kind, pixel, location, size, classes):
    assert example_a.on[(kind, *pixel)]
    assert tuple(example_a.location[(kind, slice(None), *pixel)]) == location
    assert tuple(example_a.size[(kind, slice(None), *pixel)]) == size
    assert tuple(size_class(example_a.size)[(kind, slice(None), *pixel)]) == classes


def test_shared_pixel_of_two_interior_loops_points_to_the_inner_one():
    boxes = boxes_of("(.(.(....).).)")
    for order in (slice(None), slice(None, None, -1)):
        targets = box_targets(boxes[order], 14)
        assert targets.on[INTERIOR, 2, 11]  # the single pair between both loops
        assert targets.location[INTERIOR, :, 2, 11].tolist() == [0, 0]
        assert targets.location[INTERIOR, :, 1, 12].tolist() == [1, 1]


def test_far_pixels_and_large_boxes_fall_into_the_catch_all():
    targets = box_targets(np.array([[HAIRPIN, 0, 0, 30, 30]]), 30)
    assert targets.location[HAIRPIN, :, 12, 15].tolist() == [11, 11]
    assert targets.location[HAIRPIN, :, 10, 19].tolist() == [10, 10]
    assert targets.size[HAIRPIN, 0, 12, 15] == 30
    assert size_class(np.array([1, 10, 11, 30])).tolist() == [0, 9, 10, 10]


def test_no_boxes_mask_everything():
    targets = box_targets(np.zeros((0, 5), dtype=int), 6)
    assert not targets.on.any() and not targets.on_mask.any() and not targets.size.any()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mask_and_targets_equal_a_loop_over_pixels(data):
    length = data.draw(st.integers(6, 16))
    n_pairs = data.draw(st.integers(1, 4))
    positions = data.draw(st.permutations(range(length)))[: 2 * min(n_pairs, length // 2)]
    boxes = structure_boxes(as_base_pairs(np.reshape(positions, (-1, 2))))
    offset = data.draw(st.integers(0, 4))
    targets = box_targets(boxes, length, offset)
    near = np.zeros((length, length), dtype=bool)
    on = np.zeros((3, length, length), dtype=bool)
    for kind, row, col, n_rows, n_cols in boxes.tolist():
        for i in range(length):
            for j in range(length):
                on[kind, i, j] |= row <= i < row + n_rows and col <= j < col + n_cols
                near[i, j] |= (
                    i < j
                    and row - offset <= i < row + n_rows + offset
                    and col - offset <= j < col + n_cols + offset
                )
    np.testing.assert_array_equal(targets.on, on)
    np.testing.assert_array_equal(targets.on_mask, near)
    np.testing.assert_array_equal(near_boxes(boxes, length, offset), near)
    for kind, i, j in np.argwhere(targets.inside):
        x, y = targets.location[kind, :, i, j]
        n_rows, n_cols = targets.size[kind, :, i, j]
        assert [kind, i - x, j + y - n_cols + 1, n_rows, n_cols] in boxes.tolist()


def test_padding_is_masked(example_a):
    small = box_targets(boxes_of("((...))"), 7)
    batch = batch_targets([small, example_a], 30)
    assert batch.on.shape == (2, 3, 30, 30) and batch.size.shape == (2, 3, 2, 30, 30)
    for padded, single in zip(batch, small, strict=True):
        np.testing.assert_array_equal(padded[0, ..., :7, :7], single)
        assert not padded[0, ..., 7:, :].any() and not padded[0, ..., 7:].any()
    np.testing.assert_array_equal(batch.on_mask[1, :25, :25], example_a.on_mask)
