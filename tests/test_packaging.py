"""What ships equals the tree, and imports flow one way only."""

import ast
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from boxfold.agents.registry import SHIPPED

ROOT = Path(__file__).parent.parent
FLOW = ("features", "rewards", "s1", "envs", "agents", "scripts")
SOURCES = sorted(path for layer in FLOW for path in (ROOT / layer).rglob("*.py"))
# pyfaidx and gffutils: the readers of genomes, edlib: identity; imported where they are used
FEATURES_MAY_IMPORT = {"numpy", "boxfold", "pyfaidx", "gffutils", "edlib"}


def imported_modules(path: Path) -> set[str]:
    """Dotted names that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            names.add(node.module)
    return names


def test_there_are_sources_in_every_layer():
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(FLOW)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_flow_one_way(path):
    layer = FLOW.index(path.relative_to(ROOT).parts[0])
    for name in imported_modules(path):
        first, _, rest = name.partition(".")
        assert first not in FLOW, f"{path}: bare import of {name}"
        assert first != "tests"
        if first == "boxfold":
            assert FLOW.index(rest.split(".")[0]) <= layer, f"{path} imports {name}"


def test_only_one_file_imports_vienna_rna():
    users = [p.relative_to(ROOT).as_posix() for p in SOURCES if "RNA" in imported_modules(p)]
    assert users == ["rewards/energy.py"]


def test_nothing_imports_sb3_contrib():
    assert not [path for path in SOURCES if "sb3_contrib" in imported_modules(path)]


def test_features_need_numpy_only():
    for path in (ROOT / "features").rglob("*.py"):
        tops = {name.partition(".")[0] for name in imported_modules(path)}
        assert tops - sys.stdlib_module_names <= FEATURES_MAY_IMPORT, path


def test_no_file_is_longer_than_300_lines():
    too_long = {str(p): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 300}
    assert too_long == {}


def test_tracked_files_name_no_machine():
    suffixes = {".py", ".md", ".toml", ".csv", ".json", ".fa"}
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
    ).stdout.splitlines()
    here = "/" + "work/"  # split, or this file would name it
    for name in tracked or [str(path.relative_to(ROOT)) for path in SOURCES]:
        path = ROOT / name
        if path.suffix in suffixes and path.exists():
            assert here not in path.read_text(), name


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of what is built (a build leaves files behind)."""
    tree = tmp_path_factory.mktemp("tree")
    for layer in FLOW:
        shutil.copytree(
            ROOT / layer, tree / layer, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    return tree


def built(tree: Path, kind: str, out: Path) -> Path:
    """What a build of a kind, ``sdist`` or ``wheel``, leaves in a new folder."""
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out)]
    done = subprocess.run(
        command, cwd=tree, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.iterdir()
    return path


def contents(wheel: Path) -> dict[str, bytes]:
    """Content of the files of a wheel by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory) -> dict[str, bytes]:
    """The wheel of the tree."""
    return contents(built(tree, "wheel", tmp_path_factory.mktemp("dist") / "wheel"))


@pytest.fixture(scope="module")
def wheel_names(wheel) -> set[str]:
    return set(wheel)


def test_the_wheel_of_the_sdist_is_that_of_the_tree(wheel, tree, tmp_path):
    sdist = built(tree, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    of_sdist = contents(built(unpacked, "wheel", tmp_path / "wheel"))
    assert {name for name in wheel if wheel[name] != of_sdist.get(name)} == set()
    assert of_sdist.keys() == wheel.keys()


def test_the_wheel_holds_exactly_the_tree(wheel_names):
    shipped = {name for name in wheel_names if ".dist-info/" not in name}
    tree = {
        f"boxfold/{path.relative_to(ROOT).as_posix()}"
        for layer in FLOW
        for path in (ROOT / layer).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert shipped == tree


def test_the_wheel_marks_every_package_as_typed(wheel_names):
    assert {f"boxfold/{layer}/py.typed" for layer in FLOW} <= wheel_names


def test_the_wheel_carries_the_examples_and_the_licence(wheel_names):
    assert {"boxfold/scripts/examples/rnas.fa", "boxfold/scripts/examples/rnas.csv"} <= wheel_names
    assert any(name.endswith("/LICENSE") for name in wheel_names)


def test_the_wheel_carries_the_weights(wheel_names):
    assert {
        "boxfold/s1/weights/heads.safetensors",
        "boxfold/s1/weights/rescorer.safetensors",
        "boxfold/s1/weights/real_heads.safetensors",
        "boxfold/s1/weights/real_calibration.json",
        "boxfold/s1/weights/calibration.json",
    } <= wheel_names
    for name in SHIPPED:
        assert f"boxfold/agents/weights/{name}.safetensors" in wheel_names
