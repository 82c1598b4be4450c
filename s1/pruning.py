"""Boxes that can't be part of any structure, or too weak to carry on: removed, and counted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs
from boxfold.features.channels import canonical_mask, sum_inwards
from boxfold.features.structure import MIN_HAIRPIN, BoolArray, IntArray

PRUNE_RULES = ("votes", "probability", "out_of_range", "shape", "hairpin", "noncanonical")
"""In the order they are applied; a box counts for the first rule that removes it."""


@dataclass(frozen=True)
class PruneConfig:
    """Which boxes are removed."""

    min_votes: int = field(
        default=0, metadata={"help": "fewest softmax or scalar votes (pixels) for a box"}
    )
    min_probability: float = field(default=0.0, metadata={"help": "lowest score of a box"})
    min_hairpin: int = field(
        default=MIN_HAIRPIN, metadata={"help": "fewest unpaired bases that a pair may enclose"}
    )
    keep_noncanonical: bool = field(
        default=False,
        metadata={"help": "keep stems and loops of other pairs than AU GC GU (no agent uses them)"},
    )

    def __post_init__(self) -> None:
        if self.min_hairpin < MIN_HAIRPIN:
            raise ValueError(f"min_hairpin {self.min_hairpin}: at least {MIN_HAIRPIN}")


def prune_boxes(
    boxes: IntArray,
    seq: str,
    config: PruneConfig,
    n_votes: NDArray[np.integer] | None = None,
    score: NDArray[np.floating] | None = None,
) -> tuple[BoolArray, IntArray]:
    """Which boxes to keep, and how many each rule removed.

    Rules: ``votes`` and ``probability`` (thresholds of `config`), ``out_of_range`` (of the grid),
    ``shape`` (hairpins off the diagonal, interior loops without an unpaired base), ``hairpin``
    (a pair encloses too few bases), ``noncanonical`` (pairs of a stem, closing pairs of a loop).

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    seq : str
    config : PruneConfig
    n_votes, score : ndarray, shape (N,), optional
        Without them their rule removes nothing.

    Returns
    -------
    keep : ndarray, dtype=bool, shape (N,)
    counts : ndarray, dtype=int64, shape (6, 3)
        Boxes removed by rule (`PRUNE_RULES`) and kind.
    """
    keep = np.ones(len(boxes), dtype=bool)
    counts = np.zeros((len(PRUNE_RULES), len(BoxKind)), dtype=np.int64)
    if not len(boxes):
        return keep, counts
    for rule, bad in enumerate(_rules(boxes, seq, config, n_votes, score)):
        removed = keep & bad
        counts[rule] = np.bincount(boxes[removed, 0], minlength=len(BoxKind))
        keep &= ~bad
    return keep, counts


def _rules(
    boxes: IntArray, seq: str, config: PruneConfig, n_votes: Any, score: Any
) -> Iterator[BoolArray]:
    """Boxes that each rule is against, in the order of `PRUNE_RULES`."""
    none = np.zeros(len(boxes), dtype=bool)
    yield none if n_votes is None else np.asarray(n_votes) < config.min_votes
    yield none if score is None else np.asarray(score) < config.min_probability
    out = _out_of_range(boxes, len(seq))
    yield out
    yield _misshapen(boxes)
    yield _enclosed_bases(boxes) < config.min_hairpin
    yield none if config.keep_noncanonical else _noncanonical(boxes, seq, ~out)


def _out_of_range(boxes: IntArray, length: int) -> BoolArray:
    first = np.minimum(boxes[:, 1], boxes[:, 2])
    last = np.maximum(boxes[:, 1] + boxes[:, 3], boxes[:, 2] + boxes[:, 4])
    return (first < 0) | (last > length)


def _misshapen(boxes: IntArray) -> BoolArray:
    kind, row, col, n_rows, n_cols = boxes.T
    off_diagonal = (kind == BoxKind.HAIRPIN) & ((row != col) | (n_rows != n_cols))
    too_thin = (np.minimum(n_rows, n_cols) < 2) | (n_rows + n_cols < 5)
    return off_diagonal | ((kind == BoxKind.INTERIOR_LOOP) & too_thin)


def _innermost_pairs(boxes: IntArray) -> IntArray:
    """The pair of each box that encloses the fewest bases; of a hairpin its only one."""
    is_hairpin = boxes[:, :1] == BoxKind.HAIRPIN
    return np.where(is_hairpin, outer_pairs(boxes), inner_pairs(boxes))


def _enclosed_bases(boxes: IntArray) -> IntArray:
    i, j = _innermost_pairs(boxes).T
    return j - i - 1


def _noncanonical(boxes: IntArray, seq: str, in_range: BoolArray) -> BoolArray:
    canonical = canonical_mask(seq)
    run = sum_inwards(canonical.astype(np.float32), canonical)
    bad = ~in_range
    lines = boxes[in_range]
    outer, inner = outer_pairs(lines), _innermost_pairs(lines)
    closed = canonical[outer[:, 0], outer[:, 1]] & canonical[inner[:, 0], inner[:, 1]]
    whole = run[outer[:, 0], outer[:, 1]] >= lines[:, 3]
    bad[in_range] = np.where(lines[:, 0] == BoxKind.STEM, ~whole, ~closed)
    return bad
