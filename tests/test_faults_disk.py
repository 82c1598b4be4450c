"""A full disk ends every verb in one line that names the file; what was there stays."""

import os
import resource
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from chain import verbs

NAMES = [*verbs(*map(Path, "abcde"))]
QUICK = ["dataset", "propose", "clone", "export-episodes", "evaluate", "predict"]


@pytest.fixture(scope="module")
def commands(artefacts, chain_agent, windows, proposals, untrained_s1):
    """Small commands of every verb that writes."""
    fasta = artefacts / "chain.fa"
    fasta.write_text("".join(f">r{k}\nGGGGAAAACCCC{'ACGU' * (k % 16)}\n" for k in range(50)))
    return verbs(fasta, windows, proposals, untrained_s1, chain_agent)


@contextmanager
def largest_file(n_bytes):
    """No file grows beyond `n_bytes`: fails like a full disk, and needs no rights."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_failure(outcome, verb, folder):
    """One line that names a file of the output; nothing hidden is left of it."""
    assert outcome.is_one_line(verb.flags[0], f"{folder}/")
    assert "can't be written" in outcome.err or "disk is full" in outcome.err
    assert not [path for path in files_below(folder) if path.name.startswith(".")]


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("n_bytes", [0, 700])
def test_a_file_that_cannot_grow(name, n_bytes, commands, call, tmp_path):
    verb = commands[name]
    with largest_file(n_bytes):
        outcome = call(*verb.flags, "--out", tmp_path / verb.out)
    check_failure(outcome, verb, tmp_path)


def test_what_was_there_stays(commands, call, tmp_path):
    for name in ("propose", "predict", "export-episodes"):
        verb, folder = commands[name], tmp_path / name
        assert call(*verb.flags, "--out", folder / verb.out).code == 0
        before = files_below(folder)
        assert before
        with largest_file(300):
            outcome = call(*verb.flags, "--overwrite", "--out", folder / verb.out)
        check_failure(outcome, verb, folder)
        assert files_below(folder) == before


def test_standard_output_on_a_full_disk(commands, tmp_path):
    boxfold = [os.sys.executable, "-m", "boxfold.scripts.cli"]
    with open("/dev/full", "w") as full:
        done = subprocess.run([*boxfold, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "boxfold: error: standard output: No space left on device\n"


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """A function that makes a disk of so many kB, empty; needs the rights to mount."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no rights to mount a small disk")

    def resized(size):
        subprocess.run(["find", str(folder), "-mindepth", "1", "-delete"], check=True)
        subprocess.run(["mount", "-o", f"remount,size={size}k", str(folder)], check=True)
        return folder

    yield resized
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.stress
@pytest.mark.parametrize("name", NAMES)
def test_small_disks(name, commands, call, small_disk, tally):
    """Disks of growing size until one is large enough; then what had begun is resumed."""
    verb, n_failed = commands[name], 0
    for size in (
        4,
        8,
        12,
        16,
        24,
        32,
        48,
        64,
        96,
        128,
        160,
        192,
        224,
        256,
        320,
        400,
        600,
        900,
        1400,
        2000,
    ):
        folder = small_disk(size)
        outcome = call(*verb.flags, "--out", folder / verb.out)
        if outcome.code == 0:
            break
        check_failure(outcome, verb, folder)
        n_failed, too_small = n_failed + 1, size
    assert outcome.code == 0 and n_failed
    tally(f"full disk: {name}", f"{n_failed} sizes")
    if verb.resumes:
        names = {path.name for path in files_below(folder / verb.out)}
        folder = small_disk(too_small)
        check_failure(call(*verb.flags, "--out", folder / verb.out), verb, folder)
        subprocess.run(["mount", "-o", "remount,size=4000k", str(folder)], check=True)
        assert call(*verb.flags, "--out", folder / verb.out, "--resume").code == 0
        resumed = {path.name for path in files_below(folder / verb.out)}
        assert {name for name in names if "tfevents" not in name} <= resumed
