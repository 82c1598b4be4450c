from itertools import combinations

import numpy as np
import pytest
import torch

from boxfold.agents.chain_energy import chain_numbers
from boxfold.agents.layout import Layouts
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.relations import encloses
from boxfold.features.synthetic import synthetic_sequence


def instances(n, max_boxes=9):
    rng = np.random.default_rng(4)
    return [instance_from_sequence(synthetic_sequence(36, rng), max_boxes) for _ in range(n)]


def energies_without_multiloops(instance, max_beside):
    """Least energy with each stem of structures without multi-branch loops, by trying all of them.

    At most `max_beside` outermost stems before the one that counts, and as many behind it.
    """
    inside, conflict = encloses(instance.boxes), instance.conflict()
    best = np.full(instance.n_boxes, np.inf)
    for size in range(1, 6):
        for picks in combinations(range(instance.n_boxes), size):
            if np.triu(conflict[np.ix_(picks, picks)], 1).any():
                continue
            nested = inside[np.ix_(picks, picks)]
            above = nested.sum(axis=0)  # stems around each one; siblings have the same ones
            around = {tuple(column) for column in nested.T[above > 0].tolist()}
            if len(around) < (above > 0).sum():
                continue  # two stems enclosed by just the same stems: a multi-branch loop
            outer = np.array(picks)[above == 0]
            outer = outer[np.argsort(instance.boxes[outer, 1])]
            for place, top in enumerate(outer):
                if place <= max_beside and len(outer) - place - 1 <= max_beside:
                    chain = [top, *(each for each in picks if inside[top, each])]
                    best[chain] = np.minimum(best[chain], instance.energy(picks))
    return best


@pytest.mark.parametrize("n_beside", [0, 1, 4])
@pytest.mark.parametrize("instance", instances(6) + instances(2, 12))
def test_totals_are_those_of_the_best_structure_with_each_stem(instance, n_beside):
    layout = Layouts([instance], AssemblyConfig(12)).of(np.arange(1))
    numbers = chain_numbers(*layout[:3], n_rounds=8, n_beside=n_beside)
    total = 10 * (numbers.boxes[0, :, 0] + numbers.boxes[0, :, 1]).numpy()
    assert np.allclose(total, energies_without_multiloops(instance, n_beside), atol=0.02)
    worse = 5 * numbers.boxes[0, :, 2].numpy()
    assert np.allclose(worse, np.clip(total - total.min(), 0, 10), atol=1e-4)


def test_one_round_knows_chains_of_two():
    instance = next(each for each in instances(20) if encloses(each.boxes).sum() > 3)
    layout = Layouts([instance], AssemblyConfig(9)).of(np.arange(1))
    one, many = (chain_numbers(*layout[:3], n_rounds=n, n_beside=2).boxes[0, :, 0] for n in (1, 8))
    assert (one >= many - 1e-6).all()
    none = chain_numbers(*layout[:3], n_rounds=0, n_beside=2).boxes[0, :, 0].numpy()
    alone = instance.token_energies[:, :2].sum(axis=1) / 10
    assert np.allclose(none, alone, atol=1e-6)


def test_the_best_inner_stem_of_each_stem_costs_nothing_or_the_hairpin_is_better():
    for instance in instances(6):
        layout = Layouts([instance], AssemblyConfig(9)).of(np.arange(1))
        pairs = chain_numbers(*layout[:3], n_rounds=8, n_beside=2).pairs[0].numpy()
        nested = encloses(instance.boxes)
        assert (pairs[~nested] <= 1e-6).all()
        assert ((pairs[nested] >= 0) & (pairs[nested] <= 1)).all()


def test_what_stands_beside_a_stem_is_told():
    sides = {0: 0, 2: 0}
    for instance in instances(12):
        layout = Layouts([instance], AssemblyConfig(9)).of(np.arange(1))
        for n_beside in sides:
            told = chain_numbers(*layout[:3], n_rounds=8, n_beside=n_beside).boxes[0, :, 4]
            assert (told <= 0).all()
            sides[n_beside] += int((told < 0).sum())
    assert sides[0] == 0 < sides[2]


def test_padding_changes_nothing():
    some = instances(3)
    layout = Layouts(some, AssemblyConfig(9)).of(np.arange(3))
    together = chain_numbers(*layout[:3], n_rounds=8, n_beside=2)
    for b, each in enumerate(some):
        alone = chain_numbers(
            *Layouts([each], AssemblyConfig(9)).of(np.arange(1))[:3], n_rounds=8, n_beside=2
        )
        n = each.n_boxes
        assert torch.allclose(together.boxes[b, :n], alone.boxes[0])
        assert torch.allclose(together.pairs[b, :n, :n], alone.pairs[0])
        assert not together.boxes[b, n:].any()
