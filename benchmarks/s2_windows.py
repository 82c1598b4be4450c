"""Boxes of every kind with labels, and the feature sets of the S2 study (`s2_study.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.instance import Instance
from boxfold.envs.slots import tokens_of
from boxfold.features.box import BoxKind
from boxfold.features.loops import structure_boxes
from boxfold.features.sequence import encode_bases
from boxfold.features.structure import BoolArray, IntArray
from boxfold.features.token_names import GEOMETRY_NAMES, TOKEN_NAMES

TYPE = tuple(f"is_{kind.label}" for kind in BoxKind)
LOCATION = tuple(f"{n}{end}" for n in ("outer_i", "outer_j", "span") for end in ("", "_nt"))
SIZE = ("n_rows", "n_cols", "is_single", "is_double")
S1 = TOKEN_NAMES[TOKEN_NAMES.index("score") : TOKEN_NAMES.index("loop_outwards") + 1]
FRAME = ("length_nt",)


@dataclass(frozen=True)
class FeatureSet:
    """What a network sees of the boxes.

    Attributes
    ----------
    columns : tuple of str
        Columns of the tokens; the others are 0.
    location, size : bool
        Whether relations between boxes know where they are and how large.
    loop_energies : bool
        Whether energies of loops and chains are seen.
    kmers, box_sequence, background
        Options of `NetworkConfig` by which the network reads the sequence.
    """

    columns: tuple[str, ...]
    location: bool = True
    size: bool = True
    loop_energies: bool = False
    kmers: int = 0
    box_sequence: bool = False
    background: bool = False

    @property
    def mask(self) -> BoolArray:
        """Which columns are seen, shape (F,)."""
        return np.isin(TOKEN_NAMES, self.columns)

    def seen(self, boxes: IntArray) -> IntArray:
        """Boxes as relations may know them: moved to the origin, or shrunk to their outer pair."""
        boxes = boxes.copy()
        if not self.size:
            boxes[:, 2] += boxes[:, 4] - 1
            boxes[:, 3:] = 1
        if not self.location:
            boxes[:, 1:3] = 0
        return boxes


FEATURE_SETS = {
    "all, loop energies and chains": FeatureSet(TOKEN_NAMES, loop_energies=True),
    "all features": FeatureSet(TOKEN_NAMES),
    "geometry + S1": FeatureSet(GEOMETRY_NAMES + S1),
    "geometry (type, location, size)": FeatureSet(GEOMETRY_NAMES),
    "location, size (no type)": FeatureSet(tuple(n for n in GEOMETRY_NAMES if n not in TYPE)),
    "type, size (no location)": FeatureSet(TYPE + SIZE + FRAME, location=False),
    "type, location (no size)": FeatureSet(TYPE + LOCATION + FRAME, size=False),
    "location only": FeatureSet(LOCATION + FRAME, size=False),
    "geometry + k-mers": FeatureSet(GEOMETRY_NAMES, kmers=3),
    "geometry + sequence encoder": FeatureSet(GEOMETRY_NAMES, box_sequence=True),
    "geometry + background": FeatureSet(GEOMETRY_NAMES, background=True),
    "all features, shuffled labels": FeatureSet(TOKEN_NAMES),
}
"""Sets by the name that the tables use."""


class Window(NamedTuple):
    """Boxes of one sequence: stems first, then interior loops and hairpins.

    Attributes
    ----------
    instance : Instance
    tokens : ndarray, dtype=float32, shape (N, F)
    boxes : ndarray, dtype=int64, shape (N, 5)
    label : ndarray, dtype=bool, shape (N,)
        Whether the box is one of the reference structure.
    bases : ndarray, dtype=int8, shape (L,)
        Codes of `encode_bases`.
    """

    instance: Instance
    tokens: NDArray[np.float32]
    boxes: IntArray
    label: BoolArray
    bases: NDArray[np.int8]


def window_of(instance: Instance) -> Window:
    """Everything that any feature set shows of a sequence.

    Parameters
    ----------
    instance : Instance
        With a reference.
    """
    boxes = instance.all_boxes
    tokens = tokens_of(instance, boxes)
    bases = encode_bases(instance.seq).astype(np.int8)
    return Window(instance, tokens, boxes, labels_of(instance, boxes), bases)


def labels_of(instance: Instance, boxes: IntArray) -> BoolArray:
    """Which boxes, of any kind, are boxes of the known structure, exactly."""
    assert instance.reference is not None
    wanted = structure_boxes(instance.reference)
    return (boxes[:, None] == wanted[None]).all(axis=2).any(axis=1)


def with_permuted_labels(windows: Sequence[Window], rng: np.random.Generator) -> list[Window]:
    """The same windows; labels permuted among all of their boxes."""
    pooled = rng.permutation(np.concatenate([each.label for each in windows]))
    parts = np.split(pooled, np.cumsum([len(each.label) for each in windows])[:-1])
    return [each._replace(label=part) for each, part in zip(windows, parts, strict=True)]
