import numpy as np
import torch

from boxfold.agents import learned_agents
from boxfold.agents import rollout as rollout_module
from boxfold.agents.learned_agents import box_logits
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.rollout import TEMPERATURES, different_assemblies, rollout
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)
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
    many = 8 * len(TEMPERATURES)
    plain = rollout(network, instances, config, np.random.default_rng(1), many)
    assert len(found[0]) == 8 > len({frozenset(picks) for picks in plain[1]}) >= len(found[1])
    assert found[2] == [()]


def test_warm_draws_differ_more_and_cold_ones_are_greedy():
    network = decided_network()
    problems = of_many_sizes()[:6]
    config = AssemblyConfig(40)
    n_different = []
    for temperature in (1e-3, 1.0, 5.0):
        rng = np.random.default_rng(0)
        drawn = rollout(network, problems, config, rng, samples=12, temperature=temperature)
        n_different.append(sum(len({frozenset(picks) for picks in each}) for each in drawn))
    assert n_different[0] == len(problems) < n_different[1] < n_different[2]


def of_many_sizes():
    """Seven sequences, of none to 20 boxes."""
    rng = np.random.default_rng(6)
    sizes = (16, 3, 40, 8, 12, 24)
    found = [instance_from_sequence(synthetic_sequence(70, rng), size) for size in sizes]
    return [*found, instance_from_sequence("AAAAAAAA", 4)]


def decided_network():
    torch.manual_seed(2)
    network = AssemblyNetwork(SMALL)
    for head in (network.box_score, network.stop_score):
        torch.nn.init.normal_(head.weight)
    torch.nn.init.constant_(network.stop_score.bias, -20.0)  # picks until nothing is left
    return network.eval()


def test_greedy_picks_do_not_depend_on_the_other_instances(monkeypatch):
    network, given, config = decided_network(), of_many_sizes(), AssemblyConfig(20)
    together = rollout(network, given, config, np.random.default_rng(0))
    alone = [rollout(network, [each], config, np.random.default_rng(1))[0] for each in given]
    assert together == alone
    assert len({picks for each in together for picks in each}) == 7
    assert max(len(picks) for each in together for picks in each) > 2
    backwards = rollout(network, given[::-1], config, np.random.default_rng(0))
    assert backwards[::-1] == together
    monkeypatch.setattr(rollout_module, "CHUNK", 2)
    assert rollout(network, given, config, np.random.default_rng(0)) == together


def test_every_draw_fits_its_own_instance(monkeypatch):
    monkeypatch.setattr(rollout_module, "CHUNK", 3)
    given, config = of_many_sizes(), AssemblyConfig(20)
    drawn = rollout(decided_network(), given, config, np.random.default_rng(0), samples=4)
    for instance, of_one in zip(given, drawn, strict=True):
        conflict = instance.cut(20).conflict()
        assert len(of_one) == 4
        for picks in of_one:
            assert conflict[list(picks)][:, list(picks)].sum() == len(picks)


def test_logits_of_boxes_do_not_depend_on_the_other_instances(monkeypatch):
    network, given, config = decided_network(), of_many_sizes(), AssemblyConfig(20)
    alone = [box_logits(network, [each], config)[0] for each in given]
    assert [len(each) for each in alone] == [min(each.n_boxes, 20) for each in given]
    for chunk in (64, 2):
        monkeypatch.setattr(learned_agents, "CHUNK", chunk)
        for one, other in zip(box_logits(network, given, config), alone, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)
