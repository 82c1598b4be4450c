"""Predictions of other tools as agents, so that they are measured as ours are."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from boxfold.agents.agent import Assembly
from boxfold.envs.instance import Instance
from boxfold.features.csv_cells import plain_cell
from boxfold.features.errors import InputError
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.features.text_file import read_text

PEER_COLUMNS = ("id", "tool", "dot_bracket")
"""Columns of a table of predictions; ``set`` says which collection, where there are several."""


class PeerAgent:
    """A tool that has predicted some sequences before; makes an `Agent` of it.

    Parameters
    ----------
    name : str
        Of the tool.
    structures : dict of str to str
        Dot-bracket strings by id; kept under this name.
    """

    can_sample = False

    def __init__(self, name: str, structures: dict[str, str]) -> None:
        self.name = name
        self.structures = structures

    def knows(self, instance: Instance) -> bool:
        """Whether the tool has predicted this sequence."""
        return instance.id in self.structures

    def assemble(
        self, instances: Sequence[Instance], rng: np.random.Generator, samples: int = 1
    ) -> list[Assembly]:
        """Look the structures up.

        Raises
        ------
        InputError
            If one has the wrong length or isn't balanced.
        """
        return [self._assembly(instance) for instance in instances]

    def _assembly(self, instance: Instance) -> Assembly:
        structure = self.structures[instance.id]
        if len(structure) != len(instance.seq):
            raise InputError(
                f"dot_bracket has {len(structure)} characters, the sequence {len(instance.seq)}"
            )
        return Assembly(None, base_pairs_from_dot_bracket(structure), 0)


def read_peers(
    path: str | Path, peer_set: str | None, on_error: Callable[[str], None]
) -> list[PeerAgent]:
    """Agents of a table of predictions, one per tool in the order of first appearance.

    Parameters
    ----------
    path : str or Path
        CSV, plain or gzip, with the columns `PEER_COLUMNS`.
    peer_set : str, optional
        Only rows with this value in the column ``set``.
    on_error : callable
        Gets one line for each row that repeats a sequence of its tool; the first one counts.

    Returns
    -------
    list of PeerAgent

    Raises
    ------
    InputError
        If the file can't be read, lacks a column or has no such set.
    """
    frame = _read_csv(path)
    needed = [*PEER_COLUMNS, *(["set"] if peer_set else [])]
    if missing := [name for name in needed if name not in frame]:
        raise InputError(f"{path}: no column '{missing[0]}' (needed: {', '.join(needed)})")
    if peer_set:
        sets = frame["set"].unique()
        frame = frame[frame["set"] == peer_set]
        if frame.empty:
            raise InputError(f"{path}: no set '{peer_set}' (it has {', '.join(sets)})")
    repeated = frame.duplicated(["id", "tool"])
    for row in frame[repeated].itertuples():
        on_error(f"{path}: record '{row.id}' of {row.tool} occurs twice (one set: --peer-set)")
    frame = frame[~repeated]
    return [
        PeerAgent(str(tool), dict(zip(rows["id"], rows["dot_bracket"], strict=True)))
        for tool, rows in frame.groupby("tool", sort=False)
    ]


def _read_csv(path: str | Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(io.StringIO(read_text(path)), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: no CSV table: {' '.join(str(error).split())}") from None
    return frame.map(plain_cell)
