import numpy as np

from boxfold.features.box_reactivity import MAX_INSIDE, box_reactivity

BOXES = np.array([[0, 0, 8, 4, 4], [0, 1, 8, 3, 3], [0, 0, 27, 2, 2], [2, 3, 3, 6, 6]])


def by_hand(box, values):
    _, row, col, n_rows, n_cols = box
    strands = np.concatenate([values[row : row + n_rows], values[col : col + n_cols]])
    inside = values[row + n_rows : col]
    short = 0 < len(inside) <= MAX_INSIDE and np.isfinite(inside).any()
    known = strands[np.isfinite(strands)]
    if not len(known):
        return [0, np.nanmean(inside) if short else 0, 0, 0]
    share = len(known) / len(strands)
    return [known.mean(), np.nanmean(inside) if short else 0, known.max(), share]


def test_numbers_of_each_box_are_those_counted_by_hand():
    rng = np.random.default_rng(0)
    for missing in (0.0, 0.4, 0.9):
        values = rng.gamma(1, 1, 30).astype(np.float32)
        values[rng.random(30) < missing] = np.nan
        values[29] = 0.3
        relative = (values - np.nanmean(values)) / max(np.nanstd(values), 1e-6)
        expected = np.clip([by_hand(box, relative) for box in BOXES], -3, 3)
        np.testing.assert_allclose(box_reactivity(BOXES, values), expected, atol=1e-5)


def test_nothing_known_is_nothing_seen():
    assert not box_reactivity(BOXES, None).any()
    assert not box_reactivity(BOXES, np.full(30, np.nan, dtype=np.float32)).any()
    assert box_reactivity(BOXES[:0], np.ones(30, dtype=np.float32)).shape == (0, 4)
