"""A file that a disk changed or cut is refused in one line, or read as it was: never otherwise."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from boxfold.agents.learned import load_learned
from boxfold.features.calibration import Calibration
from boxfold.features.errors import InputError
from boxfold.s1.calibration_file import CALIBRATION, load_calibration, save_calibration
from boxfold.s1.model import S1Model
from boxfold.s1.run_folder import load_tensors
from boxfold.s1.shards import Shards
from boxfold.s1.shipped import load_shipped
from boxfold.s1.tables import read_dataset, read_proposals

SIZES = [40, pytest.param(4000, marks=pytest.mark.stress)]
"""Bits that are turned, and places that a file is cut at; all of them in a smaller file."""


def tensors_of(path):
    tensors, meta = load_tensors(path, "s1")
    return {**meta, **{name: (t.dtype, t.tolist()) for name, t in tensors.items()}}


def state_of(path):
    tensors, meta = load_tensors(path, "assembly-state")
    return {**meta, **{name: (t.dtype, t.tolist()) for name, t in tensors.items()}}


def policy_of(path):
    learned = load_learned(path)
    weights = {name: t.tolist() for name, t in learned.network.state_dict().items()}
    return {**learned._replace(network=None)._asdict(), **weights}


def frame_of(read):
    return lambda path: repr(read(path).to_dict("list"))


def calibration_of(path):
    return load_calibration(path.parent)


def piece_of(path):
    assert path.parent.name == "d.parts"
    return repr(Shards(path.parent.parent / "d", {}, True, False).load(0).to_dict("list"))


def shipped_of(path):
    tensors, meta = load_shipped("real", path.parent)
    return {**meta, **{name: t.sum().item() for name, t in tensors.items()}}


@pytest.fixture(scope="module")
def files(tmp_path_factory, untrained_s1, windows, proposals, chain_agent):
    """A file of every kind with what reads it."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "w").mkdir()
    small = read_dataset(windows).head(3)
    from boxfold.s1.tables import write_dataset, write_proposals

    write_dataset(small, folder / "data.parquet")
    write_proposals(read_proposals(proposals).head(3), folder / "boxes.parquet")
    save_calibration(Calibration(1.25, -0.5), folder / CALIBRATION)
    (folder / "d.parts").mkdir()
    Shards(folder / "d", {}, True, False).save(0, small.to_dict("records"))
    weights = Path(load_shipped.__code__.co_filename).parent / "weights"
    for name in ("real_heads.safetensors", "SHA256SUMS", "real_calibration.json"):
        shutil.copy(weights / name, folder / "w" / name)
    state = folder / "state.safetensors"
    make_state(chain_agent, state)
    return {
        "weights of S1": (untrained_s1, tensors_of),
        "weights of a policy": (chain_agent / "weights.safetensors", policy_of),
        "checkpoint": (state, state_of),
        "weights that ship": (folder / "w" / "real_heads.safetensors", shipped_of),
        "data set": (folder / "data.parquet", frame_of(read_dataset)),
        "proposals": (folder / "boxes.parquet", frame_of(read_proposals)),
        "piece of a data set": (folder / "d.parts" / "00000.parquet", piece_of),
        "calibration": (folder / CALIBRATION, calibration_of),
    }


def make_state(run, path):
    """A checkpoint as training writes it."""
    from boxfold.agents.training import STATE_KIND, Progress
    from boxfold.s1.run_folder import optimizer_tensors, save_tensors

    network = load_learned(run / "weights.safetensors").network
    optimizer = torch.optim.AdamW(network.parameters())
    sum(p.sum() for p in network.parameters()).backward()
    optimizer.step()
    tensors = {f"network.{name}": t for name, t in network.state_dict().items()}
    meta = {"kind": STATE_KIND, "progress": dataclasses.asdict(Progress(3))}
    save_tensors(path, tensors | optimizer_tensors(optimizer), meta)


KINDS = ("weights of S1", "weights of a policy", "checkpoint", "weights that ship", "data set")
KINDS += ("proposals", "piece of a data set", "calibration")


def places(n, size, rng):
    """`n` different numbers below `size`, the first and last ones among them; all if there are
    no more."""
    if size <= n:
        return np.arange(size)
    edges = np.concatenate([np.arange(n // 8), np.arange(size - n // 8, size)])
    inner = np.arange(n // 8, size - n // 8)
    return np.concatenate([edges, rng.choice(inner, n - len(edges), replace=False)])


def outcome(path, read, content):
    """What is read of changed content; the message if it is refused."""
    path.write_bytes(content)
    try:
        return read(path)
    except InputError as error:
        message = str(error)
        assert message.startswith(str(path)) and "\n" not in message
        return message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", SIZES)
def test_every_bit_matters_or_does_not(kind, n, files, tally, capsys):
    path, read = files[kind]
    whole, content = path.read_bytes(), read(path)
    rng = np.random.default_rng(7)
    refused = unchanged = 0
    try:
        bits = places(n, 8 * len(whole), rng)
        for bit in bits.tolist():
            changed = bytearray(whole)
            changed[bit // 8] ^= 1 << bit % 8
            found = outcome(path, read, changed)
            if isinstance(found, str) and found.startswith(str(path)):
                refused += 1
            else:
                assert found == content, f"bit {bit} of {kind}: read as something else"
                unchanged += 1
        cuts = places(n, len(whole), rng)
        for size in cuts.tolist():
            found = outcome(path, read, whole[:size])
            assert isinstance(found, str) and found.startswith(str(path)), f"cut at {size}"
    finally:
        path.write_bytes(whole)
    assert refused > unchanged
    capsys.readouterr()
    tally(f"damage: {kind}", f"{len(bits)} bits, {len(cuts)} cuts ({unchanged} bits harmless)")


def test_weights_of_an_older_version_are_read_with_a_line(untrained_s1, tmp_path, capsys):
    old = tmp_path / "old.safetensors"
    old.write_bytes(untrained_s1.read_bytes().replace(b"boxfold-sha256-", b"boxfold-sha25X-"))
    assert tensors_of(old).keys() == {*tensors_of(untrained_s1)}
    assert capsys.readouterr().err == (
        f"boxfold: {old}: no checksum, from an older version: damage would not be noticed\n"
    )
    S1Model.load("real")
    assert capsys.readouterr().err == ""


def test_a_damaged_checkpoint_is_not_resumed(proposals, tmp_path, call):
    from chain import SMALL

    out = tmp_path / "run"
    flags = ["train-agent", "--data", proposals, *SMALL, "--algorithm", "clone", "--epochs", "1"]
    assert call(*flags, "--out", out).code == 0
    (out / "finished").unlink()
    content = bytearray((out / "weights.safetensors").read_bytes())
    content[-100] ^= 16
    (out / "state.safetensors").write_bytes(content)
    outcome = call(*flags, "--out", out, "--resume")
    assert outcome.is_one_line("train-agent", str(out / "state.safetensors"), "damaged")


@pytest.mark.parametrize("name", ["config.json", "metrics.csv"])
def test_texts_of_a_run_that_are_cut(name, proposals, tmp_path, call):
    from chain import SMALL

    out = tmp_path / "run"
    flags = ["train-agent", "--data", proposals, *SMALL, "--algorithm", "clone", "--epochs", "1"]
    assert call(*flags, "--out", out).code == 0
    (out / "finished").unlink()
    whole = (out / name).read_bytes()
    for size in (0, 1, len(whole) // 3):
        (out / name).write_bytes(whole[:size])
        outcome = call(*flags, "--out", out, "--resume")
        assert outcome.code in (0, 2)
        assert outcome.code == 0 or outcome.is_one_line("train-agent", str(out))
    assert pd.read_csv(out / "metrics.csv")["step"].tolist() == [1] or name == "metrics.csv"
