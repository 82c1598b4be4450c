"""Box tokens: what the assembling policy knows of each proposed box.

The meaning of each column stands in `TOKEN_HELP`, in order. Nothing of the answer is among them:
no label, no optimum. Most values lie in [-1, 1]; all lie in [-2, 2].
"""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs
from boxfold.features.channels import PAIR_TYPES, pair_types
from boxfold.features.proposals import EVIDENCE
from boxfold.features.relations import beside, crosses, encloses, share_base
from boxfold.features.sequence import BASES, encode_bases
from boxfold.features.structure import IntArray
from boxfold.features.token_names import (
    GEOMETRY_NAMES,
    MAX_LENGTH,
    N_TOKEN_FEATURES,
    TOKEN_HELP,
    TOKEN_NAMES,
)

__all__ = ["GEOMETRY_NAMES", "N_TOKEN_FEATURES", "TOKEN_HELP", "TOKEN_NAMES", "box_tokens"]

FloatArray = NDArray[np.floating]


def box_tokens(
    seq: str,
    boxes: IntArray,
    score: FloatArray,
    evidence: FloatArray,
    energies: FloatArray | None = None,
    geometry_only: bool = False,
    loops: IntArray | None = None,
    loop_score: FloatArray | None = None,
) -> NDArray[np.float32]:
    """One token per box.

    Parameters
    ----------
    seq : str
        Letters ``ACGUN``.
    boxes : ndarray, dtype=int, shape (N, 5)
        Boxes inside the sequence; stems, or all kinds.
    score : ndarray, dtype=float, shape (N,)
        In [0, 1].
    evidence : ndarray, dtype=float, shape (N, len(EVIDENCE))
    energies : ndarray, dtype=float, shape (N, 3), optional
        kcal/mol: stacks, hairpin closed by the inner pair, exterior branch. Zeros if None.
    geometry_only : bool
        Set every column that is not type, location or size to 0; the shape stays.
    loops, loop_score : ndarray, dtype=int, shape (M, 5), and dtype=float, shape (M,), optional
        Proposed interior loops and hairpins, as evidence for the stems at their corners.

    Returns
    -------
    ndarray, dtype=float32, shape (N, N_TOKEN_FEATURES)
        Columns in the order of `TOKEN_NAMES`. Reordering the boxes reorders the lines (ties in
        score aside).

    Raises
    ------
    ValueError
        If the arrays do not fit together or a box leaves the sequence.

    Examples
    --------
    >>> stem = np.array([[0, 0, 7, 3, 3]])
    >>> tokens = box_tokens("GGGAAAACCC", stem, np.ones(1), np.zeros((1, len(EVIDENCE))))
    >>> values = dict(zip(TOKEN_NAMES, tokens[0].tolist()))
    >>> values["outer_GC"], values["is_tetraloop"], values["outer_j_nt"]
    (1.0, 1.0, 0.04500000178813934)
    """
    energies = np.zeros((len(boxes), 3)) if energies is None else energies
    _check_shapes(seq, boxes, score, evidence, energies)
    tokens = np.zeros((len(boxes), N_TOKEN_FEATURES), dtype=np.float32)
    geometry = _geometry(len(seq), boxes)
    if geometry_only:
        tokens[:, : len(GEOMETRY_NAMES)] = geometry
        return np.clip(tokens, -2, 2)
    if loops is None or loop_score is None:
        loops, loop_score = np.zeros((0, 5), dtype=np.int64), np.zeros(0)
    parts = [
        geometry,
        _sequence(seq, boxes),
        _hairpin(boxes),
        np.asarray(energies) / 10,
        _score(score, evidence),
        _loop_support(boxes, loops, loop_score),
        _company(boxes, score),
    ]
    np.concatenate(parts, axis=1, out=tokens, casting="same_kind")
    return np.clip(tokens, -2, 2)


def _check_shapes(
    seq: str, boxes: IntArray, score: FloatArray, evidence: FloatArray, energies: FloatArray
) -> None:
    n_boxes = len(boxes)
    wanted = {"score": (n_boxes,), "evidence": (n_boxes, len(EVIDENCE)), "energies": (n_boxes, 3)}
    for (name, shape), array in zip(wanted.items(), (score, evidence, energies), strict=True):
        if np.shape(array) != shape:
            raise ValueError(f"{name} has shape {np.shape(array)}, {shape} is needed")
    ends = boxes[:, 1:3] + boxes[:, 3:5]
    if np.any(boxes[:, 1:3] < 0) or np.any(ends > len(seq)):
        raise ValueError(f"a box leaves the sequence of {len(seq)} bases")


def _geometry(length: int, boxes: IntArray) -> FloatArray:
    kind, n_rows, n_cols = boxes[:, 0], boxes[:, 3], boxes[:, 4]
    outer, inner = outer_pairs(boxes), inner_pairs(boxes)
    span = outer[:, 1] - outer[:, 0] + 1
    inside = np.maximum(inner[:, 1] - inner[:, 0] - 1, 0)
    corners = np.column_stack([outer, inner, span, inside])
    return np.column_stack(
        [
            kind[:, None] == np.array(BoxKind)[None],
            corners / length,
            corners / MAX_LENGTH,
            np.full(len(boxes), length / MAX_LENGTH),
            n_rows / 10,
            n_cols / 10,
            (n_rows == 1) & (n_cols == 1),
            (n_rows == 2) & (n_cols == 2),
        ]
    )


def _sequence(seq: str, boxes: IntArray) -> FloatArray:
    # Framed by unknown bases, so that every box has neighbours; pairs with N are no pairs.
    codes = encode_bases(f"N{seq}N")
    types = pair_types(codes[None])[0]
    (i, j), (p, q) = outer_pairs(boxes).T + 1, inner_pairs(boxes).T + 1
    is_hairpin = boxes[:, 0] == BoxKind.HAIRPIN
    inner_type = np.where(is_hairpin, -1, types[p, q])
    neighbours = np.stack([codes[i - 1], codes[j + 1], codes[p + 1], codes[q - 1]], axis=1)
    neighbours[is_hairpin, 2:] = codes[np.stack([i + 1, j - 1], axis=1)][is_hairpin]
    is_base = np.eye(len(BASES) + 1)[neighbours][..., : len(BASES)]
    strong = np.cumsum((codes == BASES.index("G")) | (codes == BASES.index("C")))
    rows = strong[p] - strong[i - 1]
    cols = strong[j] - strong[q - 1]
    return np.column_stack(
        [
            types[i, j][:, None] == np.arange(len(PAIR_TYPES)),
            inner_type[:, None] == np.arange(len(PAIR_TYPES)),
            is_base.reshape(len(boxes), 4 * len(BASES)),
            types[i - 1, j + 1] >= 0,
            ~is_hairpin & (types[p + 1, q - 1] >= 0),
            (rows + cols) / (boxes[:, 3] + boxes[:, 4]),
        ]
    )


def _hairpin(boxes: IntArray) -> FloatArray:
    """Size of the hairpin that the inner pair of a stem (the pair of a hairpin) closes."""
    i, j = _hairpin_pairs(boxes)
    size = np.where(boxes[:, 0] == BoxKind.INTERIOR_LOOP, 0, np.maximum(j - i - 1, 0))
    log_size = np.log1p(size) / np.log(MAX_LENGTH)
    return np.column_stack([np.minimum(size / 30, 1), log_size, size == 3, size == 4])


def _hairpin_pairs(boxes: IntArray) -> IntArray:
    """Pair that closes what lies inside a box, rows and columns apart; shape (2, N)."""
    is_hairpin = (boxes[:, 0] == BoxKind.HAIRPIN)[:, None]
    return np.where(is_hairpin, outer_pairs(boxes), inner_pairs(boxes)).T


def _score(score: FloatArray, evidence: FloatArray) -> FloatArray:
    place = np.empty(len(score))
    place[np.argsort(-np.asarray(score), kind="stable")] = np.arange(len(score))
    scale = np.array([12 if name == "log_probability" else 1 for name in EVIDENCE])
    return np.column_stack([score, place / 64, 1 / (1 + place), evidence / scale])


def _loop_support(boxes: IntArray, loops: IntArray, loop_score: FloatArray) -> FloatArray:
    """Best score of the proposed loops at either end of each box."""
    is_hairpin = loops[:, 0] == BoxKind.HAIRPIN
    opens, ends = outer_pairs(loops), inner_pairs(loops)
    outer, inner = outer_pairs(boxes), inner_pairs(boxes)
    return np.column_stack(
        [
            _best_match(inner, opens[is_hairpin], loop_score[is_hairpin]),
            _best_match(inner, opens[~is_hairpin], loop_score[~is_hairpin]),
            _best_match(outer, ends[~is_hairpin], loop_score[~is_hairpin]),
        ]
    )


def _best_match(pairs: IntArray, wanted: IntArray, score: FloatArray) -> FloatArray:
    """Highest score among the `wanted` pairs equal to each pair; 0 if there is none."""
    same = (pairs[:, None] == wanted[None]).all(axis=2)
    return np.where(same, score, 0).max(axis=1, initial=0)


def _company(boxes: IntArray, score: FloatArray) -> FloatArray:
    others = max(len(boxes) - 1, 1)
    shared = share_base(boxes) & ~np.eye(len(boxes), dtype=bool)
    inside = encloses(boxes)
    matrices = [shared, crosses(boxes), inside, inside.T, beside(boxes)]
    rival = np.where(shared, score, 0).max(axis=1, initial=0)
    return np.column_stack([*(matrix.sum(axis=1) / others for matrix in matrices), rival])
