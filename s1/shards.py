"""Finished pieces of a long table, kept beside the output until it is complete."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, check_writable
from boxfold.features.json_object import read_json_object
from boxfold.s1.parquet import read_table, write_table


class Shards:
    """Folder ``OUT.parts`` with the arguments of a run and its finished pieces.

    A piece appears whole or not at all, so a run that was killed at any moment continues
    behind the last piece.

    Parameters
    ----------
    out : str or Path
        The output whose pieces these are.
    settings : dict
        All that the pieces depend on, as JSON values; a run with others is not continued.
    resume : bool
    overwrite : bool
        Replace a finished output, and, without `resume`, discard what an earlier run left.

    Raises
    ------
    InputError
        If the output exists and may not be replaced, if an interrupted run is there but
        `resume` is False, or if it ran with other arguments.
    """

    def __init__(
        self, out: str | Path, settings: dict[str, Any], resume: bool, overwrite: bool
    ) -> None:
        check_writable(out, overwrite)
        self.folder = Path(f"{out}.parts")
        self._settings_file = self.folder / "config.json"
        settings = json.loads(json.dumps(settings))  # as they come back from the file
        if self.folder.exists():
            self._check_earlier(settings, resume, overwrite)
        if not self._settings_file.exists():
            with atomic_path(self._settings_file) as temporary:
                temporary.write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")

    def n_finished(self) -> int:
        """Count the finished pieces."""
        return len(list(self.folder.glob("[0-9]*.parquet")))

    def load(self, number: int) -> pd.DataFrame | None:
        """Read a finished piece; None if it is not finished.

        Raises
        ------
        InputError
            If it is damaged.
        """
        path = self._path(number)
        return _frame(path) if path.exists() else None

    def save(self, number: int, rows: list[dict[str, Any]]) -> pd.DataFrame:
        """Keep a finished piece and return it as `load` will."""
        write_table(pa.Table.from_pylist(rows), self._path(number))
        return _frame(self._path(number))

    def remove(self) -> None:
        """Delete the folder, once the output is complete."""
        # Pieces never outlive their settings, whenever this is killed.
        for path in self.folder.iterdir():
            if path != self._settings_file:
                path.unlink()
        shutil.rmtree(self.folder)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.parquet"

    def _check_earlier(self, settings: dict[str, Any], resume: bool, overwrite: bool) -> None:
        if resume:
            self._check_same(settings)
        elif overwrite:
            self.remove()
        else:
            raise InputError(
                f"{self.folder}: an interrupted run is there "
                "(continue it with --resume, discard it with --overwrite)"
            )

    def _check_same(self, settings: dict[str, Any]) -> None:
        if not self._settings_file.exists() and not self.n_finished():  # killed before it began
            return
        try:
            earlier = read_json_object(self._settings_file)
        except InputError:
            raise InputError(f"{self._settings_file}: damaged, can't be resumed") from None
        for name in sorted(settings.keys() | earlier.keys()):
            if settings.get(name) != earlier.get(name):
                raise InputError(
                    f"{self.folder}: the interrupted run had {name} = {earlier.get(name)}, this "
                    f"one has {settings.get(name)} (the same arguments are needed to resume)"
                )


def _frame(path: Path) -> pd.DataFrame:
    try:
        return read_table(path).to_pandas()
    except InputError as error:
        raise InputError(f"{error}; delete it, then --resume makes it anew") from None
