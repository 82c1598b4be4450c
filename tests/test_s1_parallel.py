"""`torchrun` on this machine: two processes take the steps of one, and end together."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from boxfold.features.errors import InputError
from boxfold.s1 import parallel
from boxfold.s1.batches import Example, length_batches
from boxfold.s1.network import NetworkConfig
from boxfold.s1.parallel import ALONE, Group, with_one_voice
from boxfold.s1.run_folder import RunFolder, load_tensors
from boxfold.s1.training import S1Trainer
from boxfold.s1.training_config import TrainS1Config
from boxfold.scripts import cli, train_s1

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
TORCHRUN += ["-m", "boxfold.scripts.train_s1"]
N_EXAMPLES, LENGTH, BATCH = 58, 40, 3  # 19 batches of 3, shared as 2 + 1, and one of 1: 1 + 0
FLAGS = f"--channels 8 --n-blocks 2 --epochs 1 --epoch-examples {N_EXAMPLES}".split()
FLAGS += ["--batch-pixels", str(BATCH * LENGTH**2), "--checkpoint-batches", "7"]
HANGS = 400  # seconds after which it can't be a busy machine any more


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Sixty windows to train on, fifteen to validate on."""
    path = tmp_path_factory.mktemp("parallel") / "windows.parquet"
    flags = ["--synthetic", "--length", str(LENGTH), "--count", "75", "--split", "0.8"]
    assert cli.main(["dataset", *flags, "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def one(data):
    """Folder of the training in this process."""
    out = data.parent / "one"
    assert cli.main(["train-s1", "--data", str(data), *FLAGS, "--out", str(out)]) == 0
    return out


def by_two(data, out, *flags):
    command = [*TORCHRUN, "--data", str(data), *FLAGS, "--out", str(out), *flags]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=HANGS, env=environment)


def largest_difference(first, second):
    (a, _), (b, _) = (load_tensors(run / "weights.safetensors", "s1") for run in (first, second))
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(data, one):
    steps = list(length_batches(np.full(N_EXAMPLES, LENGTH), BATCH * LENGTH**2))
    assert sorted(map(len, steps)) == [1] + 19 * [3]
    two = data.parent / "two"
    done = by_two(data, two)
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "training rows",
        "60 training and 15 validation examples",
        "epoch 1",
        "epoch 1",
        "epoch 1/1",
    ]
    assert largest_difference(one, two) <= 1e-4
    alone, shared = (pd.read_csv(run / "metrics.csv") for run in (one, two))
    np.testing.assert_allclose(shared["train/loss"], alone["train/loss"], rtol=1e-5)
    assert (two / "config.json").read_bytes() == (one / "config.json").read_bytes()
    command = (two / "command.txt").read_text()
    assert command.startswith("torchrun --nproc-per-node 2 --no-python boxfold train-s1 --data ")
    assert {path.name.split(".")[0] for path in two.iterdir()} == {
        "command",
        "config",
        "events",
        "finished",
        "metrics",
        "weights",
    }


@pytest.mark.slow
def test_two_processes_resume_what_one_began(data, one, monkeypatch):
    def killed(line):
        if line.startswith("epoch 1:"):
            raise KeyboardInterrupt

    out = data.parent / "resumed"
    flags = ["--data", str(data), *FLAGS, "--out", str(out)]
    with monkeypatch.context() as patch:
        patch.setattr(train_s1, "say", killed)
        assert cli.main(["train-s1", *flags]) == 130
    _, meta = load_tensors(out / "state.safetensors", "s1-state")
    assert meta["progress"]["batch"] == 7
    done = by_two(data, out, "--resume")
    assert done.returncode == 0, done.stderr
    assert largest_difference(one, out) <= 1e-4


def process_of_rank(rank, launcher):
    """Id of a process that torchrun has started; None before it has."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            variables = (folder / "environ").read_bytes().split(b"\0")
            if parent == launcher and b"RANK=%d" % rank in variables:
                return int(folder.name)
    return None


def wait_for(happened, process):
    while not (found := happened()):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    return found


@pytest.mark.stress
def test_one_killed_process_ends_both_and_both_resume(data, one, tally):
    out = data.parent / "killed"
    command = [*TORCHRUN, "--data", str(data), *FLAGS, "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    second = wait_for(lambda: process_of_rank(1, process.pid), process)
    wait_for((out / "state.safetensors").exists, process)
    os.kill(second, signal.SIGKILL)
    _, err = process.communicate(timeout=HANGS)
    assert process.returncode == 1
    lines = [line for line in err.splitlines() if line.startswith("boxfold ")]
    assert len(lines) == 1 and "another process of this training has ended" in lines[0], err
    assert not (out / "finished").exists()
    done = by_two(data, out, "--resume")
    assert done.returncode == 0, done.stderr
    assert largest_difference(one, out) <= 1e-4
    tally("one of two processes of torchrun killed, then resumed by two", "1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "exists already"),  # found by the first process alone
        (["--overwrite", "--learning-rate", "1e30"], "the loss is not a number after"),
        (["--overwrite", "--network", "run7"], "--network run7 can't be shared"),
    ],
)
def test_errors_end_all_processes_with_one_line(flags, message, data, one):
    out = data.parent / "occupied"
    if not out.exists():
        RunFolder.open(out, {}, "x", resume=False, overwrite=False)
    done = by_two(data, out, *flags)
    assert done.returncode == 1  # torchrun's own
    lines = [line for line in done.stderr.splitlines() if line.startswith("boxfold ")]
    assert len(lines) == 1 and message in lines[0], done.stderr
    assert "rank      : 0 (local_rank: 0)\n  exitcode  : 2" in done.stderr


def trainer(path):
    rows = [("GGGGAAAACCCC", "((((....))))"), ("GGGAAAAACCCAGGGAAAACCC", "(((.....))).(((....)))")]
    examples = [Example.from_dot_bracket(*row) for row in [*rows, ("GGCAAAAGCC", "(((....)))")]]
    config = TrainS1Config(network=NetworkConfig(channels=8, n_blocks=1, competition=8))
    run = RunFolder.open(path, config.to_dict(), "x", resume=False, overwrite=False)
    return S1Trainer(config, examples, examples, run), examples


def test_weighted_losses_of_shares_add_up_to_the_batch(tmp_path):
    whole, examples = trainer(tmp_path / "run")
    _, expected = whole.objective.losses(examples)
    shares = [Group(rank, 2).share(examples) for rank in range(2)]
    assert [len(share) for share in shares] == [2, 1]
    found = [whole.objective.losses(share)[1] for share in shares]
    for name, value in expected.items():
        total = sum(
            len(share) / 3 * losses[name] for share, losses in zip(shares, found, strict=True)
        )
        torch.testing.assert_close(total, value, rtol=1e-5, atol=1e-6)


def test_gradients_of_shares_add_up_to_those_of_the_batch(tmp_path):
    whole, examples = trainer(tmp_path / "run")
    parameters = list(whole.network.parameters())

    def gradients(share):
        _, losses = whole.objective.losses(share)
        total = sum(losses.values())
        found = torch.autograd.grad(len(share) / 3 * total, parameters)
        return torch.cat([part.reshape(-1) for part in found])

    added = gradients(examples[0::2]) + gradients(examples[1::2])
    torch.testing.assert_close(added, gradients(examples), rtol=1e-4, atol=1e-6)


def test_a_process_alone_changes_nothing():
    parameter = torch.nn.Parameter(torch.zeros(2))
    values = torch.tensor([1.0, 2.0])
    with Group.of_environment().connected() as group:
        assert group == ALONE
        assert group.summed([parameter], values) is values
        assert parameter.grad is None
        assert group.share([1, 2, 3]) == [1, 2, 3]
        assert group.from_first(lambda: 5) == 5


def test_the_group_is_read_off_the_variables_of_torchrun(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert Group.of_environment() == ALONE  # some schedulers set it, too
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    assert Group.of_environment() == Group(3, 4)


def test_losing_contact_is_one_line():
    with pytest.raises(InputError, match=r"training has ended \(Read error\)"):
        with parallel._contact():
            raise RuntimeError("[tcp/pair.cc:537] Read error\nmore")


@pytest.mark.parametrize(("code", "printed"), [(0, ""), (2, "bad flag\n"), (143, "")])
def test_other_processes_hold_their_lines_back(code, printed, monkeypatch, capsys):
    def command():
        print("a report")
        print("bad flag", file=sys.stderr)
        return code

    assert with_one_voice(command) == code
    assert capsys.readouterr() == ("a report\n", "bad flag\n")
    waited = []
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "1"), ("MASTER_ADDR", "localhost")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(parallel.signal, "signal", lambda *_: None)
    monkeypatch.setattr(parallel.time, "sleep", waited.append)
    assert with_one_voice(command) == code
    assert capsys.readouterr() == ("", printed)
    assert waited == ([parallel.PATIENCE] if code == 2 else [])
