"""The notebooks run, and print what is committed where that is the same every time."""

import importlib.util
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
NAMES = ["first-prediction", "read-the-results", "train-an-agent", "write-a-reward"]


def checked(notebook):
    """Texts of the cells whose metadata hold ``check`` (a tag would show on the site)."""
    cells = [cell for cell in notebook.cells if cell.metadata.get("check")]
    texts = [
        output["text"] if output.output_type == "stream" else output.data["text/plain"]
        for cell in cells
        for output in cell.outputs
    ]
    assert len(texts) >= len(cells) >= 3
    return texts


def test_there_are_four_small_ones():
    assert [path.stem for path in NOTEBOOKS] == NAMES
    assert all(path.stat().st_size < 150_000 for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_prints_what_is_committed(path, agrees, tmp_path):
    spec = importlib.util.spec_from_file_location("run_notebooks", ROOT / "docs/run_notebooks.py")
    run_notebooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run_notebooks)
    now = run_notebooks.executed(path, tmp_path)  # raises what a cell raises
    for printed, shown in zip(checked(now), checked(nbformat.read(path, 4)), strict=True):
        agrees(printed, shown, rounding=0.25)
