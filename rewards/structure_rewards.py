"""Rewards ``similarity`` and ``f1``: agreement with a structure that is known."""

import csv
import io
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from boxfold.features.agreement import agreement
from boxfold.features.errors import InputError
from boxfold.features.formats import from_dbn
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket
from boxfold.features.text_file import read_text
from boxfold.rewards.plugin import Problem, Reward, Structure


class F1Reward(Reward):
    """F1 over exact base pairs against the reference. For training: it reads the answer."""

    name = "f1"
    training_only = True

    def score(self, instance: Problem, structure: Structure) -> dict[str, float]:
        """One component, in [0, 1]."""
        if instance.reference is None:
            raise InputError("no reference (a dot_bracket is needed, for training only)")
        return {"f1": agreement(structure.base_pairs, instance.reference).f1}


@dataclass(frozen=True)
class SimilarityConfig:
    """Settings of `SimilarityReward`.

    Raises
    ------
    InputError
        If neither is given, or both are.
    """

    file: str = field(
        default="", metadata={"help": "structures by id: CSV with id and dot_bracket, or dbn"}
    )
    column: str = field(default="", metadata={"help": "of the table, with a dot-bracket string"})

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.column):
            raise InputError("either file or column is needed, in a YAML file (--reward F.yaml)")


class SimilarityReward(Reward):
    """F1 over exact base pairs against a given structure, such as that of a homologue."""

    name = "similarity"
    Config = SimilarityConfig

    def __init__(self, config: SimilarityConfig | None = None) -> None:
        super().__init__(config)
        self._given = given_structures(self.config.file) if self.config.file else {}

    def score(self, instance: Problem, structure: Structure) -> dict[str, float]:
        """One component, in [0, 1]."""
        given = self._given.get(instance.id)
        place = self.config.file or f"column {self.config.column}"
        if given is None:
            text = instance.texts.get(self.config.column)
            if not text:
                raise InputError(f"no structure in {place}")
            given = _parsed(text)
        if len(given) and given.max() >= len(instance.seq):
            raise InputError(f"the structure in {place} is longer than the sequence")
        return {"similarity": agreement(structure.base_pairs, given).f1}


@lru_cache(maxsize=256)
def _parsed(dot_bracket: str) -> IntArray:
    return base_pairs_from_dot_bracket(dot_bracket)


def given_structures(path: str | Path) -> dict[str, IntArray]:
    """Base pairs by id, of a CSV table with ``id`` and ``dot_bracket`` or of a dbn file.

    Raises
    ------
    InputError
        Naming the file, if it can't be read or used.
    """
    text = read_text(path)
    try:
        if text.lstrip().startswith(">"):
            return {record.id: record.base_pairs for record in from_dbn(text)}
        rows = list(csv.DictReader(io.StringIO(text)))
        if not rows or not {"id", "dot_bracket"} <= rows[0].keys():
            raise InputError("columns id and dot_bracket are needed")
        return {row["id"]: base_pairs_from_dot_bracket(row["dot_bracket"] or "") for row in rows}
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path}: {error}") from None
