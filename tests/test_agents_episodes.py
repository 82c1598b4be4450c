import numpy as np
import torch

from boxfold.agents.episodes import drawn_episodes
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)


def network(seed=0):
    torch.manual_seed(seed)
    return AssemblyNetwork(SMALL).eval()


def instances(n, max_boxes=12):
    rng = np.random.default_rng(5)
    return [instance_from_sequence(synthetic_sequence(40, rng), max_boxes) for _ in range(n)]


def picks_of(played, episode, stop):
    taken = played.action[played.episode == episode]
    return [action for action in taken.tolist() if action != stop]


def test_returns_are_the_energies_of_what_was_picked():
    chosen = instances(3)
    played = drawn_episodes(
        network(), chosen, AssemblyConfig(max_boxes=12), np.random.default_rng(0), samples=5
    )
    stop = max(each.n_boxes for each in chosen)
    assert played.returns.shape == (3, 5)
    for b, instance in enumerate(chosen):
        for k in range(5):
            energy = instance.energy(picks_of(played, b * 5 + k, stop))
            want = -min(energy, 10.0) / instance.scale
            assert np.isclose(played.returns[b, k], want, atol=1e-5)


def test_every_action_was_allowed_and_states_grow_by_one_pick():
    played = drawn_episodes(
        network(), instances(4), AssemblyConfig(max_boxes=12), np.random.default_rng(1), samples=4
    )
    assert played.mask[np.arange(len(played.action)), played.action].all()
    for episode in range(16):
        sizes = played.picked[played.episode == episode].sum(axis=1)
        assert sizes.tolist() == list(range(len(sizes)))


def test_the_same_seed_draws_the_same_episodes():
    first, again = (
        drawn_episodes(
            network(), instances(2), AssemblyConfig(12), np.random.default_rng(3), samples=3
        )
        for _ in range(2)
    )
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one, other)
