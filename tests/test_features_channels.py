import itertools

import numpy as np
import pytest

from boxfold.features.box import boxes_to_array, stem_base_pairs, stem_box
from boxfold.features.channels import (
    PAIR_TYPES,
    STACK_ENERGY,
    canonical_mask,
    grid_channels,
    grid_channels_batch,
    maximal_runs,
    possible_stems,
    stem_stack_energy,
)
from boxfold.features.sequence import encode_bases
from boxfold.features.structure import CANONICAL_PAIRS
from boxfold.rewards.energy import EnergyModel

SEQ = "GGGAAAUCCCAGGCUUCGGCC"


def brute_force_runs(seq, min_pairs):
    """Maximal runs by walking inwards from every pair that nothing precedes."""

    def pairs(i, j):
        return 0 <= i and j < len(seq) and j - i > 3 and seq[i] + seq[j] in CANONICAL_PAIRS

    runs = []
    for i in range(len(seq)):
        for j in range(len(seq)):
            if pairs(i, j) and not pairs(i - 1, j + 1):
                n = 0
                while pairs(i + n, j - n):
                    n += 1
                if n >= min_pairs:
                    runs.append(stem_box(i, j, n))
    return boxes_to_array(sorted(runs, key=lambda box: (box.row, box.outer_pair[1])))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("min_pairs", [1, 2, 3])
def test_maximal_runs_equal_brute_force(seed, min_pairs):
    seq = "".join(np.random.default_rng(seed).choice(list("ACGUN"), size=30))
    np.testing.assert_array_equal(maximal_runs(seq, min_pairs), brute_force_runs(seq, min_pairs))


def test_stack_table_is_that_of_viennarna():
    for p, outer in enumerate(PAIR_TYPES):
        for q, inner in enumerate(PAIR_TYPES):
            seq = outer[0] + inner[0] + "AAAA" + inner[1] + outer[1]
            assert EnergyModel(seq).interior(0, 7, 1, 6) == pytest.approx(STACK_ENERGY[p, q])


def test_canonical_mask_needs_a_hairpin_of_three():
    assert canonical_mask("GAAAC")[0, 4]
    assert not canonical_mask("GAAC").any()
    assert not canonical_mask("NAAAN").any()


def test_channels_by_hand():
    grid = grid_channels("GGGAAAACCC")
    assert grid.shape == (16, 10, 10)
    assert grid[:8, 0, 9].tolist() == [0, 0, 1, 0, 0, 1, 0, 0]  # row G, column C
    assert grid[8].sum() == 9  # three G with three C each
    middle = grid[:, 1, 8]
    # GG/CC stacks at -3.3: one behind, one ahead; two pairs outwards, two inwards, three in all
    expected = [1, -3.3 / 3, 2 / 5, 2 / 5, -3.3 / 10, -3.3 / 10, 3 / 10, -6.6 / 10]
    np.testing.assert_allclose(middle[8:], expected, rtol=1e-6)


def test_padding_changes_nothing():
    codes = np.full((2, 30), 4, dtype=np.int8)
    codes[0, : len(SEQ)] = encode_bases(SEQ)
    codes[1] = encode_bases("ACGUN" * 6)
    padded = grid_channels_batch(codes)[0]
    np.testing.assert_array_equal(padded[:, : len(SEQ), : len(SEQ)], grid_channels(SEQ))
    assert not padded[8:, len(SEQ) :].any()


def test_stem_energy_is_the_sum_of_its_stacks():
    boxes = np.concatenate([maximal_runs(SEQ, 2), boxes_to_array([stem_box(1, 8, 2)])])
    types = {pair: index for index, pair in enumerate(PAIR_TYPES)}
    for box, energy in zip(boxes, stem_stack_energy(SEQ, boxes), strict=True):
        kinds = [types[SEQ[i] + SEQ[j]] for i, j in stem_base_pairs(box[None])]
        by_hand = sum(STACK_ENERGY[a, b] for a, b in itertools.pairwise(kinds))
        assert energy == pytest.approx(by_hand, abs=1e-5)


def test_possible_stems_are_those_of_the_mask():
    seq = "GGGAAANCCUCACGUUNAGCUCC"
    mask = canonical_mask(seq)
    grid = np.mgrid[0 : len(seq), 0 : len(seq), 1:4].reshape(3, -1).T
    row, last, n = grid[grid[:, 1] - grid[:, 2] + 1 >= 0].T
    boxes = np.stack([np.zeros_like(n), row, last - n + 1, n, n], axis=1)
    expected = [
        all(i + k < len(seq) and mask[i + k, j - k] for k in range(size))
        for i, j, size in zip(row.tolist(), last.tolist(), n.tolist(), strict=True)
    ]
    assert 10 < sum(expected) < len(expected)
    np.testing.assert_array_equal(possible_stems(seq, boxes), expected)
    far = boxes + np.array([0, 0, len(seq), 0, 0])
    assert not possible_stems(seq, far).any()
