"""Engines of this machine: order, windows, errors; what they map is builtin, so workers know it."""

import math
import operator
import os
import socket
from functools import partial

import pytest

from boxfold.features.errors import InputError
from boxfold.s1.engine import (
    WINDOW,
    EngineConfig,
    InProcess,
    LocalProcesses,
    Sent,
    engine,
    windows,
)

TWO = EngineConfig(jobs=2)


class Counted:
    """Numbers from 0, and how many were taken."""

    def __init__(self, n):
        self.n, self.taken = n, 0

    def __iter__(self):
        for number in range(self.n):
            self.taken += 1
            yield number


def test_one_job_is_this_process_and_takes_one_chunk_at_a_time():
    chunks = Counted(5)
    with engine(EngineConfig()) as here:
        assert isinstance(here, InProcess)
        found = here.map(lambda number: (number, os.getpid()), chunks)
        assert next(found) == (0, os.getpid())
        assert chunks.taken == 1
        assert [number for number, _ in found] == [1, 2, 3, 4]


def test_two_processes_keep_the_order_and_take_a_window_of_chunks():
    chunks = Counted(3 * WINDOW * 2)
    with engine(TWO) as processes:
        assert isinstance(processes, LocalProcesses)
        found = processes.map(partial(operator.pow, 2), chunks)
        assert next(found) == 1
        assert chunks.taken == WINDOW * 2
        assert list(found) == [2**k for k in range(1, chunks.n)]
        assert list(processes.map(math.sqrt, [])) == []


def test_what_a_function_raises_is_raised_here():
    with engine(TWO) as processes, pytest.raises(ValueError, match="math domain error"):
        list(processes.map(math.sqrt, [4, 1, -1, 9]))


def test_a_killed_process_is_one_line():
    with (
        engine(TWO) as processes,
        pytest.raises(InputError, match="a worker process was killed"),
    ):
        list(processes.map(os._exit, [7]))


def test_functions_and_chunks_travel_as_bytes():
    sent = Sent.of(math.sqrt)
    assert sent == Sent.of(math.sqrt) and len(sent.digest) == 64
    assert Sent.of(math.exp).digest != sent.digest
    parts = [len(window) for window in windows(range(2 * WINDOW + 3), 1)]
    assert parts == [WINDOW, WINDOW, 3]
    assert all(isinstance(chunk, bytes) for window in windows("ab", 1) for chunk in window)


def test_predict_by_two_processes_has_the_bytes_of_one(predict, tmp_path):
    fasta, outs = tmp_path / "many.fa", [tmp_path / "one.csv", tmp_path / "two.csv"]
    records = [f">r{k}\n{'GGGAAACC' * (k % 3 + 1)}\n" for k in range(70)]
    records.insert(40, ">bad\nAC-GU\n")
    fasta.write_text("".join(records))
    for out, jobs in zip(outs, (1, 2), strict=True):
        flags = ["--jobs", jobs, "--samples", 3, "--top", 2, "--format", "csv", "--out", out]
        done = predict(fasta, *flags, agent="random")
        assert done.code == 1 and done.err.count("\n") == 1 and "record 'bad'" in done.err
    one, two = (out.read_bytes() for out in outs)
    assert one == two and one.count(b"\n") > 71


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--cluster", "somewhere"], "'somewhere' is no address (such as tcp://host:8786)"),
        (["--cluster", "tcp://host:1", "--jobs", "2"], "--jobs is for this machine"),
        (["--jobs", "0"], "--jobs: '0' is too small"),
    ],
)
def test_bad_engines_are_one_line(predict, tmp_path, flags, message):
    fasta = tmp_path / "one.fa"
    fasta.write_text(">r\nGGGGAAAACCCC\n")
    assert predict(fasta, *flags).is_one_line("predict", message)


def test_a_cluster_without_its_packages_is_one_line(predict, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    fasta = tmp_path / "one.fa"
    fasta.write_text(">r\nGGGGAAAACCCC\n")
    done = predict(fasta, "--cluster", "tcp://127.0.0.1:1")
    assert done.is_one_line("predict", "Distributed is not installed", ".[cluster]")


def test_a_cluster_that_does_not_answer_is_one_line(predict, tmp_path, monkeypatch):
    cluster = pytest.importorskip("boxfold.s1.cluster")
    monkeypatch.setattr(cluster, "CONTACT_SECONDS", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # nobody listens there
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        fasta = tmp_path / "one.fa"
        fasta.write_text(">r\nGGGGAAAACCCC\n")
        done = predict(fasta, "--cluster", address)
    assert done.is_one_line("predict", f"cluster {address}: no scheduler answers")
