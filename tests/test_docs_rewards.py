"""The tutorial of docs/rewards.md, installed as the package that it is."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from boxfold.rewards.combination import combination_of
from boxfold.rewards.plugins import BUILT_IN, reward_class, reward_names

TEXT = (Path(__file__).parents[1] / "docs" / "rewards.md").read_text()


@pytest.fixture
def tutorial(tmp_path, monkeypatch):
    """The package of the tutorial, installed beside boxfold."""
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    for kind, name in (("toml", "pyproject.toml"), ("python", "gc_reward.py")):
        (code,) = re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)
        (source / name).write_text(code)
    flags = ["--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *flags, "--target", str(site), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(site)
    for cached in (reward_class, combination_of):
        cached.cache_clear()
    yield source
    sys.modules.pop("gc_reward", None)
    for cached in (reward_class, combination_of):
        cached.cache_clear()


def test_the_tutorial_is_a_reward_in_under_30_lines(tutorial, call, proposals, tmp_path):
    assert len((tutorial / "gc_reward.py").read_text().splitlines()) < 30
    assert "gc" in reward_names() and reward_class("gc").Config().target == 0.6
    flags = ["--data", proposals, "--agents", "beam", "exact", "--out", tmp_path / "out"]
    done = call("evaluate", *flags, "--reward", "gc=1")
    assert done.code == 0, done.err
    header, beam, exact = (line.split() for line in done.out.splitlines())
    column = header.index("reward")
    assert 0 >= float(beam[column]) > float(exact[column])
    settings = tmp_path / "reward.yaml"
    settings.write_text("gc: {target: 0.0}\n")
    done = call("evaluate", *flags, "--overwrite", "--reward", settings)
    assert float(done.out.splitlines()[1].split()[column]) < float(beam[column])


def test_every_reward_and_setting_is_in_the_table():
    rows = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| `")}
    assert set(rows) == set(BUILT_IN)
    for name, row in rows.items():
        for item in fields(reward_class(name).Config):
            assert f"`{item.name}`" in row and item.metadata["help"], (name, item.name)
