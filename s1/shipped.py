"""The weights that ship, by name; heads and rescorer apart: those are trained more often.

``python -m boxfold.s1.shipped NAME RUN`` writes them from one training.
"""

import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from boxfold.features.checksum import write_list
from boxfold.s1.run_folder import Tensors, load_tensors, save_tensors

MFE, REAL = "mfe", "real"
SHIPPED = {MFE: "", REAL: "real_"}
"""Names of the weights (imitation of ViennaRNA's MFE; known structures), how files begin."""

HEADS, RESCORER = "heads.safetensors", "rescorer.safetensors"

_OF_RESCORER = "rescorer."


def write_shipped(weights: str | Path, folder: str | Path, name: str = MFE) -> None:
    """Write the files of a network. Inverse of `load_shipped`.

    Parameters
    ----------
    weights : str or Path
        Weights file of ``train-s1``.
    folder : str or Path
        Where they go; what is there is replaced.
    name : str
        One of `SHIPPED`.

    Raises
    ------
    InputError
        If there are no whole weights.
    """
    tensors, meta = load_tensors(weights, "s1")
    meta.pop("format_version", None)
    for file, wanted in ((HEADS, False), (RESCORER, True)):
        part = {key: t for key, t in tensors.items() if key.startswith(_OF_RESCORER) == wanted}
        if part:
            save_tensors(Path(folder) / (SHIPPED[name] + file), part, meta)
    write_list(folder)


def load_shipped(
    name: str = MFE, folder: str | Path | None = None
) -> tuple[Tensors, dict[str, Any]]:
    """Tensors of a network and the facts kept with them.

    Parameters
    ----------
    name : str
        One of `SHIPPED`.
    folder : str or Path, optional
        Default: the one in this package.

    Raises
    ------
    InputError
        If a file is missing or not whole.
    """
    if folder is None:
        with as_file(files("boxfold.s1").joinpath("weights")) as inside:
            return load_shipped(name, inside)
    heads, meta = load_tensors(Path(folder) / (SHIPPED[name] + HEADS), "s1")
    if not meta["network"].get("rescoring"):
        return heads, meta
    rescorer, _ = load_tensors(Path(folder) / (SHIPPED[name] + RESCORER), "s1")
    return {**heads, **rescorer}, meta


if __name__ == "__main__":
    chosen, run = sys.argv[1:]
    write_shipped(Path(run) / "weights.safetensors", Path(__file__).parent / "weights", chosen)
