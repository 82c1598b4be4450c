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


def chain_energies(instance):
    """Least energy of a chain of nested stems through each stem, by trying all of them."""
    inside = encloses(instance.boxes)
    best = np.full(instance.n_boxes, np.inf)
    for size in range(1, 5):
        for chain in combinations(range(instance.n_boxes), size):
            nested = inside[np.ix_(chain, chain)]
            if (nested | nested.T | np.eye(size, dtype=bool)).all():
                energy = instance.energy(chain)
                best[list(chain)] = np.minimum(best[list(chain)], energy)
    return best


@pytest.mark.parametrize("instance", instances(6))
def test_totals_are_those_of_the_best_chain_through_each_stem(instance):
    layout = Layouts([instance], AssemblyConfig(9)).of(np.arange(1))
    numbers = chain_numbers(*layout, n_rounds=8)
    total = 10 * (numbers.boxes[0, :, 0] + numbers.boxes[0, :, 1]).numpy()
    assert np.allclose(total, chain_energies(instance), atol=0.02)
    worse = 5 * numbers.boxes[0, :, 2].numpy()
    assert np.allclose(worse, np.clip(total - total.min(), 0, 10), atol=1e-4)


def test_one_round_knows_chains_of_two():
    instance = next(each for each in instances(20) if encloses(each.boxes).sum() > 3)
    layout = Layouts([instance], AssemblyConfig(9)).of(np.arange(1))
    one, many = (chain_numbers(*layout, n_rounds=n).boxes[0, :, 0] for n in (1, 8))
    assert (one >= many - 1e-6).all()
    none = chain_numbers(*layout, n_rounds=0).boxes[0, :, 0].numpy()
    alone = instance.token_energies[:, :2].sum(axis=1) / 10
    assert np.allclose(none, alone, atol=1e-6)


def test_the_best_inner_stem_of_each_stem_costs_nothing_or_the_hairpin_is_better():
    for instance in instances(6):
        layout = Layouts([instance], AssemblyConfig(9)).of(np.arange(1))
        pairs = chain_numbers(*layout, n_rounds=8).pairs[0].numpy()
        nested = encloses(instance.boxes)
        assert (pairs[~nested] <= 1e-6).all()
        assert ((pairs[nested] >= 0) & (pairs[nested] <= 1)).all()


def test_padding_changes_nothing():
    some = instances(3)
    layout = Layouts(some, AssemblyConfig(9)).of(np.arange(3))
    together = chain_numbers(*layout, n_rounds=8)
    for b, each in enumerate(some):
        alone = chain_numbers(*Layouts([each], AssemblyConfig(9)).of(np.arange(1)), n_rounds=8)
        n = each.n_boxes
        assert torch.allclose(together.boxes[b, :n], alone.boxes[0])
        assert torch.allclose(together.pairs[b, :n, :n], alone.pairs[0])
        assert not together.boxes[b, n:].any()
