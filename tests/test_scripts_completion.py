import shutil
import subprocess

import pytest
import shtab

from boxfold.scripts.completion import SHELLS, whole_parser
from boxfold.scripts.verbs import VERBS

COMPLETE = """
source {script}
COMP_WORDS=({words}) COMP_CWORD=$(({n} - 1)) COMPREPLY=()
_shtab_boxfold boxfold "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Folder with a script per shell, and a file to be completed."""
    folder = tmp_path_factory.mktemp("completion")
    parser = whole_parser()
    for shell in SHELLS:
        (folder / f"boxfold.{shell}").write_text(shtab.complete(parser, shell))
    (folder / "rnas.fa").write_text(">a\nGUC\n")
    return folder


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["tu"], ["tune-s1", "tune-agent"]),
        (["predict", "--pseu"], ["--pseudoknots"]),
        (["predict", "--format", "st"], ["stockholm"]),
        (["predict", "--pseudoknots", "allow", "--agent", "rn"], ["rnas.fa"]),
        (["predict", "rn"], ["rnas.fa"]),
        (["train-agent", "--algorithm", "''"], ["clone", "reinforce", "ppo", "a2c"]),
        (["train-agent", "--no-loop"], ["--no-loop-energies"]),
        (["report-s1", "re"], ["recall", "receptive"]),
        (["completion", "z"], ["zsh"]),
        (["evaluate", "--n"], None),
        (["''"], list(VERBS)),
    ],
)
def test_bash_completes(line, expected, scripts):
    words = ["boxfold", *line]
    code = COMPLETE.format(script="boxfold.bash", words=" ".join(words), n=len(words))
    done = subprocess.run(
        ["bash", "--norc", "-c", code], cwd=scripts, capture_output=True, text=True
    )
    assert done.stderr == ""
    found = done.stdout.split()
    if expected is None:
        assert all(name.startswith("--n") for name in found)
    else:
        assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_of_other_shells_parse(shell, scripts):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n", scripts / f"boxfold.{shell}"], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_fish_completes(scripts):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    for line, expected in (("boxfold tu", "tune-agent tune-s1"), ("boxfold completion z", "zsh")):
        code = f"source {scripts}/boxfold.fish; complete -C '{line}'"
        done = subprocess.run(["fish", "-N", "-c", code], capture_output=True, text=True)
        found = sorted(row.split("\t")[0] for row in done.stdout.splitlines())
        assert " ".join(found) == expected
