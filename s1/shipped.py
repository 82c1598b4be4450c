"""The weights that ship: two files, because the rescorer is trained by itself and more often.

``python -m boxfold.s1.shipped RUN`` writes both from the weights of one training.
"""

import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from boxfold.s1.run_folder import Tensors, load_tensors, save_tensors

HEADS, RESCORER = "heads.safetensors", "rescorer.safetensors"

_OF_RESCORER = "rescorer."


def write_shipped(weights: str | Path, folder: str | Path) -> None:
    """Write the two files of a network with a rescorer. Inverse of `load_shipped`.

    Parameters
    ----------
    weights : str or Path
        Weights file of ``train-s1``.
    folder : str or Path
        Where they go; what is there is replaced.

    Raises
    ------
    InputError
        If there are no whole weights.
    """
    tensors, meta = load_tensors(weights, "s1")
    meta.pop("format_version", None)
    for name, wanted in ((HEADS, False), (RESCORER, True)):
        part = {key: t for key, t in tensors.items() if key.startswith(_OF_RESCORER) == wanted}
        save_tensors(Path(folder) / name, part, meta)


def load_shipped(folder: str | Path | None = None) -> tuple[Tensors, dict[str, Any]]:
    """Tensors of both files and the facts kept with them.

    Parameters
    ----------
    folder : str or Path, optional
        Default: the one in this package.

    Raises
    ------
    InputError
        If one of both is missing or not whole.
    """
    if folder is None:
        with as_file(files("boxfold.s1").joinpath("weights")) as inside:
            return load_shipped(inside)
    heads, meta = load_tensors(Path(folder) / HEADS, "s1")
    rescorer, _ = load_tensors(Path(folder) / RESCORER, "s1")
    return {**heads, **rescorer}, meta


if __name__ == "__main__":
    run = Path(sys.argv[1])
    write_shipped(run / "weights.safetensors", Path(__file__).parent / "weights")
