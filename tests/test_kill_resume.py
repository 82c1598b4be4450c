"""kill -9 in the middle, then --resume: nothing finished is lost, and the result is the same."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from boxfold.scripts import cli

BOXFOLD = [sys.executable, "-m", "boxfold.scripts.cli"]
PATIENCE = 120  # seconds until a started verb must have written its first checkpoint


def kill_once(path: Path, flags: list[str]) -> None:
    """Start a verb and kill it as soon as it has written `path`."""
    process = subprocess.Popen([*BOXFOLD, *flags], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while not path.exists() and time.monotonic() < deadline:
        assert process.poll() is None, "the verb ended before it could be killed"
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert path.exists()


def test_dataset(tmp_path, capsys):
    whole, killed = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    flags = ["dataset", "--synthetic", "--length", "30", "--count", "700", "--out"]
    shard = tmp_path / "killed.parquet.parts" / "00000.parquet"
    kill_once(shard, [*flags, str(killed)])
    assert not killed.exists()
    written = shard.stat().st_mtime_ns
    assert cli.main([*flags, str(killed)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert shard.stat().st_mtime_ns == written
    assert cli.main([*flags, str(killed), "--resume"]) == 0
    assert "resumed: 1 finished shards" in capsys.readouterr().out
    assert not shard.parent.exists()
    assert cli.main([*flags, str(whole)]) == 0
    assert killed.read_bytes() == whole.read_bytes()


SMALL_S1 = ["--channels", "4", "--n-blocks", "1", "--epochs", "2", "--epoch-examples", "24"]
SMALL_S1 += ["--batch-pixels", "3200", "--checkpoint-batches", "2"]
NETWORK = "--embed-dim 16 --n-heads 2 --n-encoder-layers 1 --feedforward-dim 16 --relation-dim 8"
SMALL = [*NETWORK.split(), "--max-boxes", "16", "--validation-instances", "6"]
CLONE = ["--algorithm", "clone", "--epochs", "4", "--batch-instances", "8"]
PPO = ["--algorithm", "ppo", "--steps", "256", "--n-envs", "4", "--n-steps", "8"]
PPO += ["--chunk-updates", "1", "--n-epochs", "1", "--batch-size", "32"]
TRAININGS = {
    "train-s1": ["train-s1", *SMALL_S1],
    "clone": ["train-agent", *CLONE, *SMALL],
    "ppo": ["train-agent", *PPO, *SMALL],
}


@pytest.mark.parametrize("name", TRAININGS)
def test_training(name, tmp_path, windows, proposals, capsys):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    data = windows if name == "train-s1" else proposals
    flags = [*TRAININGS[name], "--data", str(data), "--out"]
    kill_once(killed / "state.safetensors", [*flags, str(killed)])
    assert not (killed / "finished").exists()
    assert cli.main([*flags, str(killed)]) == 2
    assert "--resume continues it" in capsys.readouterr().err
    assert cli.main([*flags, str(killed), "--resume"]) == 0
    assert cli.main([*flags, str(whole)]) == 0
    weights = [(run / "weights.safetensors").read_bytes() for run in (killed, whole)]
    assert weights[0] == weights[1]
    assert not (killed / "state.safetensors").exists()
    steps = [pd.read_csv(run / "metrics.csv")["step"].tolist() for run in (killed, whole)]
    assert steps[0] == steps[1]
