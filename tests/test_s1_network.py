import dataclasses

import numpy as np
import pytest
import torch

from boxfold.s1.batches import Example, input_tensors, length_batches, stack_codes
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet, NetworkConfig, ResidualBlock, half_resolution
from boxfold.s1.run_folder import (
    RunFolder,
    load_tensors,
    optimizer_tensors,
    restore_optimizer,
    save_tensors,
)

TINY = NetworkConfig(channels=8, n_blocks=2, pixel_channels=4, hidden=8)
SHORT, LONG = "GGGAAAUCCCAGGCUUCGGCC", "GGGAAAUCCCAGGCUUCGGCCAUGCAUUGCAUGG"


def trained_like(config, seed=0):
    """Network with noise on all weights: some are zero at the start."""
    torch.manual_seed(seed)
    network = BoxNet(config)
    with torch.no_grad():
        for weights in network.parameters():
            weights += 0.2 * torch.randn_like(weights)
    return network.eval()


def random_seqs(*lengths):
    rng = np.random.default_rng(0)
    return ["".join(rng.choice(list("ACGU"), size=n)) for n in lengths]


def outputs(network, grid, valid):
    """Logits of every pixel by head, channels last."""
    with torch.inference_mode():
        features = network.eval()(grid, valid)
        heads = {name: getattr(network, name) for name in ("ends", "loops", "boxes")}
        return {name: head(features).numpy() for name, head in heads.items()}


@pytest.mark.parametrize("make", [BoxNet, trained_like])
@pytest.mark.parametrize("config", [TINY, dataclasses.replace(TINY, name="run7")])
def test_batch_mates_change_nothing(config, make):
    torch.manual_seed(0)
    network = make(config)
    alone = outputs(network, *input_tensors([SHORT])[:2])
    together = outputs(network, *input_tensors([SHORT, LONG])[:2])
    n = len(SHORT)
    shapes = {name: values.shape for name, values in alone.items()}
    assert shapes == {"ends": (1, n, n, 3), "loops": (1, n, n, 70), "boxes": (1, n, n, 123)}
    for name in ("ends", "loops", "boxes"):
        # Random weights make large numbers, of which some cancel to small ones.
        size = max(1.0, float(np.abs(alone[name]).max()))
        np.testing.assert_allclose(together[name][:1, :n, :n], alone[name], atol=2e-5 * size)


@pytest.mark.parametrize("tile_rows", [2, 4, 6, 16, 64])
def test_tiles_and_batch_mates_change_nothing(tile_rows):
    # Three dilations, one of them wider than the smaller tiles.
    network = trained_like(dataclasses.replace(TINY, n_blocks=3))
    seqs = random_seqs(37, 50, 21, 64, 49, 7, 2, 1)
    whole = dict(S1Model(network).maps(seqs, dense=True))
    tiled_model = S1Model(network, max_whole=0, tile_rows=tile_rows)
    tiled = dict(tiled_model.maps(seqs, dense=True))
    for index, expected in whole.items():
        alone = dict(tiled_model.maps([seqs[index]], dense=True))[0]
        for found in (tiled[index], alone):
            for name in ("ends", "on", "boxes"):
                np.testing.assert_allclose(
                    getattr(found, name), getattr(expected, name), atol=1e-5, err_msg=name
                )
            np.testing.assert_array_equal(found.loops.inner, expected.loops.inner)
            logits = found.loops.outer_logits, expected.loops.outer_logits
            np.testing.assert_allclose(*logits, atol=1e-5)
    assert whole[3].ends.std() > 0.1 and whole[3].boxes.std() > 0.1


@pytest.mark.parametrize("n", [30, 31])
def test_only_long_sequences_are_tiled_and_rows_can_be_asked_for_in_strips(monkeypatch, n):
    network, (seq,) = trained_like(TINY), random_seqs(n)
    tiles = []
    forward_tiled = ResidualBlock.forward_tiled

    def counted(block, x, mask, rows):
        tiles.append(rows)
        return forward_tiled(block, x, mask, rows)

    monkeypatch.setattr(ResidualBlock, "forward_tiled", counted)
    dict(S1Model(network, max_whole=n, tile_rows=8).maps([seq]))
    assert tiles == []
    dict(S1Model(network, max_whole=n - 1, tile_rows=8).maps([seq]))
    assert tiles == [4] * TINY.n_blocks
    grid, valid, _ = input_tensors([seq])
    with torch.inference_mode():
        whole = network(grid, valid)
        state = network.encode(grid, valid)
        strips = [network.features(state, grid, first, 8) for first in range(0, n, 8)]
    torch.testing.assert_close(torch.cat(strips, dim=1), whole, atol=1e-5, rtol=0)


def reach(competition):
    """Which ends logits change with base 90 of 100, and pixels out of the convolutions' sight."""
    network = trained_like(dataclasses.replace(TINY, competition=competition, dilations=(1, 2)))
    (seq,) = random_seqs(100)
    other = seq[:90] + {"A": "C", "C": "G", "G": "U", "U": "A"}[seq[90]] + seq[91:]
    grid, valid, _ = input_tensors([seq, other])
    differs = (grid[0] != grid[1]).any(dim=0).numpy()
    changed = np.abs(np.diff(outputs(network, grid, valid)["ends"], axis=0)[0]).max(axis=-1) > 1e-6
    radius = 2 * (1 + 2 * 1 + 2 * 2) + 1  # first layer and two per block, on blocks of two pixels
    far = np.triu(np.ones_like(differs), 1)
    for i, j in np.argwhere(differs):
        far[max(i - radius, 0) : i + radius + 1, max(j - radius, 0) : j + radius + 1] = False
    return changed, far


def test_competition_makes_every_pixel_see_its_whole_row_and_column():
    changed, far = reach(competition=8)
    assert far.sum() > 2000  # their rows and columns hold pairs with base 90, far away
    assert changed[far].mean() > 0.95
    changed, far = reach(competition=0)
    assert not changed[far].any() and changed[:90, 90].all()


def test_competition_sees_the_strongest_of_row_and_column_only():
    torch.manual_seed(0)
    block = ResidualBlock(4, 1, competition=6).eval()
    torch.nn.init.normal_(block.competition.second.weight)
    h = torch.rand(1, 4, 9, 9)
    with torch.inference_mode():
        before = block._competed(torch.zeros_like(h), h)
        h[0, :, 2, 6] = h[0, :, 4, 5] = 2.0  # the strongest of rows 2, 4 and columns 5, 6
        strong = block._competed(torch.zeros_like(h), h)
        h[0, :, 2, 5] = 1.5
        weak = block._competed(torch.zeros_like(h), h)
    torch.testing.assert_close(strong, weak, atol=0, rtol=0)
    moved = (strong - before).abs().amax(dim=1)[0] > 1e-6
    assert moved[1:8].all() and moved[:, 1:8].all()  # bases 2, 4, 5, 6 and their neighbours
    assert not moved[::8, ::8].any()


def test_lower_triangle_changes_nothing_above_it():
    network = trained_like(TINY)
    grid, valid, _ = input_tensors([LONG, SHORT])
    n = len(LONG)
    i, j = np.indices((n, n))
    # Closer to the diagonal the 3 x 3 blocks of the first layer see bases below it.
    noise = torch.randn(grid.shape, generator=torch.Generator().manual_seed(0))
    noisy = grid + noise * torch.from_numpy(i - j >= 7)
    expected, found = outputs(network, grid, valid), outputs(network, noisy, valid)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name][:, j >= i], values[:, j >= i])
    block, (_, mask) = network.trunk.blocks[1], half_resolution(grid, valid)
    state = torch.randn(2, TINY.channels, *mask.shape[2:])
    noisy = torch.where(mask.bool(), state, 9 * torch.randn_like(state))
    with torch.inference_mode():
        expected = block(state, mask)
        for found in (
            block(noisy, mask),
            block.forward_tiled(noisy.clone(), mask, 3),
        ):
            torch.testing.assert_close(found * mask, expected * mask, atol=1e-5, rtol=0)


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
