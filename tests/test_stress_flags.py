"""Any flags lead to an exit code of 0, 1 or 2 and to few lines, never to a traceback."""

import argparse
import importlib
import io
import os
import re
import sys

import pytest
from fuzz_targets import no_hang
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from boxfold.scripts import cli
from boxfold.scripts.common import verb_parser

# None of the files can be used, so that no verb begins its work; the numbers are small, since some
# verbs need no file.
FILES = {
    "bad.fa": b">a\nAC!\n>a\n\n",
    "bad.csv": b"id,sequence,dot_bracket\na,XX,..\n",
    "bad.parquet": b"PAR1" + bytes(30) + b"PAR1",
    "bad.yaml": b"energy: [1\n",
    "bad.safetensors": b"\x08\0\0\0\0\0\0\0{}      ",
    "empty": b"",
}
PATHS = [*FILES, "folder", "missing", "bad.fa/below", "-", "./real", "../x", "\udcff", "a" * 300]
WORDS = [
    "",
    "0",
    "-1",
    "3",
    "1.5",
    "nan",
    "inf",
    "20-30",
    "30-20",
    "9" * 5000,
    "x",
    "--",
    "@",
    "=1",
]
NAMES = ["mfe", "real", "judge", "beam", "beam@0", "energy=1,shape=x", "potential", "f1=1", "allow"]
VALUES = st.sampled_from(PATHS) | st.sampled_from(WORDS) | st.sampled_from(NAMES) | st.text()


def flags_of(verb):
    """The flags that a verb has, those first that it needs."""
    module = importlib.import_module(f"boxfold.scripts.{verb.replace('-', '_')}")
    actions = verb_parser(module)._actions
    return sorted(actions, key=lambda action: not action.required)


@st.composite
def argv(draw):
    """A verb, mostly what it needs, and some other flags, with values that may be none."""
    verb = draw(st.sampled_from([*cli.VERBS, *cli.VERBS, "", "--version", "predcit"]))
    if verb not in cli.VERBS:
        return [verb, *draw(st.lists(VALUES, max_size=3))]
    words = [verb]
    for action in flags_of(verb):
        if draw(st.integers(0, 9)) < (9 if action.required else 1):
            words += [draw(st.sampled_from(action.option_strings))] if action.option_strings else []
            words += [] if takes_nothing(action) else [draw(values_of(action))]
    return [word.replace("\0", "") for word in words]  # no shell can pass a zero


def takes_nothing(action):
    return action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction)


def values_of(action):
    if "--cluster" in action.option_strings:
        return st.sampled_from(WORDS)  # an address would be waited for
    return VALUES | st.sampled_from([str(choice) for choice in action.choices or ["3"]])


def run(words, capsys):
    """Exit code and standard error of a command."""
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO()))
    try:
        with no_hang():
            code = cli.main(words)
    except SystemExit as leaving:  # argparse's way to end --help
        code = leaving.code or 0
    return code, capsys.readouterr().err


@pytest.mark.parametrize("n", [60, pytest.param(3_000, marks=pytest.mark.stress)])
def test_random_flags(n, tmp_path, monkeypatch, capsys, tally):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", None)  # `run` sets another one, this puts it back
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    codes = {0: 0, 1: 0, 2: 0}

    @settings(max_examples=n, suppress_health_check=list(HealthCheck))
    @given(argv())
    @example(["predict", "bad.fa"])
    @example(["dataset", "--help"])
    def check(words):
        code, err = run(words, capsys)
        codes[code] += 1
        lines = re.findall(r"^.+$", err, re.M)
        assert "Traceback" not in err and len(lines) <= 6, err
        assert code == 0 or (lines and lines[-1].startswith("boxfold"))
        assert all(line.isprintable() for line in lines)

    check()
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:  # --threads
        sys.modules["torch"].set_num_threads(1)
    assert all(codes.values())
    tally("random flags of every verb", f"{sum(codes.values()):,} commands (exit codes {codes})")
