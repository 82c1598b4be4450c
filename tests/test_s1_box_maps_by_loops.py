import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import BoxKind
from boxfold.s1.box_maps import BACKGROUND, box_maps
from boxfold.s1.box_targets import BOX_HEADS, N_BOX_CHANNELS

STEM, INTERIOR, HAIRPIN = BoxKind


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def slow_box_maps(boxes, score, length, learned):
    """Pixel by pixel and box by box."""
    maps = np.zeros((N_BOX_CHANNELS, length, length))
    for head in BOX_HEADS:
        for i in range(length):
            for j in range(i + 1, length):
                own = learned[head.channels, i, j].astype(float)
                here = [
                    (weight, box)
                    for weight, box in zip(score.tolist(), boxes.tolist(), strict=True)
                    if box[0] == head.kind
                    and box[1] <= i < box[1] + box[3]
                    and box[2] <= j < box[2] + box[4]
                ]
                maps[head.channels, i, j] = slow_output(head, here, own, i, j)
    return maps


def slow_output(head, here, own, i, j):
    total = sum(weight for weight, _ in here)
    if head.output == "on":
        on = min(total + BACKGROUND * sigmoid(own[0]), 1 - 1e-6)
        return np.log(on / (1 - on))
    if head.output == "size_l1":
        if total <= BACKGROUND:
            return own
        reached = 0.0
        for size, weight in sorted((box[3 + head.axis], weight) for weight, box in here):
            reached += weight
            if reached >= total / 2 - 1e-9:
                return size
    found = BACKGROUND * np.exp(own) / np.exp(own).sum()
    for weight, (_, row, col, n_rows, n_cols) in here:
        if head.output == "size":
            value = (n_rows, n_cols)[head.axis] - 1
        else:
            value = (i - row, col + n_cols - 1 - j)[head.axis]
        found[min(value, len(found) - 1)] += weight
    return np.log(found / (total + BACKGROUND))


@given(st.integers(0, 10_000))
@settings(max_examples=12)
def test_the_same_as_a_loop_over_pixels_and_boxes(seed):
    rng = np.random.default_rng(seed)
    length = int(rng.integers(5, 24))
    n = int(rng.integers(0, 30))
    kind = rng.integers(0, 3, n)
    size = rng.integers(1, length + 1, (n, 2))
    size[kind != INTERIOR, 1] = size[kind != INTERIOR, 0]
    corner = rng.integers(0, length - size + 1)
    boxes = np.concatenate([kind[:, None], corner, size], axis=1)
    score = rng.integers(1, 64, n) / 256 * rng.choice([1, 1e-3], n)
    learned = rng.normal(size=(N_BOX_CHANNELS, length, length)).astype(np.float32)
    found = box_maps(boxes, score, length, learned)
    np.testing.assert_allclose(found, slow_box_maps(boxes, score, length, learned), atol=1e-3)
