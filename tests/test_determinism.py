"""The same commands twice give the same bytes, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

S1 = "--channels 4 --n-blocks 1 --epochs 1 --epoch-examples 24 --seed 5"
NETWORK = (
    "--embed-dim 16 --n-heads 2 --n-encoder-layers 1 --feedforward-dim 16 --relation-dim 8 "
    "--max-boxes 12 --validation-instances 6"
)
PPO = "--steps 128 --n-envs 4 --n-steps 8 --chunk-updates 2 --n-epochs 1 --batch-size 32"
AGENTS = "random annealing exact ./clone ./ppo"
COMMANDS = [
    "dataset --synthetic --length 30-40 --count 40 --split 0.8 --seed 3 --out windows.parquet",
    f"train-s1 --data windows.parquet {S1} --out s1",
    "propose --data windows.parquet --s1 s1 --max-boxes 12 --out boxes.parquet",
    "propose --data windows.parquet --method runs --max-boxes 12 --out runs.parquet",
    f"train-supervised --data runs.parquet {NETWORK} --epochs 1 --out supervised",
    f"train-agent --data runs.parquet {NETWORK} --algorithm clone --epochs 1 --out clone",
    f"train-agent --data runs.parquet --max-boxes 12 --init clone --algorithm ppo {PPO} --out ppo",
    f"evaluate --data runs.parquet --agents {AGENTS} --samples 3 --seed 2 --out table",
    "predict rnas.fa --s1 s1 --agent ./ppo --samples 3 --seed 4 --format json --out found.json",
]
SAME_BYTES = [
    "windows.parquet",
    "s1/config.json",
    "s1/metrics.csv",
    "s1/weights.safetensors",
    "boxes.parquet",
    "runs.parquet",
    "supervised/weights.safetensors",
    "clone/weights.safetensors",
    "ppo/config.json",
    "ppo/weights.safetensors",
    "found.json",
]
RUN_ALL = """
import sys
from boxfold.scripts.cli import main
for command in sys.stdin.read().splitlines():
    assert main(command.split()) == 0, command
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[Path]:
    """Two folders in which the same commands ran, under different hash seeds."""
    found, processes = [], []
    for hash_seed in ("1", "2"):
        folder = tmp_path_factory.mktemp("same")
        (folder / "rnas.fa").write_text(">a\nGGGGAAAACCCCAAGGCGAAAGCC\n>b\nGGAACUUCGGUUCC\n")
        found.append(folder)
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", RUN_ALL],
                cwd=folder,
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for process in processes:
        output, _ = process.communicate("\n".join(COMMANDS), timeout=300)
        assert process.returncode == 0, output
    return found


@pytest.mark.parametrize("name", SAME_BYTES)
def test_same_bytes(name, folders):
    one, other = ((folder / name).read_bytes() for folder in folders)
    assert len(one) > 0
    assert one == other


@pytest.mark.parametrize("name", ["summary.csv", "per_sequence.csv"])
def test_same_tables_but_for_the_time(name, folders):
    one, other = (pd.read_csv(folder / "table" / name) for folder in folders)
    assert {"random", "annealing", "exact", "./clone", "./ppo"} <= set(one["agent"])
    pd.testing.assert_frame_equal(
        one.drop(columns="seconds"), other.drop(columns="seconds"), check_exact=True
    )
