import numpy as np
import torch

from boxfold.agents.network import AssemblyNetwork, NetworkConfig
from boxfold.agents.rollout import ROUNDS, different_assemblies, rollout
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence

SEQS = ("GGGAAAUCCCAGGCUUCGGCCAUGCAUUGCAU", "GGGGAAAACCCC", "AAAAAAAAAA")


def test_samples_differ_and_begin_with_the_greedy_one():
    torch.manual_seed(0)
    network = AssemblyNetwork(NetworkConfig(embed_dim=8, n_heads=2, feedforward_dim=8)).eval()
    instances = [instance_from_sequence(seq, 16) for seq in SEQS]
    config = AssemblyConfig(16)
    found = different_assemblies(network, instances, config, np.random.default_rng(1), 8)
    greedy = rollout(network, instances, config, np.random.default_rng(2))
    assert [each[0] for each in found] == [each[0] for each in greedy]
    for each in found:
        assert len({frozenset(picks) for picks in each}) == len(each) <= 8
    plain = rollout(network, instances, config, np.random.default_rng(1), 8 * ROUNDS)
    assert len(found[0]) == 8 > len({frozenset(picks) for picks in plain[1]}) >= len(found[1])
    assert found[2] == [()]
