import numpy as np
import torch

from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.rollout import loaded, observed
from boxfold.agents.same_states import decoded_once, same_states
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)


def test_states_are_the_same_by_sequence_and_picks():
    picked = np.array([[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]], dtype=np.int8)
    first, state = same_states(np.array([7, 7, 7, 300]), picked)
    assert sorted(first.tolist()) == [0, 1, 3]
    assert state[0] == state[2] != state[1] and len(set(state.tolist())) == 3
    assert np.array_equal(picked[first][state], picked)


def test_decoding_each_state_once_gives_the_logits_of_all():
    rng = np.random.default_rng(0)
    instances = [instance_from_sequence(synthetic_sequence(40, rng), 12) for _ in range(3)]
    torch.manual_seed(0)
    network = AssemblyNetwork(SMALL).eval()
    for head in (network.box_score, network.stop_score):
        torch.nn.init.normal_(head.weight)
    with torch.no_grad():
        batch, sequences = loaded(network, instances, AssemblyConfig(12), samples=4)
        batch.step(np.array([0, 0, 1, 12] * 3))
        rows = np.flatnonzero(~batch.finished)
        states = observed(batch, rows)
        once = decoded_once(network, sequences, rows // 4, states)
        of_rows = sequences.take(torch.from_numpy(rows // 4))
        assert np.allclose(once, network.decode(of_rows, *states)[0].numpy(), atol=1e-5)
        assert len(same_states(rows // 4, states[0].numpy())[0]) < len(rows)
