"""The commands of docs/tutorial.md print what stands below them."""

import re
import shlex
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text()
COMMANDS = re.findall(r"```console\n\$ boxfold (.*)\n((?:.*\n)*?)```", TEXT)


def test_the_commands_print_what_is_shown(call, agrees, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (fasta,) = re.findall(r'title="hammerhead.fa"\n(.*?)```', TEXT, re.DOTALL)
    Path("hammerhead.fa").write_text(fasta)
    assert [command.split()[0] for command, _ in COMMANDS] == [
        *["predict"] * 3, "view", "dataset", "propose", "train-agent", "evaluate", "predict",
    ]  # fmt: skip
    for command, shown in COMMANDS:
        done = call(*shlex.split(command))
        assert done.code == 0, done.err
        agrees(done.out, shown, rounding=0.25 if "clone" in command else 1e-3)
