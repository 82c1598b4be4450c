"""The commands of docs/tutorial.md print what stands below them."""

import re
import shlex
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text()
COMMANDS = re.findall(r"```console\n\$ boxfold (.*)\n((?:.*\n)*?)```", TEXT)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
TIMED = ("CPU s", "runs/clone ", "random ", "greedy-s1 ", "exact ")
"""Lines that end with a time."""


def words_and_numbers(text):
    """Text with # in place of numbers, and the numbers, times apart."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    timed = [line.startswith(TIMED) or line.endswith(TIMED[0]) for line in lines]
    numbers = [
        [float(each) for each in NUMBER.findall(line)][: -1 if has_time else None]
        for line, has_time in zip(lines, timed, strict=True)
    ]
    return [NUMBER.sub("#", line) for line in lines], [x for line in numbers for x in line]


def test_the_commands_print_what_is_shown(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (fasta,) = re.findall(r'title="hammerhead.fa"\n(.*?)```', TEXT, re.DOTALL)
    Path("hammerhead.fa").write_text(fasta)
    assert [command.split()[0] for command, _ in COMMANDS] == [
        *["predict"] * 3, "dataset", "propose", "train-agent", "evaluate", "predict",
    ]  # fmt: skip
    for command, shown in COMMANDS:
        done = call(*shlex.split(command))
        assert done.code == 0, done.err
        words, numbers = words_and_numbers(done.out)
        wanted, near = words_and_numbers(shown)
        assert words == wanted, command
        # Another CPU adds in another order; trained agents then differ a little.
        rounding = 0.25 if "clone" in command else 1e-3
        assert numbers == pytest.approx(near, abs=rounding), command
