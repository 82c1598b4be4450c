"""Which tests need no torch: `importable` follows imports, so its answers can be checked here."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def importable():
    sys.path.insert(0, str(TESTS))
    try:
        import importable
    finally:
        sys.path.remove(str(TESTS))
    return importable


@pytest.mark.parametrize(
    ("name", "needs_torch"),
    [
        ("test_features_structure.py", False),
        ("test_rewards_exact.py", False),
        ("test_envs_batch.py", False),
        ("test_s1_network.py", True),  # imports it
        ("test_agents_registry.py", True),  # imports what imports it
        ("test_scripts_predict.py", True),  # a fixture runs a verb
        ("test_determinism.py", True),  # a text for another process
    ],
)
def test_imports_are_followed(name, needs_torch, importable):
    assert ("torch" in importable.needed(TESTS / name)) == needs_torch


def test_what_only_type_checkers_see_is_not_needed(importable, tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import torch\n"
        "def test():\n    import numpy.linalg\n"
    )
    assert importable.needed(path) == {"typing", "numpy"}


def test_any_text_may_be_the_parameter_of_a_test(importable):
    found = importable.own_file("boxfold.features.structure")
    assert found == TESTS.parent / "features" / "structure.py"
    for text in ("a\tb" * 200, "", "..", "boxfold", "boxfold.features/../x", "/etc", "\0"):
        assert importable.own_file(text) is None


def test_files_that_lack_a_package_are_left_out(importable, tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text("import numpy\n")
    assert importable.pytest_ignore_collect(path) is None
    path.write_text("import not_there_at_all.x\n")
    assert importable.missing(path) == {"not_there_at_all"}
    assert importable.pytest_ignore_collect(path) is True
    assert importable.pytest_ignore_collect(tmp_path / "conftest.py") is None
