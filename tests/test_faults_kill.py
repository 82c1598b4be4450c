"""kill -9 at random moments: what is finished is kept, what is begun goes on or starts anew."""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from chain import verbs

BOXFOLD = [sys.executable, "-m", "boxfold.scripts.cli"]
KILLED = ["dataset", "train-s1", "tune-s1", "train-supervised", "train-judge", "clone"]
KILLED += ["reinforce", "ppo", "export-episodes", "propose", "evaluate", "predict"]
RUNS = [("clone", 1, 1)]
RUNS += [pytest.param(name, 3, 2, marks=pytest.mark.stress) for name in KILLED]
"""Verb, how often it is begun anew, how often it is killed each time."""

VOLATILE = ("tfevents", "study.sqlite3", "command.txt", "trials.csv", "model.zip")
"""Names of files that hold times, paths or dates."""


@pytest.fixture(scope="module")
def commands(artefacts, chain_agent, windows, proposals, untrained_s1):
    """Small commands of every verb that writes."""
    fasta = artefacts / "kill.fa"
    fasta.write_text("".join(f">r{k}\nGGGGAAAACCCC{'ACGU' * (k % 16)}\n" for k in range(50)))
    return verbs(fasta, windows, proposals, untrained_s1, chain_agent)


@contextmanager
def started(verb, out, *flags):
    """A verb in a process of its own."""
    command = [*BOXFOLD, *verb.flags, "--out", str(out), *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        yield process


def finished(verb, out, *flags):
    """Exit code and messages of a verb."""
    with started(verb, out, *flags) as process:
        message = process.communicate()[1].decode()
    return process.returncode, message


def killed(verb, out, delay, *flags):
    """Whether a verb was killed, so many seconds after it has claimed its output."""
    with started(verb, out, *flags) as process:
        lock = out.parent / f".{out.name}.lock"
        while not lock.exists() and process.poll() is None:
            time.sleep(0.002)
        time.sleep(delay)
        process.kill()
        message = process.communicate()[1].decode()
    was_whole = process.returncode == 2 and is_whole(message)  # killed behind its last word
    assert was_whole or process.returncode in (0, -signal.SIGKILL), message
    return process.returncode == -signal.SIGKILL


def is_whole(message):
    """Does a verb say that there is nothing left to do?"""
    assert message.count("\n") == 1, message
    return "this run is finished" in message or "exists already" in message


def content_of(out):
    """Bytes of all files of an output by name; tables without their times."""
    paths = [out] if out.is_file() else sorted(path for path in out.rglob("*") if path.is_file())
    kept = [path for path in paths if not any(name in path.name for name in VOLATILE)]
    return {str(path.relative_to(out.parent)): _content(path) for path in kept}


def _content(path):
    if path.suffix != ".csv":
        return path.read_bytes().replace(str(path.parent).encode(), b"")
    frame = pd.read_csv(path)
    left_out = ["seconds", "time"]
    if path.parent.name == "ppo":
        left_out.append("train/")  # SB3 logs an update with the next rollout, a kill loses the row
    return frame[[name for name in frame if not any(word in name for word in left_out)]].to_csv()


def kill_until_whole(verb, out, seconds, rng, n_kills):
    """Kill a verb at random moments, again and again; then let it come to its end.

    Returns how many times it was killed while it ran.
    """
    for n_killed in range(n_kills):
        if not killed(verb, out, rng.uniform(0, seconds), *next_flags(verb, out)):
            return n_killed
        check_whole_or_absent(out)
    code, message = finished(verb, out, *next_flags(verb, out))
    assert code == 0 or (code == 2 and is_whole(message)), message
    return n_kills


def next_flags(verb, out):
    """Flags of the next call, as a user would give them."""
    begun = out.exists() or Path(f"{out}.parts").exists()
    return ["--resume"] * (verb.resumes and begun) or ["--overwrite"] * out.exists()


def check_whole_or_absent(out):
    """A file under its final name can be read."""
    for path in [out] if out.is_file() else out.rglob("*") if out.exists() else ():
        if path.suffix == ".parquet" and "/." not in str(path):
            pd.read_parquet(path)


@pytest.mark.parametrize("name, rounds, n_kills", RUNS)
def test_random_kills(name, rounds, n_kills, commands, tmp_path, tally):
    verb = commands[name]
    whole = tmp_path / "whole" / verb.out
    seconds = duration(verb, whole)
    expected, n_killed = content_of(whole), 0
    for number in range(rounds):
        rng = np.random.default_rng([number, KILLED.index(name)])
        out = tmp_path / str(number) / verb.out
        n_killed += kill_until_whole(verb, out, seconds, rng, n_kills)
        found = content_of(out)
        assert found.keys() == expected.keys()
        assert not [key for key in expected if found[key] != expected[key]]
        assert not Path(f"{out}.parts").exists()
        assert [path for path in out.parent.rglob("*") if path.name.startswith(".")] == []
    tally(f"kill -9: {name}", f"{n_killed} kills in {rounds} runs")


def duration(verb, out):
    """Seconds from claiming an output to the end."""
    with started(verb, out) as process:
        while not (out.parent / f".{out.name}.lock").exists():
            time.sleep(0.002)
        begin = time.monotonic()
        message = process.communicate()[1].decode()
    assert process.returncode == 0, message
    return time.monotonic() - begin
