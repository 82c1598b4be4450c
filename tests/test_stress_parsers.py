"""Readers of files and texts return or refuse with one line, whatever they are given."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz_inputs import inputs
from fuzz_regressions import REGRESSIONS
from fuzz_targets import TARGETS, feed, no_hang, scratch
from hypothesis import given, settings
from hypothesis import strategies as st

FUZZER = Path(__file__).parent / "stress" / "fuzz.py"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
"""Of atheris on each reader."""

EXAMPLES = [25, pytest.param(1_000, marks=pytest.mark.stress)]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("n", EXAMPLES)
def test_readers_accept_or_refuse_with_one_line(n, name, tally):
    tally(f"hypothesis: {name}", f"{n} inputs")
    target = TARGETS[name]

    @settings(max_examples=n)
    @given(st.data())
    def check(data):
        with no_hang():
            feed(target, data.draw(inputs(target)), folder)

    with scratch() as folder:
        check()


@pytest.mark.parametrize("name", TARGETS)
def test_readers_accept_their_seeds(name):
    """Otherwise the damaged seeds would try nothing but the first check."""
    with scratch() as folder:
        assert [feed(TARGETS[name], seed, folder) for seed in TARGETS[name].seeds()].count(True)


@pytest.mark.parametrize(("name", "data"), REGRESSIONS)
def test_what_was_found_once_stays_mended(name, data):
    with scratch() as folder, no_hang():
        feed(TARGETS[name], data, folder)


@pytest.mark.stress
@pytest.mark.parametrize("name", TARGETS)
def test_atheris_finds_nothing(name, tally, tmp_path):
    command = [sys.executable, FUZZER, name, tmp_path, str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True)
    units = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    assert done.returncode == 0 and units, done.stdout[-3000:] + done.stderr[-1000:]
    tally(f"atheris: {name}", f"{int(units[1]):,} inputs, {SECONDS} s")
