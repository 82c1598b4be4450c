"""The folder of one training run, and tensors on disk that load without executing code."""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from boxfold.features.checksum import UNSEALED, check_listed, check_seal, seal
from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, naming
from boxfold.features.json_object import read_json_object
from boxfold.s1.sequence_table import to_stderr

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from boxfold.s1.board import Board

Tensors = dict[str, torch.Tensor]

FORMAT_VERSION = 1
"""Raised whenever weights of older versions can't be read any more."""

_CHECKSUM = "checksum"


def save_tensors(path: str | Path, tensors: Tensors, meta: dict[str, Any]) -> None:
    """Write tensors and JSON-able facts to one safetensors file with a checksum, atomically."""
    meta = {"format_version": FORMAT_VERSION, **meta, _CHECKSUM: UNSEALED}
    contiguous = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with atomic_path(path) as temporary:
        # One key only: several would be written in an order that changes from run to run.
        content = {"boxfold": json.dumps(meta, sort_keys=True)}
        try:
            save_file(contiguous, temporary, content)
        except SafetensorError as error:
            raise InputError(f"{path}: can't be written ({error})") from None
        seal(temporary)


def load_tensors(path: str | Path, kind: str) -> tuple[Tensors, dict[str, Any]]:
    """Read a file of `save_tensors`.

    Its checksum is checked, or the one in `boxfold.features.checksum.SUMS` beside it. A file of an
    older version has none: a line on standard error says so.

    Parameters
    ----------
    path : str or Path
    kind : str
        Wanted value of ``meta["kind"]``, e.g. ``s1`` or ``assembly``.

    Returns
    -------
    tensors : dict of str to Tensor
    meta : dict

    Raises
    ------
    InputError
        If the file is missing, damaged, of another kind or of another format version.
    """
    path = Path(path)
    try:
        is_checked = check_listed(path) | check_seal(path)
        with safe_open(path, framework="pt") as file:
            meta = dict(json.loads((file.metadata() or {}).get("boxfold", "{}")))
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except InputError:
        raise
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(f"{path}: no such weights file") from None
    except (SafetensorError, OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: not a whole safetensors file ({error})") from None
    if not is_checked:
        to_stderr(f"{path}: no checksum, from an older version: damage would not be noticed")
    if meta.get("kind") != kind:
        raise InputError(f"{path}: holds '{meta.get('kind')}', needed: '{kind}'")
    if meta.get("format_version") != FORMAT_VERSION:
        found = meta.get("format_version")
        raise InputError(f"{path}: weights of format {found}, needed: {FORMAT_VERSION}")
    meta.pop(_CHECKSUM, None)
    return tensors, meta


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    """State of an optimizer as flat tensors. Inverse of `restore_optimizer`."""
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{index}.{key}": torch.as_tensor(value)
        for index, entry in state.items()
        for key, value in entry.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put the tensors of `optimizer_tensors` back."""
    content = optimizer.state_dict()
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            content["state"].setdefault(int(index), {})[key] = value
    optimizer.load_state_dict(content)


def without_prefix(tensors: Tensors, prefix: str) -> Tensors:
    """Entries whose name starts with `prefix`, with it cut off."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


class RunFolder:
    """A run: config.json, command.txt, metrics.csv, TensorBoard events, weights, state.

    Parameters
    ----------
    path : str or Path
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._rows: list[dict[str, Any]] = []
        self._board: Board | None = None
        self._command, self._config = "", dict[str, Any]()

    @classmethod
    def open(
        cls, path: str | Path, config: dict[str, Any], command: str, resume: bool, overwrite: bool
    ) -> "RunFolder":
        """Start a run, or continue it with ``resume``.

        Parameters
        ----------
        path : str or Path
        config : dict
            JSON-able; everything that shapes the result.
        command : str
            The exact command line.
        resume, overwrite : bool

        Raises
        ------
        InputError
            If the folder exists (without either), or on resume: is no run, is finished, or was
            started with another config.
        """
        run = cls(path)
        config = json.loads(json.dumps(config))
        run._command, run._config = command, config
        is_empty = not run.path.exists() or (run.path.is_dir() and not run._content())
        if resume and not is_empty:
            run._check_resumable(config)
            run._rows = run.metrics().to_dict("records")
            return run
        if not is_empty:
            if not overwrite or not (run.path / "config.json").exists():
                hint = "--resume continues it, --overwrite replaces it"
                raise InputError(f"{run.path}: exists already ({hint} if it is a run)")
            run._clear()
        run._write_text("config.json", json.dumps(config, indent=2, sort_keys=True) + "\n")
        run._write_text("command.txt", command + "\n")
        return run

    def _content(self) -> list[Path]:
        """What is in the folder; hidden are only locks, and what a killed process left."""
        return [path for path in self.path.iterdir() if not path.name.startswith(".")]

    def _clear(self) -> None:
        """Remove all but config.json: whenever this is killed, the folder is still a run."""
        for path in self.path.iterdir():
            if path.name not in ("config.json", ".lock"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _write_text(self, name: str, text: str) -> None:
        with atomic_path(self.path / name) as temporary:
            temporary.write_text(text)

    def _check_resumable(self, config: dict[str, Any]) -> None:
        old = self.config()
        if (self.path / "finished").exists():
            (self.path / "state.safetensors").unlink(missing_ok=True)  # killed in `finish`
            raise InputError(f"{self.path}: this run is finished, nothing to resume")
        changed = sorted(k for k in old.keys() | config.keys() if old.get(k) != config.get(k))
        if changed:
            raise InputError(
                f"{self.path}: --resume with another config, differing in: {', '.join(changed)}"
            )

    def config(self) -> dict[str, Any]:
        """The content of config.json.

        Raises
        ------
        InputError
            If the folder is no run, or the file is damaged.
        """
        if not (self.path / "config.json").exists():
            raise InputError(f"{self.path}: no run folder (config.json is missing)")
        return read_json_object(self.path / "config.json")

    def log(self, step: int, values: dict[str, float]) -> None:
        """Write scalars to TensorBoard, and one row to metrics.csv."""
        import pandas as pd  # in methods only: predictions start without it

        with naming(self.path / "events"):
            self.board(step).numbers(step, values)
        self._rows.append({"step": step, **values})
        with atomic_path(self.path / "metrics.csv") as temporary:
            pd.DataFrame(self._rows).to_csv(temporary, index=False)

    def show(self, step: int, figures: "Mapping[str, Figure]") -> None:
        """Write drawings to TensorBoard, by tag."""
        with naming(self.path / "events"):
            self.board(step).pictures(step, figures)

    def board(self, step: int) -> "Board":
        """What writes to TensorBoard; what an interrupted run wrote from `step` on is hidden."""
        if self._board is None:
            from boxfold.s1.board import Board  # a second of import that others needn't wait for

            self._board = Board(self.path, step, self._command)
        return self._board

    def metrics(self) -> "pd.DataFrame":
        """metrics.csv so far; empty if there is none, an `InputError` if it is damaged."""
        import pandas as pd

        file = self.path / "metrics.csv"
        if not file.exists():
            return pd.DataFrame(columns=["step"])
        try:
            # Python's own numbers: those of pandas may differ in the last digit.
            table = pd.read_csv(file, dtype=str, keep_default_na=False).map(_number)
        except (ValueError, OverflowError) as error:
            raise InputError(f"{file}: no CSV table ({error})") from None
        if "step" not in table:
            raise InputError(f"{file}: no column 'step'")
        return table

    def rewind(self, step: int) -> None:
        """Forget metrics after `step`: the checkpoint that a resumed run starts from."""
        self._rows = [row for row in self._rows if row["step"] <= step]

    def save(self, name: str, tensors: Tensors, meta: dict[str, Any]) -> None:
        """Write ``name.safetensors`` (``weights``: the result, ``state``: for resuming)."""
        save_tensors(self.path / f"{name}.safetensors", tensors, meta)

    def load(self, name: str, kind: str) -> tuple[Tensors, dict[str, Any]]:
        """Read ``name.safetensors``; see `load_tensors`."""
        return load_tensors(self.path / f"{name}.safetensors", kind)

    def has(self, name: str) -> bool:
        """Is there a ``name.safetensors``?"""
        return (self.path / f"{name}.safetensors").exists()

    def finish(self, kept: int | None = None) -> None:
        """Mark the run as complete, drop the resume state, close its events.

        Parameters
        ----------
        kept : int, optional
            Step of the weights kept: its metrics are shown as ``final/...`` beside the settings.
        """
        self._write_text("finished", "")
        (self.path / "state.safetensors").unlink(missing_ok=True)
        if not self._rows:
            return
        last = int(self._rows[-1]["step"])
        with naming(self.path / "events"):
            # Below the marker: a run is finished once, so no second line can follow.
            board = self.board(last + 1)
            board.settings(self._config, self._measured(kept), last)
            board.close()

    def _measured(self, step: int | None) -> dict[str, float]:
        """Validation metrics of a step, as ``final/...``."""
        rows = [row for row in self._rows if row["step"] == step]
        return {
            f"final/{tag.split('/', 1)[1]}": float(value)
            for row in rows
            for tag, value in row.items()
            if tag.startswith(("eval/", "validation/")) and math.isfinite(value)
        }


def _number(text: str) -> float:
    """Number of a cell; as whole as it is written."""
    return int(text) if text.lstrip("-").isdigit() else float(text or "nan")
