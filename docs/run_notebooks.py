"""Runs the notebooks of the documentation and keeps what they print.

python docs/run_notebooks.py [docs/notebooks/NAME.ipynb ...]
"""

import argparse
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent / "notebooks"


def main() -> None:
    """Run notebooks in place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(FOLDER.glob("*.ipynb")))
    for path in parser.parse_args().notebooks:
        nbformat.write(executed(path), path)


def executed(path: Path, folder: Path | None = None) -> nbformat.NotebookNode:
    """A notebook with what its cells print now, without the times at which they did.

    Parameters
    ----------
    path : Path
    folder : Path, optional
        Where it runs; default: that of the notebook.
    """
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(folder or path.parent)}}
    NotebookClient(
        notebook,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # it would warn that it listens, if only here
        timeout=600,
        record_timing=False,
        coalesce_streams=True,
        resources=resources,
    ).execute()
    return notebook


if __name__ == "__main__":
    main()
