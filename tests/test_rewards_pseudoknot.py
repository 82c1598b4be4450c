"""Knotted energies by hand, and the nested part against brute force."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import boxes_to_array, stem_base_pairs, stem_box
from boxfold.features.loops import stems
from boxfold.features.relations import crosses
from boxfold.features.structure import (
    IntArray,
    as_base_pairs,
    base_pairs_from_dot_bracket,
    is_nested,
)
from boxfold.rewards.energy import EnergyModel, sample_structures
from boxfold.rewards.pseudoknot import KnotPenalties, knotted_energy, split_knots

H_TYPE = "GGGGAACCUAACCCCAAAAGG"
H_TYPE_STEMS = boxes_to_array([stem_box(0, 14, 4), stem_box(6, 20, 3)])


def planted(
    stem_ends: list[tuple[int, int]], length: int, sizes: tuple[int, ...] = ()
) -> tuple[EnergyModel, IntArray]:
    """A sequence of A with G-C stems (of two pairs) planted at outer pairs; its structure."""
    bases = ["A"] * length
    sizes = sizes or (2,) * len(stem_ends)
    boxes = boxes_to_array(stem_box(*ends, n) for ends, n in zip(stem_ends, sizes, strict=True))
    for i, j in stem_base_pairs(boxes).tolist():
        bases[i], bases[j] = "G", "C"
    return EnergyModel("".join(bases)), as_base_pairs(stem_base_pairs(boxes))


@given(st.text("ACGU", min_size=1, max_size=50), st.integers(0, 99))
@settings(max_examples=30)
def test_nested_structures_are_untouched(seq: str, seed: int) -> None:
    model = EnergyModel(seq)
    for pairs in sample_structures(seq, 3, seed):
        nested, removed = split_knots(model, pairs)
        energy = model.free_energy(pairs)
        assert nested.tolist() == pairs.tolist()
        assert removed.shape == (0, 5)
        assert knotted_energy(model, pairs) == (energy, energy, 0.0, 0)


def test_h_type_knot_by_hand() -> None:
    model = EnergyModel(H_TYPE)
    parts = knotted_energy(model, stem_base_pairs(H_TYPE_STEMS))
    # nested: three GG/CC stacks, hairpin of seven with its mismatch, a 3' dangling A
    nested = 3 * -3.3 + 6.0 - 1.1 - 1.7
    # removed: CC/GG and CU/AG stacks, one AU end, the penalty
    knots = -3.3 - 2.1 + 0.5 + 9.0
    assert parts == pytest.approx((nested + knots, nested, knots, 1))
    _, removed = split_knots(model, stem_base_pairs(H_TYPE_STEMS))
    assert removed.tolist() == H_TYPE_STEMS[1:].tolist()


def test_penalties_are_settings() -> None:
    model, pairs = EnergyModel(H_TYPE), stem_base_pairs(H_TYPE_STEMS)
    cheap = knotted_energy(model, pairs, KnotPenalties(stem=4.0))
    assert cheap.total == pytest.approx(knotted_energy(model, pairs).total - 5.0)


def test_a_stem_that_crosses_several_kept_ones_costs_more() -> None:
    # two hairpins side by side, one stem between their loops
    model, pairs = planted([(0, 13), (16, 29), (5, 25)], 31)
    parts = knotted_energy(model, pairs)
    assert parts.n_removed == 1
    assert parts.knots == pytest.approx(-3.3 + 9.0 + 3.0)


def test_a_stem_that_needs_a_third_page_costs_more() -> None:
    # three stems, each crossing the two others: two must go, and these cross
    model, pairs = planted([(0, 18), (6, 24), (12, 30)], 32)
    parts = knotted_energy(model, pairs)
    assert parts.n_removed == 2
    assert parts.knots == pytest.approx(2 * (-3.3 + 9.0 + 15.0))


def test_a_knot_within_a_knot_costs_more_and_knots_beside_each_other_do_not() -> None:
    inner = [(6, 17), (12, 23)]
    model, pairs = planted([(0, 33), (27, 40), *inner], 42)
    assert knotted_energy(model, pairs).knots == pytest.approx(2 * (-3.3 + 9.0) + 15.0)
    model, pairs = planted([(0, 11), (6, 17), (20, 31), (26, 37)], 40)
    assert knotted_energy(model, pairs).knots == pytest.approx(2 * (-3.3 + 9.0))


def test_stems_of_one_knot_may_enclose_each_other() -> None:
    # a chain of crossings from the outermost stem to the stems inside of it: one knot, not two
    model, pairs = planted([(0, 40), (4, 12), (8, 20), (16, 48)], 50, sizes=(3, 2, 3, 2))
    parts = knotted_energy(model, pairs)
    assert parts.n_removed == 2
    assert parts.knots == pytest.approx(2 * (-3.3 + 9.0) + 3.0)


def test_of_equal_stems_the_first_to_close_stays() -> None:
    model, pairs = planted([(0, 11), (6, 17)], 20)
    assert split_knots(model, pairs)[1].tolist() == [list(stem_box(6, 17, 2))]


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_nested_part_is_the_heaviest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = rng.permutation(14)[: 2 * int(rng.integers(1, 8))].reshape(-1, 2)
    ends.sort(axis=1)
    sizes = rng.integers(1, 4, len(ends))  # strands of at most 3 in slots of 8
    boxes = boxes_to_array(
        stem_box(8 * i, 8 * j + n - 1, n)
        for (i, j), n in zip(ends.tolist(), sizes.tolist(), strict=True)
    )
    bases = rng.choice(list("AU"), 14 * 8)
    for i, j in stem_base_pairs(boxes).tolist():
        bases[i], bases[j] = rng.choice(["GC", "CG", "AU", "GU"])
    model = EnergyModel("".join(bases))
    nested, removed = split_knots(model, stem_base_pairs(boxes))
    assert is_nested(nested)
    assert len(nested) + removed[:, 3].sum() == sizes.sum()

    crossing, weight = crosses(boxes), np.maximum(1.0, -model.stem_stacks(boxes))
    sets = [
        list(chosen)
        for size in range(len(boxes) + 1)
        for chosen in combinations(range(len(boxes)), size)
        if not crossing[np.ix_(chosen, chosen)].any()
    ]
    kept_weight = weight.sum() - np.maximum(1.0, -model.stem_stacks(removed)).sum()
    assert kept_weight == pytest.approx(max(weight[chosen].sum() for chosen in sets))


def test_energies_of_random_knots_add_up_and_never_fail() -> None:
    rng = np.random.default_rng(1)
    n_knotted = 0
    for _ in range(40):
        seq = "".join(rng.choice(list("ACGU"), 50))
        first, second = sample_structures(seq, 2, int(rng.integers(1000)))
        taken = set(first.ravel().tolist())
        free = [pair for pair in second.tolist() if not taken & set(pair)]
        pairs = as_base_pairs(np.array([*first.tolist(), *free]))
        parts = knotted_energy(EnergyModel(seq), pairs)
        n_knotted += parts.n_removed > 0
        assert parts.total == pytest.approx(parts.nested + parts.knots, abs=0.006)
        assert (parts.n_removed > 0) == (not is_nested(pairs))
    assert n_knotted > 3


def test_invalid_structures_are_refused() -> None:
    model = EnergyModel(H_TYPE)
    with pytest.raises(ValueError, match="more than one partner"):
        knotted_energy(model, np.array([[0, 14], [0, 13]]))
    with pytest.raises(ValueError, match="no canonical pair"):
        knotted_energy(model, np.array([[0, 10]]))
    knotted = base_pairs_from_dot_bracket("((((..[[[..)))).]]]..")
    with pytest.raises(ValueError, match="not canonical"):
        knotted_energy(model, knotted)
    assert len(stems(knotted)) == 2
