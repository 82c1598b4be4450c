"""Energies against sums by hand and against all structures of short sequences, counted out."""

import pickle
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import inner_pairs, outer_pairs
from boxfold.features.channels import canonical_mask
from boxfold.features.loops import multiloops, stems, structure_boxes
from boxfold.features.structure import (
    as_base_pairs,
    base_pairs_from_dot_bracket,
    dot_bracket,
    is_nested,
)
from boxfold.rewards.energy import (
    PARAMETERS,
    EnergyModel,
    mfe,
    sample_structures,
)
from boxfold.rewards.ensemble import end_probabilities, ensemble
from boxfold.rewards.validity import check_structure

RT = 1.98717e-3 * 310.15  # kcal/mol
SHORT = "GGGAAUCCGAAACC"
SEQUENCES = st.text("ACGUN", min_size=1, max_size=60)

HAND_WORKED = [
    # stacks, hairpin: initiation and terminal mismatch
    ("GGGGAAAACCCC", "((((....))))", 3 * -3.3 + 5.6 - 1.1),
    # with a 3' dangling A
    ("GGGGAAAACCCCA", "((((....)))).", 3 * -3.3 + 5.6 - 1.1 - 1.7),
    # a bulge of one base: initiation and the stack across it
    ("GGAGGAAAACCCC", "((.((....))))", 3 * -3.3 + 3.8 + 5.6 - 1.1),
]


def structures(allowed: np.ndarray) -> Iterator[list[tuple[int, int]]]:
    """Every nested set of allowed pairs."""

    def within(i: int, j: int) -> Iterator[list[tuple[int, int]]]:
        if i >= j:
            yield []
            return
        yield from within(i + 1, j)
        for k in range(i + 1, j):
            if allowed[i, k]:
                for inside in within(i + 1, k):
                    for after in within(k + 1, j):
                        yield [(i, k), *inside, *after]

    return within(0, len(allowed))


@pytest.fixture(scope="module")
def counted_out() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """All structures of SHORT, their energies and Boltzmann probabilities."""
    model = EnergyModel(SHORT)
    found = [as_base_pairs(pairs) for pairs in structures(canonical_mask(SHORT))]
    energy = np.array([model.free_energy(pairs) for pairs in found])
    weight = np.exp(-energy / RT)
    return found, energy, weight / weight.sum()


@pytest.mark.parametrize(("seq", "text", "expected"), HAND_WORKED)
def test_energy_by_hand(seq: str, text: str, expected: float) -> None:
    energy = EnergyModel(seq).free_energy(base_pairs_from_dot_bracket(text))
    assert energy == pytest.approx(expected, abs=1e-9)


def test_order_of_pairs_does_not_matter() -> None:
    model = EnergyModel("GGGGAAAACCCC")
    assert model.free_energy(np.array([[3, 8], [0, 11], [2, 9], [1, 10]])) == -5.4


def test_empty_structure_has_no_energy() -> None:
    assert EnergyModel("A").free_energy(np.zeros((0, 2), dtype=int)) == 0.0


@given(SEQUENCES, st.integers(0, 100))
@settings(max_examples=30)
def test_loops_add_up_to_the_energy(seq: str, seed: int) -> None:
    model = EnergyModel(seq)
    for pairs in sample_structures(seq, 5, seed):
        lines, boxes = stems(pairs), structure_boxes(pairs)
        interior, hairpins = boxes[boxes[:, 0] == 1], boxes[boxes[:, 0] == 2]
        total = model.stem_stacks(lines).sum() + model.hairpins(outer_pairs(hairpins)).sum()
        total += model.interiors(outer_pairs(interior), inner_pairs(interior)).sum()
        for closing in multiloops(pairs):
            total += model.multiloop_closings(closing[:1])[0]
            total += model.multi_branches(closing[1:]).sum()
        outer = outer_pairs(lines)
        around = (outer[:, None, 0] < outer[None, :, 0]) & (outer[None, :, 1] < outer[:, None, 1])
        total += model.exterior_branches(outer[~around.any(axis=0)]).sum()
        assert model.free_energy(pairs) == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize("unpaired", ["AAA", "CAU", "GUC", "UNG", "ACA"])
def test_multiloop_that_chance_rarely_draws_adds_up(unpaired: str) -> None:
    first, between, last = unpaired
    seq = f"GG{first}GGGAAAACCC{between}GGGAAAACCC{last}CC"
    pairs = base_pairs_from_dot_bracket("((.(((....))).(((....))).))")
    model = EnergyModel(seq)
    stacks, hairpins = 5 * -3.3, 2 * 4.5
    loop = model.multiloop_closings(np.array([[1, 25]]))
    branches = model.multi_branches(np.array([[3, 12], [14, 23]]))
    # Turner 2004 as ViennaRNA has it: 9.3 per loop, -0.9 per branch, each with a mismatch.
    assert loop[0] == pytest.approx(9.3 - 0.9 - 1.1, abs=1.0)
    assert model.free_energy(pairs) == pytest.approx(stacks + hairpins + loop[0] + branches.sum())


def test_stem_stacks_of_single_pairs_and_terminal_penalties() -> None:
    model = EnergyModel("GAGGAAAACCUC")
    lines = np.array([[0, 0, 8, 4, 4], [0, 1, 10, 1, 1], [0, 2, 8, 2, 2]])
    assert model.stem_stacks(lines) == pytest.approx([-2.4 - 2.1 - 3.3, 0.0, -3.3])
    assert model.terminal_penalties(np.array([[0, 11], [1, 10]])).tolist() == [0.0, 0.5]


def test_interior_loop_longer_than_folding_allows_has_an_energy() -> None:
    seq = "GGGG" + "A" * 40 + "GGGGAAAACCCC" + "CCCC"
    text = "((((" + "." * 40 + "((((....))))" + "))))"
    energy = EnergyModel(seq).free_energy(base_pairs_from_dot_bracket(text))
    assert -15 < energy < 0


@pytest.mark.parametrize(
    ("seq", "pairs", "reason"),
    [
        ("GGGAAACCC", [[0, 8], [1, 8]], "position 9 has 2 partners"),
        ("GGGAAACCC", [[0, 9]], "pair 1-10 is outside of the 9 bases"),
        ("GGGAAACCC", [[-1, 8]], "pair 0-9 is outside of the 9 bases"),
        ("GGGAAACCC", [[8, 0]], "pair 9-1 is not in 5' to 3' order"),
        ("GGGAAACCC", [[3, 8]], "pair 4-9 is AC, no canonical pair"),
        ("GGNAAACCC", [[2, 8]], "pair 3-9 is NC, no canonical pair"),
        ("GGGAACCCC", [[2, 5]], "pair 3-6 leaves a hairpin of 2 bases"),
        ("GGGAAACCCAAACCC", [[0, 7], [1, 13]], "pairs cross"),
    ],
)
def test_invalid_structures_are_refused(seq: str, pairs: list[list[int]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        EnergyModel(seq).free_energy(np.array(pairs))


@pytest.mark.parametrize("seq", ["", "GGTAA", "ggg", "GG.AA", "Å"])
@pytest.mark.parametrize("function", [EnergyModel, mfe, ensemble, end_probabilities])
def test_bad_sequences_are_refused(seq: str, function: type) -> None:
    with pytest.raises(ValueError, match=r"empty|normalized"):
        function(seq)


def test_loops_that_cannot_exist_are_refused() -> None:
    model = EnergyModel("GGGGAAAACCCC")
    with pytest.raises(ValueError, match="must lie inside"):
        model.interior(1, 10, 0, 11)
    with pytest.raises(ValueError, match="not canonical"):
        model.hairpins(np.array([[3, 6]]))
    with pytest.raises(ValueError, match="out of range"):
        model.exterior_branches(np.array([[0, 12]]))


def test_model_survives_pickling_after_use() -> None:
    model = EnergyModel("GGGGAAAACCCC")
    pairs = base_pairs_from_dot_bracket("((((....))))")
    before = model.free_energy(pairs)
    assert pickle.loads(pickle.dumps(model)).free_energy(pairs) == before


def test_mfe_and_ensemble_against_all_structures(
    counted_out: tuple[list[np.ndarray], np.ndarray, np.ndarray],
) -> None:
    found, energy, probability = counted_out
    folded, whole = mfe(SHORT), ensemble(SHORT)
    best = int(energy.argmin())
    assert len(found) > 50
    assert folded.free_energy == energy[best] == whole.free_energy
    assert folded.base_pairs.tolist() == found[best].tolist() == whole.base_pairs.tolist()
    assert whole.mfe_frequency == pytest.approx(probability[best], rel=2e-3)
    paired = sum(p * _map(pairs) for pairs, p in zip(found, probability, strict=True))
    assert whole.diversity == pytest.approx(2 * (paired * (1 - paired)).sum(), rel=5e-3)


def test_end_probabilities_against_all_structures(
    counted_out: tuple[list[np.ndarray], np.ndarray, np.ndarray],
) -> None:
    found, _, probability = counted_out
    expected = np.zeros((3, len(SHORT), len(SHORT)))
    for pairs, p in zip(found, probability, strict=True):
        lines = stems(pairs)
        expected[0] += p * _map(pairs)
        expected[1] += p * _map(outer_pairs(lines))
        expected[2] += p * _map(inner_pairs(lines))
    maps = end_probabilities(SHORT)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected, atol=2e-4)


@given(SEQUENCES)
@settings(max_examples=15)
def test_ensemble_gives_the_end_probabilities_only_if_asked(seq: str) -> None:
    plain, whole = ensemble(seq), ensemble(seq, ends=True)
    assert plain.ends is None
    np.testing.assert_array_equal(whole.ends, end_probabilities(seq))
    assert whole.ends is not None and whole.ends.dtype == np.float32
    assert whole.base_pairs.tolist() == plain.base_pairs.tolist()
    assert whole[1:4] == plain[1:4]
    paired, *ends = whole.ends
    assert paired.max() <= 1 and all(((end >= 0) & (end <= paired)).all() for end in ends)


def test_samples_are_different_valid_and_the_same_for_one_seed() -> None:
    seq = "GGGAAACGCUUCGGCGAAUCCCAGGCUAACGCCUA"
    texts = [dot_bracket(pairs, len(seq)) for pairs in sample_structures(seq, 30, seed=4)]
    again = [dot_bracket(pairs, len(seq)) for pairs in sample_structures(seq, 30, seed=4)]
    other = [dot_bracket(pairs, len(seq)) for pairs in sample_structures(seq, 30, seed=5)]
    assert len(set(texts)) == 30
    assert texts == again
    assert texts != other
    for pairs in sample_structures(seq, 30, seed=4):
        assert check_structure(seq, pairs) == ()
        assert is_nested(pairs)


def test_samples_end_when_all_structures_are_drawn() -> None:
    # GAAAC pairs once or not at all
    assert sorted(len(pairs) for pairs in sample_structures("GAAAC", 10, seed=0)) == [0, 1]
    assert sample_structures("GAAAC", 0, seed=0) == []


def test_parameters_are_named() -> None:
    assert PARAMETERS.startswith("ViennaRNA 2.")


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64])
def test_pairs_of_any_whole_type_have_the_same_energies(dtype: type) -> None:
    """Beside 255, which a byte holds, lies 256, which it does not: ViennaRNA would get a 0."""
    model = EnergyModel("G" + "A" * 254 + "C")
    pairs = np.array([[0, 255]])
    for energies in (model.hairpins, model.exterior_branches, model.multiloop_closings):
        assert energies(pairs.astype(dtype)) == energies(pairs)
    assert model.free_energy(pairs.astype(dtype)) == model.free_energy(pairs)


NO_PAIRS = [np.array([[0.0, 9.0]]), np.array([0, 9]), np.array([["a", "b"]])]


@pytest.mark.parametrize("pairs", NO_PAIRS)
def test_what_is_no_pair_is_refused(pairs: np.ndarray) -> None:
    model = EnergyModel("GAAAAAAAAC")
    for energies in (model.hairpins, model.exterior_branches, model.free_energy):
        with pytest.raises(ValueError, match="pairs must be whole numbers, two in each row"):
            energies(pairs)
    with pytest.raises(ValueError, match="2 closing pairs need as many inner ones"):
        model.interiors(np.array([[0, 9], [0, 9]]), np.array([[0, 9]]))


def _map(pairs: np.ndarray) -> np.ndarray:
    grid = np.zeros((len(SHORT), len(SHORT)))
    grid[pairs[:, 0], pairs[:, 1]] = 1
    return grid
