import dataclasses

import numpy as np
import pytest
import torch

from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.objectives import RescorerObjective
from boxfold.s1.run_folder import RunFolder, load_tensors, save_tensors
from boxfold.s1.tables import read_dataset, read_proposals
from boxfold.scripts.s1_data import examples, load_split

TINY = NetworkConfig(channels=8, n_blocks=1, pixel_channels=4, hidden=8)
WITH = dataclasses.replace(TINY, rescoring=6, rescoring_layers=2)
SMALL = "--channels 8 --n-blocks 1 --hidden 8 --pixel-channels 4 --epochs 1 --epoch-examples 4"
RESCORER = "--rescorer-only --rescoring 6 --rescoring-layers 2"
STILL = "--learning-rate 0 --batch-pixels 6400"


def bytes_of(path):
    tensors, _ = load_tensors(path, "s1")
    return {name: value.numpy().tobytes() for name, value in tensors.items()}


def of_rescorer(weights):
    return {name: value for name, value in weights.items() if name.startswith("rescorer.")}


def of_heads(weights):
    return {name: value for name, value in weights.items() if not name.startswith("rescorer.")}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Writes a network with noise on all weights."""
    folder = tmp_path_factory.mktemp("stored")

    def write(name, config, seed=0):
        path = folder / name
        if not path.exists():
            torch.manual_seed(seed)
            network = BoxNet(config)
            with torch.no_grad():
                for value in network.parameters():
                    value += 0.1 * torch.randn_like(value)
            meta = {"kind": "s1", "network": dataclasses.asdict(config)}
            save_tensors(path, network.state_dict(), meta)
        return path

    return write


@pytest.fixture
def train(call, windows, tmp_path):
    """Runs `train-s1` on the windows; returns what it wrote."""

    def run(flags, *more, out="run"):
        flags = ["train-s1", "--data", windows, *SMALL.split(), *flags.split(), *more]
        done = call(*flags, "--out", tmp_path / out)
        assert done.code == 0, done.err
        return RunFolder(tmp_path / out), bytes_of(tmp_path / out / "weights.safetensors")

    return run


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--rescorer-only --rescoring 6", "--rescorer-only needs --init"),
        ("--rescorer-only --init PLAIN", "--rescorer-only and --rescoring go together"),
        (
            "--rescorer-only --rescoring 0 --init BOTH",
            "--rescorer-only and --rescoring go together",
        ),
        ("--rescoring 6", "--rescorer-only and --rescoring go together"),
        ("--rescoring 6 --init BOTH", "--rescorer-only and --rescoring go together"),
        (f"{RESCORER} --init PLAIN --channels 16", "channels 8, not 16"),
        (f"{RESCORER} --init BOTH --rescoring 4", "rescoring 6, not 4"),
        (f"{RESCORER} --init BOTH --rescoring-layers 1", "rescoring_layers 2, not 1"),
        (f"{RESCORER} --init nowhere", "nowhere: no such weights file"),
        ("--init-rescorer BOTH", "--init-rescorer needs --rescorer-only"),
        (f"{RESCORER} --init PLAIN --init-rescorer nowhere", "nowhere: no such weights file"),
        (f"{RESCORER} --init PLAIN --init-rescorer PLAIN", "rescoring 0, not 6"),
        (f"{RESCORER} --init PLAIN --init-rescorer BOTH --rescoring 4", "rescoring 6, not 4"),
        (f"{RESCORER} --init PLAIN --init-rescorer WIDE", "pixel_channels 8, not 4"),
        ("--rescoring -1", "--rescoring -1 is too small (at least 0)"),
    ],
)
def test_what_does_not_go_together_is_one_line(flags, message, call, windows, stored, tmp_path):
    paths = {
        "PLAIN": stored("PLAIN", TINY),
        "BOTH": stored("BOTH", WITH),
        "WIDE": stored("WIDE", dataclasses.replace(WITH, pixel_channels=8)),
    }
    words = [*SMALL.split(), *(paths.get(word, word) for word in flags.split())]
    done = call("train-s1", "--data", windows, "--out", tmp_path / "x", *words)
    assert done.is_one_line("train-s1", message)
    assert not (tmp_path / "x").exists()


def test_a_rescorer_for_weights_without_one(train, stored, call, windows, tmp_path):
    start = stored("plain", TINY)
    run, found = train(RESCORER, "--init", start)
    assert of_heads(found) == bytes_of(start) and of_rescorer(found)
    config = run.config()
    assert config["init"] == str(start) and config["rescorer_only"]
    assert config["network"]["rescoring"] == 6 and config["network"]["rescoring_layers"] == 2
    row = run.metrics().iloc[0]
    terms = [name for name in row.index if name.startswith("train/rescoring/")]
    assert len(terms) == 3 and row["train/loss"] == pytest.approx(row[terms].sum(), rel=1e-5)
    assert row["validation/score"] < 0
    table = tmp_path / "p.parquet"
    propose = ("propose", "--data", windows, "--method", "ends", "--max-boxes", 400)
    assert call(*propose, "--s1", run.path, "--out", table).code == 0
    for line in read_proposals(table).to_dict("records"):
        assert 0 < len(line["box_n"]) <= 3 * len(line["sequence"])
        for score in (line["box_score"], line["loop_score"]):
            assert (np.diff(score) <= 0).all() and ((score >= 0) & (score <= 1)).all()


def test_the_same_flags_give_the_same_bytes(train, stored):
    _, first = train(RESCORER, "--init", stored("plain", TINY), out="a")
    _, second = train(RESCORER, "--init", stored("plain", TINY), out="b")
    _, other = train(RESCORER, "--init", stored("plain", TINY), "--seed", 3, out="c")
    assert first == second and of_heads(first) == of_heads(other)
    assert of_rescorer(first) != of_rescorer(other)


def test_a_rescorer_goes_on_from_its_own_weights(train, stored, windows):
    start = stored("both", WITH)
    run, found = train(f"{RESCORER} {STILL}", "--init", start)
    assert found == bytes_of(start)
    network = BoxNet(WITH)
    network.load_state_dict(load_tensors(start, "s1")[0])
    _, validation = load_split([str(windows)], None)
    expected = RescorerObjective(network).metrics(examples(validation))
    row = run.metrics().iloc[0]
    for name, value in expected.items():
        assert row[f"validation/{name}"] == pytest.approx(value, rel=1e-5)
    fresh, _ = train(f"{RESCORER} {STILL}", "--init", stored("plain", TINY), out="fresh")
    assert fresh.metrics().iloc[0]["validation/score"] != pytest.approx(-sum(expected.values()))


def test_a_rescorer_of_other_weights(train, stored):
    start, own = stored("plain", TINY), stored("both", WITH)
    other = stored("other", WITH, seed=1)
    for init in (start, own):
        run, found = train(
            f"{RESCORER} {STILL}", "--init", init, "--init-rescorer", other, out=init.name
        )
        assert of_heads(found) == of_heads(bytes_of(init))
        assert of_rescorer(found) == of_rescorer(bytes_of(other)) != of_rescorer(bytes_of(own))
        assert run.config()["init_rescorer"] == str(other)


def test_a_normal_training_drops_the_rescorer(train, stored):
    start = stored("both", WITH)
    run, found = train(STILL, "--init", start)
    assert found == of_heads(bytes_of(start)) != bytes_of(start)
    _, meta = load_tensors(run.path / "weights.safetensors", "s1")
    assert NetworkConfig(**meta["network"]) == TINY
    assert run.config()["network"]["rescoring"] == 0 and not run.config()["rescorer_only"]
    assert len(read_dataset(run.config()["data"][0])) == 60
