"""The calibration that belongs to weights of S1: two numbers in a small file beside them."""

import json
from importlib.resources import as_file, files
from pathlib import Path

from boxfold.features.calibration import IDENTITY, Calibration
from boxfold.features.checksum import UNSEALED, check_listed, check_seal, seal
from boxfold.features.errors import InputError, reason_of
from boxfold.features.files import atomic_path
from boxfold.features.json_object import read_json_object
from boxfold.s1.shipped import MFE, SHIPPED

CALIBRATION = "calibration.json"
"""In a run folder; of weights that ship, the name begins as theirs."""


def load_calibration(weights: str | Path | None = None) -> Calibration:
    """Calibration of weights; the identity if none was measured.

    Parameters
    ----------
    weights : str or Path, optional
        As in `boxfold.s1.model.S1Model.load`: a name of weights that ship (default ``mfe``), a run
        folder or a weights file.

    Raises
    ------
    InputError
        If the file is damaged or can't be read as a calibration.
    """
    if weights is None or weights in SHIPPED:
        name = MFE if weights is None else str(weights)
        with as_file(files("boxfold.s1").joinpath("weights")) as folder:
            return _read(folder / (SHIPPED[name] + CALIBRATION))
    path = Path(weights)
    return _read((path if path.is_dir() else path.parent) / CALIBRATION)


def save_calibration(calibration: Calibration, path: str | Path) -> None:
    """Write a calibration with a checksum. Inverse of what `load_calibration` reads."""
    numbers = {"slope": round(calibration.slope, 4), "intercept": round(calibration.intercept, 4)}
    with atomic_path(path) as temporary:
        text = json.dumps({**numbers, "checksum": UNSEALED}) + "\n"
        temporary.write_text(text, encoding="utf-8")
        seal(temporary)


def _read(path: Path) -> Calibration:
    if not path.is_file():
        return IDENTITY
    try:
        check_listed(path)
        check_seal(path)
        content = read_json_object(path)
        return Calibration(float(content["slope"]), float(content["intercept"]))
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        reason = reason_of(error)
        raise InputError(f"{path}: no calibration with slope and intercept ({reason})") from None
