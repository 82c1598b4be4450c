import numpy as np
import pytest
import torch

from boxfold.agents import teacher
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.teacher import States, teacher_states
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import fitting_config
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence

SLOTS = AssemblyConfig(max_boxes=12)
SMALL = NetworkConfig(embed_dim=8, n_heads=2, feedforward_dim=8, relation_dim=8, pair_dim=4)


def instances():
    rng = np.random.default_rng(4)
    lengths = (70, 30, 60, 25, 50, 80, 40)
    return [instance_from_sequence(synthetic_sequence(n, rng), n // 4) for n in lengths]


def by_hand():
    """Two states of three slots."""
    return States(
        torch.tensor([0, 0]),
        torch.tensor([[0, 0, 0], [1, 0, 0]], dtype=torch.int8),
        torch.tensor([[1, 1, 0, 1], [0, 1, 0, 1]], dtype=torch.int8),
        torch.zeros(2, 5),
        torch.tensor([[True, True, False, False], [False, False, False, True]]),
    )


def same(one, other):
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_more_slots_are_empty_and_stop_stays_last():
    more = by_hand().slots(5)
    assert more.picked.tolist() == [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert more.mask.tolist() == [[1, 1, 0, 0, 0, 1], [0, 1, 0, 0, 0, 1]]
    assert more.target.int().tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1]]
    assert same(more.slots(3), by_hand())


def test_fewer_slots_lose_the_empty_ones():
    fewer = by_hand().slots(2)
    assert fewer.picked.tolist() == [[0, 0], [1, 0]]
    assert fewer.mask.tolist() == [[1, 1, 1], [0, 1, 1]]
    assert fewer.target.int().tolist() == [[1, 1, 0], [0, 0, 1]]
    assert same(fewer.slots(3), by_hand())
    assert same(by_hand().slots(3), by_hand())


def test_slots_round_trip_for_the_states_of_an_episode():
    given = instances()
    states = teacher_states(given, SLOTS, np.random.default_rng(0))
    assert states.picked.shape[1] == 12 and states.mask.shape[1] == states.target.shape[1] == 13
    for row, instance in enumerate(given):
        n = fitting_config([instance], SLOTS).max_boxes
        own = states.of(np.array([row]))
        assert same(own.slots(n).slots(12), own)
        assert own.slots(n).mask.any(dim=0)[:n].all()  # at the start everything is allowed


@pytest.mark.parametrize("chunk", [2, 64])
def test_teacher_names_every_pick_of_the_best_completion(chunk, monkeypatch):
    given, strayed = instances(), 0
    monkeypatch.setattr(teacher, "CHUNK", chunk)
    torch.manual_seed(0)
    network = AssemblyNetwork(SMALL).eval()
    torch.nn.init.constant_(network.stop_score.bias, -3.0)  # strays further
    states = teacher_states(given, SLOTS, np.random.default_rng(0), network, explore=0.9)
    assert (states.instance.diff() >= 0).all()
    assert states.instance.unique().tolist() == list(range(len(given)))
    for row, index in enumerate(states.instance.tolist()):
        instance = given[index].cut(12)
        picks = np.flatnonzero(states.picked[row].numpy()).tolist()
        free = np.flatnonzero(~instance.conflict()[picks].any(axis=0)).tolist()
        assert np.flatnonzero(states.mask[row].numpy()).tolist() == [*free, SLOTS.stop]
        strayed += not set(picks) <= set(instance.optimum.picks)
        missing = set(instance.solver.solve(picks).picks) - set(picks)
        assert set(np.flatnonzero(states.target[row].numpy())) == (missing or {SLOTS.stop})
        assert states.mask[row][states.target[row]].all()
    assert strayed > 1
    some = states.of(np.array([4, 1]))
    assert torch.equal(some.picked[some.instance == 0], states.picked[states.instance == 4])
