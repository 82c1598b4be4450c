"""What a thermodynamic model says of each pair: ensemble probabilities as input channels of S1.

Off where S1 imitates the minimum free energy, whose model they are; for known structures they are
what a network of this size can't find out by itself.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.structure import IntArray
from boxfold.rewards.energy import loaded
from boxfold.rewards.ensemble import pair_probabilities

if TYPE_CHECKING:
    import pyarrow as pa

MIN_PROBABILITY = 1e-3
"""Rarer pairs count as impossible."""

MAX_UNLIMITED = 1500
MAX_SPAN = 600
"""Longer sequences than `MAX_UNLIMITED` have pairs of at most so many bases: time stays bounded."""

CHANNELS_PER_SET = 2
"""The probability, and ``1 + log10(p) / 3``: both in [0, 1]."""

_ROW, _COLUMN = "prior_row", "prior_col"


_Key = tuple[str, int, tuple[str, ...]]
"""Sequence, most bases of a pair, sets of parameters."""


class PairPrior(NamedTuple):
    """Pair probabilities of one sequence under S sets of energy parameters, sparse.

    Attributes
    ----------
    row, col : ndarray, dtype=int16, shape (K,)
        Pairs that are likely enough under one of the sets.
    probability : ndarray, dtype=float16, shape (S, K)
    """

    row: IntArray
    col: IntArray
    probability: NDArray[np.float16]

    @classmethod
    def of(cls, seq: str, parameters: Sequence[str]) -> "PairPrior":
        """Probabilities by ViennaRNA; see `boxfold.rewards.energy.PARAMETER_SETS`, `MAX_SPAN`.

        Examples
        --------
        >>> prior = PairPrior.of("GGGGAAAACCCC", ["turner2004", "andronescu2007"])
        >>> prior.probability.shape == (2, len(prior.row)), bool(prior.probability.max() > 0.9)
        (True, True)
        """
        return cls.of_each([seq], parameters)[0]

    @classmethod
    def of_each(cls, seqs: Sequence[str], parameters: Sequence[str]) -> list["PairPrior"]:
        """Those of many sequences, in less time than one by one; the last ones are remembered."""
        if len(seqs) > _TOGETHER:  # probabilities of all pairs of many sequences take memory
            parts = [seqs[start : start + _TOGETHER] for start in range(0, len(seqs), _TOGETHER)]
            return [prior for part in parts for prior in cls.of_each(part, parameters)]
        keys: list[_Key] = [
            (seq, MAX_SPAN if len(seq) > MAX_UNLIMITED else -1, tuple(parameters)) for seq in seqs
        ]
        new = [key for key in dict.fromkeys(keys) if key not in _recent]
        by_set = []
        for name in parameters if new else ():
            with loaded(name):
                by_set.append([pair_probabilities(seq, name, span) for seq, span, _ in new])
        for key, *maps in zip(new, *by_set, strict=True):
            _recent[key] = cls._of_maps(np.stack(maps))
        found = [_recent[key] for key in keys]
        while len(_recent) > _REMEMBERED:
            del _recent[next(iter(_recent))]
        return found

    @classmethod
    def _of_maps(cls, maps: NDArray[np.float32]) -> "PairPrior":
        row, col = np.nonzero((maps >= MIN_PROBABILITY).any(axis=0))
        probability = maps[:, row, col].astype(np.float16)
        return cls(row.astype(np.int16), col.astype(np.int16), probability)

    def to_grids(self, length: int) -> NDArray[np.float32]:
        """Probabilities of all pairs, upper triangle; (S, length, length)."""
        grids = np.zeros((len(self.probability), length, length), dtype=np.float32)
        grids[:, self.row, self.col] = self.probability
        return grids

    def to_channels(self, length: int) -> NDArray[np.float32]:
        """Channels of S1, those of one set together; (2 S, length, length), upper triangle."""
        n_sets = len(self.probability)
        channels = np.zeros((n_sets, CHANNELS_PER_SET, length, length), dtype=np.float32)
        p = self.probability.astype(np.float32)
        channels[:, 0, self.row, self.col] = p
        logs = 1 + np.log10(np.maximum(p, MIN_PROBABILITY)) / 3
        channels[:, 1, self.row, self.col] = logs
        return channels.reshape(-1, length, length)

    def to_columns(self, parameters: Sequence[str]) -> dict[str, NDArray]:
        """Values of `prior_types`. Inverse of `from_row`."""
        columns = [(_column(name), p) for name, p in zip(parameters, self.probability, strict=True)]
        return {_ROW: self.row, _COLUMN: self.col, **dict(columns)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any], parameters: Sequence[str]) -> "PairPrior | None":
        """Of a data set's row; None if the data set lacks one of the sets."""
        names = (_ROW, _COLUMN, *map(_column, parameters))
        found: list[Any] = [row.get(name) for name in names]
        if not parameters or any(np.ndim(each) == 0 for each in found):
            return None
        i, j, *probability = map(np.asarray, found)
        return cls(i, j, np.stack(probability).astype(np.float16))


_recent: dict[_Key, PairPrior] = {}
"""By sequence, span and parameters, oldest first: a judge asks for what S1 just asked for."""
_REMEMBERED = 64
_TOGETHER = 16


def prior_types(parameters: Sequence[str]) -> "dict[str, pa.DataType]":
    """Further columns of a data set with priors: a list per row, an entry per pair."""
    import pyarrow as pa  # in functions only: the --help of trainings starts without it

    pairs = {_ROW: pa.list_(pa.int16()), _COLUMN: pa.list_(pa.int16())}
    return pairs | {_column(name): pa.list_(pa.float16()) for name in parameters}


def _column(parameters: str) -> str:
    return f"prior_{parameters}"
