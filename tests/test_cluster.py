"""Four verbs on a real Dask scheduler with two workers, of which one is killed at work."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("distributed")

from dask_cluster import DaskCluster, dask_cluster

from boxfold.scripts import cli


def many_records(path: Path, n: int) -> Path:
    rng = np.random.default_rng(0)
    seqs = ["".join(rng.choice(list("ACGU"), int(rng.integers(20, 40)))) for _ in range(n)]
    path.write_text("".join(f">r{k}\n{seq}\n" for k, seq in enumerate(seqs)))
    return path


def outputs(folder: Path) -> dict[str, bytes]:
    """Files by name; of the tables of `evaluate`, all columns but the seconds, which are times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".csv" and path.parent.name == "table":
            found[path.name] = pd.read_csv(path).drop(columns="seconds").to_csv().encode()
        elif path.is_file():
            found[path.name] = path.read_bytes()
    return found


def verbs(folder: Path, windows: Path, proposals: Path, weights: Path) -> list[list[str]]:
    """Command lines, each with enough tasks for two workers; the last one is the longest."""
    s1, agents = ["--s1", str(weights)], ["random", "greedy-energy", "supervised"]
    dataset = ["--synthetic", "--length", "30", "--count", "60"]
    runs = ["--data", str(proposals), "--agents", *agents, "--samples", "2"]
    fasta = many_records(folder / "many.fa", 320)
    return [
        ["dataset", *dataset, "--out", "windows.parquet"],
        ["propose", "--data", str(windows), *s1, "--out", "proposals.parquet"],
        ["evaluate", *runs, "--out", "table"],
        ["predict", str(fasta), *s1, "--agent", "greedy-s1", "--out", "predictions.dbn"],
    ]


def long_verbs(folder: Path) -> dict[str, list[str]]:
    """By verb, enough work of shipped weights to kill a worker at."""
    windows, boxes = folder / "w.parquet", folder / "b.parquet"
    dataset = ["dataset", "--synthetic", "--length", "60"]
    propose = ["propose", "--data", str(windows), "--max-boxes", "32"]
    run_all([[*dataset, "--count", "200", "--out", windows.name]], folder)
    run_all([[*propose, "--method", "runs", "--out", boxes.name]], folder)
    evaluate = ["evaluate", "--data", str(boxes), "--agents", "random", "beam", "supervised"]
    predict = ["predict", str(many_records(folder / "many.fa", 320)), "--top", "2"]
    return {
        "dataset": [*dataset, "--count", "800", "--seed", "1", "--out", "windows.parquet"],
        "propose": [*propose, "--out", "proposals.parquet"],
        "evaluate": [*evaluate, "judge", "--out", "table"],
        "predict": [*predict, "--format", "json", "--out", "predictions.json"],
    }


def run_all(commands: list[list[str]], folder: Path, *flags: str) -> dict[str, bytes]:
    for *command, out in commands:
        assert cli.main([*command, str(folder / out), *flags]) == 0
    return outputs(folder)


def run_with_a_kill(command: list[str], folder: Path, cluster: DaskCluster) -> int:
    *command, out = command
    command += [str(folder / out), "--cluster", cluster.address]
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(cli.main, command)
        cluster.kill_a_working_one(running.done)
        assert not running.done()
        return running.result()


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_has_the_bytes_of_one_process(
    tmp_path, windows, proposals, untrained_s1
):
    commands = verbs(tmp_path, windows, proposals, untrained_s1)
    here, there = tmp_path / "here", tmp_path / "there"
    expected = run_all(commands, here)
    with dask_cluster(tmp_path) as cluster:
        run_all(commands[:-1], there, "--cluster", cluster.address)
        assert cluster.n_workers() == 2
        assert run_with_a_kill(commands[-1], there, cluster) == 0
        assert cluster.n_workers() == 1
    found = outputs(there)
    assert found == expected
    assert set(found) >= {"windows.parquet", "proposals.parquet", "summary.csv", "predictions.dbn"}
    assert found["predictions.dbn"].count(b">") == 320


@pytest.mark.stress
def test_each_verb_loses_a_worker_and_nothing_else(tmp_path, tally):
    with dask_cluster(tmp_path) as cluster:
        for verb, command in long_verbs(tmp_path).items():
            here, there = tmp_path / verb / "here", tmp_path / verb / "there"
            expected = run_all([command], here)
            assert run_with_a_kill(command, there, cluster) == 0
            assert cluster.n_workers() == 1
            assert outputs(there) == expected and expected, verb
            cluster.add_workers(1)
    tally("a worker of two killed at work on Dask: dataset, propose, evaluate, predict", "4")
