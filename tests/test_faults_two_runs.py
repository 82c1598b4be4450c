"""Two runs on one output at the same time: the second one is refused in one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from chain import verbs

from boxfold.features.claims import try_lock

BOXFOLD = [sys.executable, "-m", "boxfold.scripts.cli"]
NAMES = [*verbs(*map(Path, "abcde"))]


@pytest.fixture(scope="module")
def commands(artefacts, chain_agent, windows, proposals, untrained_s1):
    """Small commands of every verb that writes."""
    fasta = artefacts / "two.fa"
    fasta.write_text(">r\nGGGGAAAACCCC\n")
    return verbs(fasta, windows, proposals, untrained_s1, chain_agent)


def is_held(lock: Path) -> bool:
    """Has another process locked a file?"""
    descriptor = os.open(lock, os.O_RDWR)
    try:
        return try_lock(descriptor) is False
    finally:
        os.close(descriptor)


@pytest.fixture
def holding(tmp_path):
    """Starts a verb in another process and stops it as soon as it has claimed its output."""
    processes = []

    def start(verb, out):
        command = [*BOXFOLD, *verb.flags, "--out", str(out)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        processes.append(process)
        lock = out.parent / f".{out.name}.lock"
        while True:
            assert process.poll() is None
            if lock.exists():
                process.send_signal(signal.SIGSTOP)
                os.waitpid(process.pid, os.WUNTRACED)
                if is_held(lock):  # or it was stopped between making the file and locking it
                    return process
                process.send_signal(signal.SIGCONT)
            time.sleep(0.002)

    yield start
    for process in processes:
        process.kill()
        process.wait()


NAMED = ["clone", *(pytest.param(name, marks=pytest.mark.stress) for name in NAMES)]


@pytest.mark.parametrize("name", NAMED)
def test_the_second_run_is_refused_and_the_first_one_whole(
    name, commands, holding, call, tmp_path, tally
):
    tally(f"two runs on one output: {name}", "3 starts")
    verb, out = commands[name], tmp_path / "out" / commands[name].out
    first = holding(verb, out)
    for flags in ([], ["--overwrite"], ["--resume"] * verb.resumes):
        second = call(*verb.flags, "--out", out, *flags)
        assert second.is_one_line(verb.flags[0], f"{out}: another run is writing it")
    first.send_signal(signal.SIGCONT)
    assert first.wait() == 0
    alone = tmp_path / "alone" / verb.out
    assert call(*verb.flags, "--out", alone).code == 0
    names = [
        sorted(path.name for path in folder.rglob("*") if "tfevents" not in path.name)
        for folder in (out.parent, alone.parent)
    ]
    assert names[0] == names[1]


def test_runs_beside_each_other_do_not_mind(commands, holding, call, tmp_path):
    holding(commands["clone"], tmp_path / "one")
    assert call(*commands["clone"].flags, "--out", tmp_path / "two").code == 0
