"""The exact optimum over whole stems against brute force with ViennaRNA's energies."""

import pickle
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from boxfold.features.box import boxes_to_array, stem_base_pairs, stem_box
from boxfold.features.channels import canonical_mask
from boxfold.features.loops import structure_boxes
from boxfold.features.relations import conflict_matrix
from boxfold.features.structure import IntArray, as_base_pairs
from boxfold.rewards.energy import EnergyModel, sample_structures
from boxfold.rewards.exact import Optimum, StemOptimum
from boxfold.rewards.loop_bonus import LoopBonus

SEQUENCES = st.text("ACGGCUN", min_size=12, max_size=45)


def sub_runs(seq: str) -> IntArray:
    """Every contiguous run of canonical pairs, so many that overlap."""
    mask = canonical_mask(seq)
    found = []
    for i, j in np.argwhere(mask).tolist():
        n_pairs = 0
        while i + n_pairs < len(seq) and j >= n_pairs and mask[i + n_pairs, j - n_pairs]:
            n_pairs += 1
            found.append(stem_box(i, j, n_pairs))
    return boxes_to_array(found)


@st.composite
def problem(draw: st.DrawFn) -> tuple[EnergyModel, IntArray]:
    """A sequence and at most ten of its sub-runs, long ones preferred."""
    seq = draw(SEQUENCES)
    boxes = sub_runs(seq)
    assume(len(boxes))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    weight = boxes[:, 3].astype(float) ** 2
    n = min(10, len(boxes))
    chosen = rng.choice(len(boxes), n, replace=False, p=weight / weight.sum())
    return EnergyModel(seq), boxes[chosen]


@st.composite
def multiloop_problem(draw: st.DrawFn) -> tuple[EnergyModel, IntArray]:
    """Two to four weak hairpins within a stem, as boxes, and some sub-runs beside them."""
    base_pair = st.sampled_from(["GC", "CG", "AU", "GU"])
    gap = st.text("ACGU", min_size=0, max_size=2)

    def stem(inside: str) -> str:
        for pair in draw(st.lists(base_pair, min_size=1, max_size=3)):
            inside = pair[0] + inside + pair[1]
        return inside

    hairpins = [draw(gap) + stem("GAAA") for _ in range(draw(st.integers(2, 4)))]
    seq = stem("".join(hairpins) + draw(gap))
    boxes = sub_runs(seq)
    size = boxes[:, 2] + boxes[:, 4] - boxes[:, 1] - 2 * boxes[:, 3]
    own = boxes[(size == 4) | (boxes[:, 1] == 0)]
    order = np.lexsort((own[:, 1], -own[:, 3]))[:11]
    return EnergyModel(seq), own[order]


def all_sets(boxes: IntArray) -> list[tuple[int, ...]]:
    """Every set of boxes of which no two are in conflict."""
    conflict = conflict_matrix(boxes)
    sets: list[tuple[int, ...]] = [()]
    for box in range(len(boxes)):
        sets += [(*picks, box) for picks in sets if not conflict[box, list(picks)].any()]
    return sets


def energy_of(model: EnergyModel, boxes: IntArray, picks: tuple[int, ...]) -> float:
    return model.free_energy(stem_base_pairs(boxes[list(picks)]))


@given(problem())
@settings(max_examples=80)
def test_optimum_equals_brute_force(case: tuple[EnergyModel, IntArray]) -> None:
    model, boxes = case
    energy, n_stems = min((energy_of(model, boxes, s), len(s)) for s in all_sets(boxes))
    optimum = StemOptimum(model, boxes).solve()
    assert optimum.energy == pytest.approx(energy, abs=1e-6)
    assert len(optimum.picks) == n_stems
    assert energy_of(model, boxes, optimum.picks) == pytest.approx(energy, abs=1e-6)


@given(multiloop_problem())
@settings(max_examples=60)
def test_multiloops_equal_brute_force(case: tuple[EnergyModel, IntArray]) -> None:
    """Branches of the largest sets are forced: weak multi-branch loops seldom pay by themselves."""
    model, boxes = case
    sets = all_sets(boxes)
    energies = {s: energy_of(model, boxes, s) for s in sets}
    solver = StemOptimum(model, boxes)
    largest = sorted(sets, key=len)[-4:]
    for forced in [*largest, *[s[:-1] for s in largest], largest[-1][1:]]:
        best = min(energy for s, energy in energies.items() if set(forced) <= set(s))
        completed = solver.solve(forced)
        assert completed.energy == pytest.approx(best, abs=1e-6)
        assert energies[completed.picks] == pytest.approx(best, abs=1e-6)


@given(problem(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_completion_of_any_state_equals_brute_force(
    case: tuple[EnergyModel, IntArray], random: object
) -> None:
    model, boxes = case
    sets = all_sets(boxes)
    forced = random.choice(sets)  # type: ignore[attr-defined]
    energies = {s: energy_of(model, boxes, s) for s in sets if set(forced) <= set(s)}
    completed = StemOptimum(model, boxes).solve(forced)
    assert set(forced) <= set(completed.picks)
    assert completed.energy == pytest.approx(min(energies.values()), abs=1e-6)
    assert energies[completed.picks] == pytest.approx(completed.energy, abs=1e-6)


@given(problem(), st.integers(0, 1000))
@settings(max_examples=40)
def test_bonuses_of_loops_equal_brute_force(case: tuple[EnergyModel, IntArray], seed: int) -> None:
    """Scores of S1 for the loops of some real structures, one half of them."""
    model, boxes = case
    rng = np.random.default_rng(seed)
    sampled = sample_structures(model.seq, 5, seed)
    sampled += [as_base_pairs(stem_base_pairs(boxes[list(s)])) for s in all_sets(boxes)[1:4]]
    loops = np.unique(np.concatenate([structure_boxes(pairs) for pairs in sampled]), axis=0)
    loops = loops[(loops[:, 0] > 0) & (rng.random(len(loops)) < 0.5)]
    bonus = LoopBonus(loops, rng.uniform(0.05, 1, len(loops)), weight=0.5)
    expected = min(
        energy_of(model, boxes, s) + bonus.energy(as_base_pairs(stem_base_pairs(boxes[list(s)])))
        for s in all_sets(boxes)
    )
    solver = StemOptimum(model, boxes, *bonus.by_stem(boxes))
    assert solver.solve().energy == pytest.approx(expected, abs=1e-5)


def test_multiloop_and_its_completion() -> None:
    seq = "GGGGAGGGGAAAACCCCAGGGGAAAACCCCACCCC"
    boxes = np.array([[0, 0, 31, 4, 4], [0, 5, 13, 4, 4], [0, 18, 26, 4, 4], [0, 6, 13, 3, 3]])
    model = EnergyModel(seq)
    optimum = StemOptimum(model, boxes).solve()
    assert optimum.picks == (0, 1, 2)
    assert optimum.energy == energy_of(model, boxes, (0, 1, 2))
    assert StemOptimum(model, boxes).solve([3]).picks == (0, 2, 3)


def test_interior_loop_of_more_than_30_bases_is_used() -> None:
    seq = "GGGGGG" + "A" * 20 + "GGGGGAAAACCCCC" + "A" * 20 + "CCCCCC"
    boxes = np.array([[0, 0, 60, 6, 6], [0, 26, 35, 5, 5]])
    model = EnergyModel(seq)
    optimum = StemOptimum(model, boxes).solve()
    assert optimum == Optimum((0, 1), energy_of(model, boxes, (0, 1)))


def test_of_equal_structures_the_one_with_fewer_stems_wins() -> None:
    boxes = boxes_to_array([stem_box(0, 11, 2), stem_box(2, 9, 2), stem_box(0, 11, 4)])
    solver = StemOptimum(EnergyModel("GGGGAAAACCCC"), boxes)
    assert solver.solve() == Optimum((2,), -5.4)
    assert solver.solve([1]) == Optimum((0, 1), -5.4)


def test_forced_stem_that_costs_is_kept_and_charged() -> None:
    boxes = boxes_to_array([stem_box(0, 11, 4), stem_box(3, 8, 1)])
    model = EnergyModel("GGGGAAAACCCC")
    forced = StemOptimum(model, boxes).solve([1])
    assert forced.picks == (1,)
    assert forced.energy == energy_of(model, boxes, (1,)) > 0


def test_no_boxes_and_no_good_boxes() -> None:
    model = EnergyModel("GGGGAAAACCCC")
    assert StemOptimum(model, boxes_to_array([])).solve() == Optimum((), 0.0)
    assert StemOptimum(model, boxes_to_array([stem_box(0, 11, 1)])).solve() == Optimum((), 0.0)


def test_equal_boxes_are_alternatives() -> None:
    boxes = boxes_to_array([stem_box(0, 11, 4)] * 3)
    assert StemOptimum(EnergyModel("GGGGAAAACCCC"), boxes).solve([1]).picks == (1,)


def test_forced_boxes_in_conflict_are_refused() -> None:
    boxes = boxes_to_array([stem_box(0, 11, 4), stem_box(1, 10, 2)])
    with pytest.raises(ValueError, match=r"forced boxes \[0, 1\] share a base or cross"):
        StemOptimum(EnergyModel("GGGGAAAACCCC"), boxes).solve([1, 0])


def test_boxes_that_are_no_canonical_stems_are_refused() -> None:
    model = EnergyModel("GGGGAAAACCCC")
    with pytest.raises(ValueError, match="stems only"):
        StemOptimum(model, np.array([[2, 3, 3, 6, 6]])).solve()
    with pytest.raises(ValueError, match="not canonical"):
        StemOptimum(model, np.array([[0, 3, 6, 2, 2]])).solve()


def test_solver_survives_pickling_after_use() -> None:
    boxes = boxes_to_array([stem_box(0, 11, 4), stem_box(1, 10, 2)])
    solver = StemOptimum(EnergyModel("GGGGAAAACCCC"), boxes)
    assert pickle.loads(pickle.dumps(solver)).solve() == solver.solve()
    assert pickle.loads(pickle.dumps(solver)).solve([1]).picks == (1,)


def test_optimum_is_at_most_every_pair_of_compatible_boxes() -> None:
    """A size beyond brute force over all sets: 60 overlapping boxes."""
    rng = np.random.default_rng(3)
    seq = "".join(rng.choice(list("ACGU"), 60))
    model, boxes = EnergyModel(seq), sub_runs(seq)
    boxes = boxes[np.argsort(model.stem_stacks(boxes), kind="stable")[:60]]
    solver = StemOptimum(model, boxes)
    optimum = solver.solve()
    assert energy_of(model, boxes, optimum.picks) == pytest.approx(optimum.energy)
    conflict = conflict_matrix(boxes)
    for a, b in combinations(range(60), 2):
        if not conflict[a, b]:
            assert optimum.energy <= energy_of(model, boxes, (a, b)) + 1e-6
    for stem in optimum.picks:
        assert solver.solve([stem]).energy == optimum.energy
