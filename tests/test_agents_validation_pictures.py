"""Pictures of validation: what attention is drawn, and that drawing changes nothing."""

import numpy as np
import pytest
import torch

from boxfold.agents.attention_maps import MOST_BOXES, draw_attention, last_attention
from boxfold.agents.clone import CloneConfig, CloneTrainer
from boxfold.agents.layout import Layouts
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.synthetic import synthetic_sequence
from boxfold.s1.run_folder import RunFolder

SMALL = NetworkConfig(
    embed_dim=8, n_heads=2, n_encoder_layers=2, feedforward_dim=8, relation_dim=4, pair_dim=4
)


@pytest.fixture(scope="module")
def instances():
    rng = np.random.default_rng(3)
    return [instance_from_sequence(synthetic_sequence(30, rng), max_boxes=30) for _ in range(8)]


@pytest.fixture
def network():
    torch.manual_seed(0)
    return AssemblyNetwork(SMALL).eval()


def test_the_last_layer_hears_what_is_drawn(network, instances):
    layout = Layouts(instances[:1], AssemblyConfig(max_boxes=30)).of(np.array([0]))
    weights = last_attention(network, layout)
    n_slots = layout.boxes.shape[1]
    assert weights.shape == (2, n_slots + 1, n_slots + 1)
    assert weights.sum(axis=2) == pytest.approx(1, abs=1e-5) and (weights >= 0).all()
    # A layer that multiplies what it hears by these weights gives what the network gives.
    layer = network.encoder[-1]
    seen = []
    hook = layer.register_forward_hook(lambda _, given, made: seen.append((*given, made)))
    network.encode(*layout)
    hook.remove()
    tokens, _, pairs, made = seen[0]
    value = layer.query_key_value(layer.attention_norm(tokens))[..., 16:].view(1, -1, 2, 4)
    mixed = torch.einsum("hab,bhd->ahd", torch.from_numpy(weights), value[0]).flatten(1)
    of_pairs = torch.einsum("hab,abp->ahp", torch.from_numpy(weights), pairs[0]).flatten(1)
    heard = tokens[0] + layer.output(mixed) + layer.pair_value(of_pairs)
    again = heard + layer.feedforward(layer.feedforward_norm(heard))
    assert again.detach().numpy() == pytest.approx(made[0].detach().numpy(), abs=1e-5)


def test_best_boxes_and_stop_are_drawn_with_their_names():
    n = MOST_BOXES + 6
    weights = np.arange(2 * (n + 1) ** 2, dtype=np.float32).reshape(2, n + 1, n + 1)
    boxes = np.stack([[0, k, 60 - k, 3, 3] for k in range(n)])
    boxes[1] = -1  # an empty slot
    first, second, mean, _ = draw_attention(weights, boxes, "title").axes
    slots = [0, *range(2, MOST_BOXES + 1), n]
    kept = weights[:, slots][:, :, slots]
    shown = [axes.images[0].get_array() for axes in (mean, first, second)]
    assert (shown[0] == kept.mean(axis=0)).all() and (np.stack(shown[1:]) == kept).all()
    labels = [label.get_text() for label in mean.get_xticklabels()]
    assert labels[:2] == ["1-63 x3", "3-61 x3"] and labels[-1] == "STOP"
    assert len(labels) == MOST_BOXES + 1


def test_drawing_changes_no_weights(instances, tmp_path):
    config = CloneConfig(network=SMALL, assembly=AssemblyConfig(max_boxes=30), epochs=3)
    weights = []
    for name, draws in (("never", lambda *_: None), ("always", None)):
        run = RunFolder.open(tmp_path / name, config.to_dict(), "train", False, False)
        trainer = CloneTrainer(config, instances[:6], instances[6:], run)
        trainer._budget.draw = draws or (lambda run, step, is_last, make: run.show(step, make()))
        trainer.fit(lambda line: None)
        weights.append((run.path / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1]
