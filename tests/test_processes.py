"""Exit codes, signals and streams of the command, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from boxfold.scripts import cli

BOXFOLD = [sys.executable, "-m", "boxfold.scripts.cli"]


def run_boxfold(*flags, **options) -> subprocess.CompletedProcess:
    command = [*BOXFOLD, *map(str, flags)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def many(path: Path, n: int) -> Path:
    path.write_text("".join(f">r{k}\nGGGGAAAACCCC\n" for k in range(n)))
    return path


def test_closed_pipe_is_quiet(tmp_path, untrained_s1):
    fasta = many(tmp_path / "many.fa", 3000)
    flags = ["predict", str(fasta), "--s1", str(untrained_s1), "--agent", "greedy-s1"]
    command = [*BOXFOLD, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b">r0 confidence=")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


@pytest.mark.parametrize(
    "number, code, word",
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_signals_leave_one_line_and_no_half_file(number, code, word, tmp_path, untrained_s1):
    fifo, out = tmp_path / "slow.fa", tmp_path / "out.dbn"
    os.mkfifo(fifo)
    writer = os.open(fifo, os.O_RDWR)  # the reader waits for more until the signal comes
    os.write(writer, b"".join(b">r%d\nACGU\n" % k for k in range(1000)))
    flags = ["predict", fifo, "--s1", untrained_s1, "--agent", "greedy-s1", "--out", out]
    # Background shells start their children with Ctrl-C ignored; a handler here undoes that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen([*BOXFOLD, *map(str, flags)], stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    try:
        while not any(path.stat().st_size for path in tmp_path.glob(".out.dbn.*")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(writer)
    assert process.returncode == code
    assert err == f"boxfold predict: {word}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["slow.fa"]


def test_exit_codes_and_streams_of_the_command(tmp_path, untrained_s1):
    fasta = tmp_path / "mixed.fa"
    fasta.write_text(">bad\nACG-U\n>good\nGGGGAAAACCCC\n")
    done = run_boxfold("predict", fasta, "--s1", untrained_s1, "--agent", "beam")
    assert done.returncode == 1
    header, *rest = done.stdout.splitlines()
    assert header.startswith(">good confidence=0.")
    assert rest == ["GGGGAAAACCCC", "((((....)))) ( -5.40)"]
    assert done.stderr == (
        f"boxfold: {fasta}: record 'bad' (line 1): gap '-' at position 4: "
        "remove the gaps of aligned sequences\n"
    )


def test_a_verb_file_runs_directly(tmp_path):
    file = Path(cli.__file__).parent / "predict.py"
    done = subprocess.run(
        [sys.executable, str(file), str(tmp_path / "absent.fa"), "--agent", "beam"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("boxfold predict: error: ")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path, untrained_s1):
    fasta = many(tmp_path / "few.fa", 3)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*BOXFOLD, "predict", fasta, "--s1", untrained_s1, "--agent", "greedy-s1"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == "boxfold predict: error: standard output: No space left on device\n"
