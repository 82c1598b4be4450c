"""Soft targets of the ends heads: end probabilities of the Boltzmann ensemble, sparse."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from boxfold.features.structure import IntArray

MIN_PROBABILITY = 1e-3
"""Rarer pairs are left out: boxes of that probability come behind 2 L others."""

_MAPS = ("paired", "outer", "inner")

SOFT_TYPES = {
    "soft_row": pa.list_(pa.int16()),
    "soft_col": pa.list_(pa.int16()),
    **{f"soft_{name}": pa.list_(pa.float16()) for name in _MAPS},
}
"""Further columns of a data set with soft targets: a list per row, an entry per pair."""


class SoftEnds(NamedTuple):
    """Pairs of an ensemble, and how probable each is and ends a stem.

    Attributes
    ----------
    row, col : ndarray, dtype=int16, shape (K,)
    probability : ndarray, dtype=float16, shape (3, K)
        Paired, outer end, inner end.
    """

    row: IntArray
    col: IntArray
    probability: NDArray[np.float16]

    @classmethod
    def from_maps(cls, maps: NDArray[np.float32]) -> "SoftEnds":
        """Pairs of at least `MIN_PROBABILITY` in maps (3, L, L). Inverse of `to_maps`, rounded.

        Examples
        --------
        >>> maps = np.zeros((3, 9, 9), dtype=np.float32)
        >>> maps[:, 1, 7] = 0.5, 0.25, 0.125
        >>> soft = SoftEnds.from_maps(maps)
        >>> soft.row.tolist(), soft.col.tolist(), soft.probability[:, 0].tolist()
        ([1], [7], [0.5, 0.25, 0.125])
        >>> bool((soft.to_maps(9) == maps).all())
        True
        """
        row, col = np.nonzero(maps[0] >= MIN_PROBABILITY)
        probability = maps[:, row, col].astype(np.float16)
        return cls(row.astype(np.int16), col.astype(np.int16), probability)

    def to_maps(self, length: int) -> NDArray[np.float32]:
        """Dense maps (3, length, length), upper triangle. Inverse of `from_maps`."""
        maps = np.zeros((3, length, length), dtype=np.float32)
        maps[:, self.row, self.col] = self.probability
        return maps

    def to_columns(self) -> dict[str, NDArray]:
        """Values of `SOFT_TYPES`. Inverse of `from_row`."""
        return dict(zip(SOFT_TYPES, (self.row, self.col, *self.probability), strict=True))

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "SoftEnds | None":
        """Of a data set's row; None if the data set has no soft targets."""
        found: Any = row.get("soft_row")
        if np.ndim(found) == 0:  # None, or NaN where tables were joined
            return None
        row_, col, *probability = (np.asarray(row[name]) for name in SOFT_TYPES)
        return cls(row_, col, np.stack(probability).astype(np.float16))
