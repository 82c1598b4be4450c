import dataclasses

import numpy as np
import pytest
import torch

from boxfold.s1.batches import Example, input_tensors, length_batches, stack_codes
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.run_folder import (
    RunFolder,
    load_tensors,
    optimizer_tensors,
    restore_optimizer,
    save_tensors,
)

TINY = NetworkConfig(channels=8, n_blocks=2, pixel_channels=4, hidden=8)
SHORT, LONG = "GGGAAAUCCCAGGCUUCGGCC", "GGGAAAUCCCAGGCUUCGGCCAUGCAUUGCAUGG"


def outputs(network, seqs):
    grid, valid, _ = input_tensors(seqs)
    with torch.inference_mode():
        return {name: value.numpy() for name, value in network.eval()(grid, valid).items()}


@pytest.mark.parametrize("config", [TINY, dataclasses.replace(TINY, name="run7")])
def test_batch_mates_change_nothing(config):
    torch.manual_seed(0)
    network = BoxNet(config)
    alone = outputs(network, [SHORT])
    together = outputs(network, [SHORT, LONG])
    n = len(SHORT)
    assert alone["boxes"].shape == (1, 123, n, n)
    for name in ("ends", "boxes"):
        np.testing.assert_allclose(together[name][:1, :, :n, :n], alone[name], atol=2e-5)


def test_run7_has_the_prior_trunk():
    trunk = BoxNet(NetworkConfig(name="run7")).trunk
    layers = sum(p.numel() for p in trunk.layers.parameters())
    assert layers == 2_925_312  # prior-work.md section 3
    assert len(trunk.layers) == 7


def test_unknown_network_is_refused():
    with pytest.raises(ValueError, match="half, run7"):
        NetworkConfig(name="vgg")


def test_batches_hold_every_example_once_within_the_budget():
    lengths = np.random.default_rng(0).integers(20, 120, size=300)
    batches = list(length_batches(lengths, 16 * 64 * 64, np.random.default_rng(1)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(300))
    assert all(len(b) * lengths[b].max() ** 2 <= 16 * 64 * 64 for b in batches)
    again = list(length_batches(lengths, 16 * 64 * 64, np.random.default_rng(1)))
    assert [b.tolist() for b in batches] == [b.tolist() for b in again]
    assert [b.tolist() for b in length_batches(np.array([500]), 10)] == [[0]]


def test_codes_are_padded_with_n():
    assert stack_codes(["ACGU", "G"]).tolist() == [[0, 1, 2, 3], [2, 4, 4, 4]]


def test_example_reads_boxes_off_the_structure():
    example = Example.from_dot_bracket("GGGAAAACCC", "(((....)))")
    assert example.boxes.tolist() == [[0, 0, 7, 3, 3], [2, 2, 2, 6, 6]]
    assert example.stems.tolist() == [[0, 0, 7, 3, 3]]


def test_tensors_round_trip_and_same_bytes(tmp_path):
    tensors = {"b": torch.arange(3.0), "a": torch.eye(2).T}
    save_tensors(tmp_path / "x.safetensors", tensors, {"kind": "s1", "z": 1, "y": [2]})
    save_tensors(tmp_path / "y.safetensors", tensors, {"y": [2], "z": 1, "kind": "s1"})
    first, second = (tmp_path / f"{n}.safetensors" for n in "xy")
    assert first.read_bytes() == second.read_bytes()
    loaded, meta = load_tensors(first, "s1")
    assert meta["y"] == [2]
    for name, value in tensors.items():
        torch.testing.assert_close(loaded[name], value)


def test_optimizer_state_round_trip():
    def stepped(n, state=None):
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 1)
        optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
        if state is not None:
            layer.load_state_dict(state[0])
            restore_optimizer(optimizer, state[1])
        for _ in range(n):
            optimizer.zero_grad()
            layer(torch.ones(2, 3)).square().sum().backward()
            optimizer.step()
        copy = {name: value.clone() for name, value in layer.state_dict().items()}
        return copy, {name: value.clone() for name, value in optimizer_tensors(optimizer).items()}

    whole, _ = stepped(5)
    halves, _ = stepped(3, stepped(2))
    for name, value in whole.items():
        torch.testing.assert_close(halves[name], value)


def test_run_folder_resumes_only_itself(tmp_path):
    run = RunFolder.open(tmp_path / "run", {"lr": 1}, "boxfold x", resume=False, overwrite=False)
    run.log(1, {"eval/f1": 0.5})
    again = RunFolder.open(tmp_path / "run", {"lr": 1}, "boxfold x", resume=True, overwrite=False)
    again.log(2, {"eval/f1": 0.75})
    assert again.metrics()["eval/f1"].tolist() == [0.5, 0.75]
    with pytest.raises(ValueError, match="differing in: lr"):
        RunFolder.open(tmp_path / "run", {"lr": 2}, "c", resume=True, overwrite=False)
    with pytest.raises(ValueError, match="exists already"):
        RunFolder.open(tmp_path / "run", {"lr": 1}, "c", resume=False, overwrite=False)
    empty = tmp_path / "killed before its first file"
    empty.mkdir()
    assert RunFolder.open(empty, {"lr": 1}, "c", resume=True, overwrite=False).config() == {"lr": 1}
    again.finish()
    with pytest.raises(ValueError, match="is finished"):
        RunFolder.open(tmp_path / "run", {"lr": 1}, "c", resume=True, overwrite=False)


@pytest.mark.parametrize("damage", ["truncated", "missing", "kind", "version"])
def test_bad_weights_get_one_line(tmp_path, damage):
    path = tmp_path / "weights.safetensors"
    meta = {"kind": "s1", "format_version": 99} if damage == "version" else {"kind": "s1"}
    save_tensors(path, {"a": torch.zeros(100)}, meta)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:150])
    if damage == "missing":
        path.unlink()
    with pytest.raises(ValueError, match=r"^.*weights\.safetensors: .*$"):
        load_tensors(path, "assembly" if damage == "kind" else "s1")
