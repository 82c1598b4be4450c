from dataclasses import replace

import numpy as np
import pytest
import torch

from boxfold.agents.layout import Layouts, chunks_by_size
from boxfold.agents.learned_agents import first_logits
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import fitting_config, with_slots_for
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.envs.slots import slots_of
from boxfold.features.box import boxes_to_array, hairpin_box, stem_box
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.synthetic import synthetic_sequence

SLOTS = AssemblyConfig(max_boxes=20)


def instances():
    """Of 20, 0, 3, 20 and 6 boxes; the first and the fourth have more."""
    rng = np.random.default_rng(2)
    sizes = (24, 0, 3, 30, 6)
    return [
        instance_from_sequence(synthetic_sequence(80, rng), size)
        if size
        else instance_from_sequence("A" * 10, 4)
        for size in sizes
    ]


def random_network():
    torch.manual_seed(1)
    network = AssemblyNetwork(
        NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)
    )
    for head in (network.box_score, network.stop_score, network.value):
        torch.nn.init.normal_(head.weight)
    return network.eval()


def test_a_layout_is_as_large_as_its_largest_instance():
    given = instances()
    assert [each.n_boxes for each in given] == [24, 0, 3, 30, 6]
    layouts = Layouts(given, SLOTS)
    assert layouts.sizes.tolist() == [20, 2, 3, 20, 6]  # an environment has two slots at least
    for rows, n in (([2, 4], 6), ([1], 2), ([1, 2], 3), ([0, 3, 1], 20)):
        layout = layouts.of(np.array(rows))
        assert layout.tokens.shape[:2] == layout.boxes.shape[:2] == (len(rows), n)
        assert layout.loop_energy.shape == (len(rows), n, n)
        for b, row in enumerate(rows):
            slots = slots_of(given[row].cut(20), SLOTS)
            np.testing.assert_array_equal(layout.tokens[b], slots.tokens[:n])
            np.testing.assert_array_equal(layout.boxes[b], slots.boxes[:n])
            np.testing.assert_array_equal(layout.loop_energy[b], slots.loop_energy[:n, :n])


@torch.no_grad()
def test_trimming_changes_no_logit():
    given, network = instances(), random_network()
    batch = BatchAssembly(replace(SLOTS, max_boxes=32), len(given))
    for index, instance in enumerate(given):
        batch.load(index, instance.cut(20))
    names = ("tokens", "boxes", "loop_energy")
    padded = first_logits(network, *(torch.from_numpy(batch.observation[name]) for name in names))
    layouts = Layouts(given, SLOTS)
    for rows in ([0, 1, 2, 3, 4], [4, 2], [2], [3, 1]):
        trimmed = first_logits(network, *layouts.of(np.array(rows)))
        for b, row in enumerate(rows):
            n = min(given[row].n_boxes, 20)
            np.testing.assert_allclose(trimmed[b, :n], padded[row, :n], atol=1e-4)
    assert np.ptp(padded[0, :20].numpy()) > 0.1


def test_loops_that_can_be_picked_keep_their_slots():
    proposals = Proposals(
        boxes_to_array([stem_box(0, 11, 4)]),
        np.ones(1, dtype=np.float32),
        np.zeros((1, len(EVIDENCE)), dtype=np.float32),
        boxes_to_array([hairpin_box(3, 8)]),
        np.ones(1, dtype=np.float32),
    )
    instance = Instance("x", "GGGGAAAACCCC", proposals)
    layout = Layouts([instance], AssemblyConfig(6, action_types="all")).of(np.array([0]))
    assert (layout.boxes[0, :, 3] > 0).int().tolist() == [1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_chunks_have_every_index_once_small_instances_first(size):
    given = instances()
    chunks = [chunk.tolist() for chunk in chunks_by_size(given, size)]
    assert [index for chunk in chunks for index in chunk] == [1, 2, 4, 0, 3]
    assert {len(chunk) for chunk in chunks[:-1]} <= {size} and 0 < len(chunks[-1]) <= size


def test_chunks_of_equal_instances_keep_their_order():
    same = [instance_from_sequence("GGGGAAAACCCC", 4)] * 5
    assert [chunk.tolist() for chunk in chunks_by_size(same, 2)] == [[0, 1], [2, 3], [4]]
    assert list(chunks_by_size([], 2)) == []


@pytest.mark.parametrize(
    ("rows", "n_slots"), [([2, 4], 6), ([1, 2], 3), ([1], 2), ([3], 20), ([], 2)]
)
def test_a_fitting_config_has_no_empty_slot_for_the_largest(rows, n_slots):
    given = instances()
    fitting = fitting_config([given[row] for row in rows], SLOTS)
    assert fitting == replace(SLOTS, max_boxes=n_slots)


def test_a_fitting_config_has_as_many_slots_for_stems_as_for_loops():
    config = AssemblyConfig(40, action_types="all")
    given = instances()
    assert [len(each.proposals.loops) for each in given] == [0] * 5
    assert fitting_config(given[2:3], config) == replace(config, max_boxes=6)
    assert fitting_config(given, config) is not config
    assert fitting_config(given, config) == config  # 30 stems do not fit
    assert with_slots_for(given, config).max_boxes == 60
    assert with_slots_for(given, SLOTS).max_boxes == 30
