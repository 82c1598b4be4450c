"""Numbers of candidate boxes and of their rivals, for the `boxfold.s1.rescorer`."""

import itertools

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs
from boxfold.features.channels import canonical_mask, stem_stack_energy, sum_inwards, sum_outwards
from boxfold.features.structure import IntArray
from boxfold.s1.ends import INNER, OUTER, PAIRED
from boxfold.s1.loop_ends import N_FACES, LoopCandidates, LoopEnds

FloatArray = NDArray[np.floating]

STEM_FEATURES = (
    "log_probability",  # chain score
    "logit_paired_outer",
    "logit_paired_inner",
    "log_outer_end",
    "log_inner_end",
    "n_pairs",
    "longer_outwards",  # canonical pairs beyond the outer pair
    "longer_inwards",
    "distance",  # of the outer pair, in lengths of the sequence
    "log_length",  # of the sequence
    "stack_energy",
    "rivals_row",  # summed probability of other stems on the 5' bases, mean over bases
    "rivals_column",
    "strongest_rival",  # the larger of both
    "variants",  # summed probability of overlapping stems on the same anti-diagonal
    "log_hairpin",  # best loop of each sort at the ends
    "log_interior_inside",
    "log_interior_outside",
    "log_face_multi_inside",
    "log_face_exterior_outside",
    "log_face_multi_outside",
)
"""Numbers of a stem, all of the order of 1."""

_LOW = 1e-4


LOOP_FEATURES = (
    "log_probability",  # of `loop_candidates`
    *(f"{end}_{part}" for end in ("inner", "outer") for part in ("end", "face", "gap5", "gap3")),
    "gap5",
    "gap3",
    "log_size",
    "asymmetry",
    "distance",  # of the outer pair, in lengths of the sequence
    "log_length",  # of the sequence
    "log_stem_outside",  # best stem that ends at its outer pair
    "log_stem_inside",  # best stem that begins at its inner pair
    "log_rivals_outside",  # other loops at its outer pair
    "log_rivals_inside",  # other loops at its inner pair
)
"""Numbers of a loop."""


def stem_features(
    seq: str,
    ends: FloatArray,
    loop_ends: LoopEnds,
    stems: IntArray,
    log_probability: FloatArray,
    loops: LoopCandidates,
) -> FloatArray:
    """`STEM_FEATURES` of candidate stems.

    Parameters
    ----------
    seq : str
    ends : ndarray, dtype=float32, shape (3, L, L)
    loop_ends : LoopEnds
    stems : ndarray, dtype=int, shape (N, 5)
        All candidates: they are each other's rivals.
    log_probability : ndarray, dtype=float, shape (N,)
        Chain scores.
    loops : LoopCandidates

    Returns
    -------
    ndarray, dtype=float32, shape (N, 21)
    """
    length = len(seq)
    (i0, j0), (i1, j1) = outer_pairs(stems).T, inner_pairs(stems).T
    mask = canonical_mask(seq)
    ones = mask.astype(np.float32)
    probability = np.exp(np.minimum(log_probability, 0))
    maps = np.clip(ends, 1e-6, 1 - 1e-6)
    paired = np.log(maps[PAIRED]) - np.log1p(-maps[PAIRED])
    rivals = _rivals(stems, probability, length)
    columns = {
        "log_probability": log_probability / 5,
        "logit_paired_outer": paired[i0, j0] / 5,
        "logit_paired_inner": paired[i1, j1] / 5,
        "log_outer_end": np.log(maps[OUTER, i0, j0]) / 5,
        "log_inner_end": np.log(maps[INNER, i1, j1]) / 5,
        "n_pairs": np.minimum(stems[:, 3], 15) / 5,
        "longer_outwards": np.minimum(sum_outwards(ones, mask)[i0, j0] - 1, 10) / 5,
        "longer_inwards": np.minimum(sum_inwards(ones, mask)[i1, j1] - 1, 10) / 5,
        "distance": (j0 - i0) / length,
        "log_length": np.full(len(stems), np.log(length) / 5),
        "stack_energy": stem_stack_energy(seq, stems) / 5,
        **rivals,
        **_loops_at_ends(stems, loops.boxes, np.exp(np.minimum(loops.score, 0)), length),
        **_faces(stems, loop_ends, length),
    }
    return np.stack([columns[name] for name in STEM_FEATURES], axis=1).astype(np.float32)


def loop_features(
    length: int, loops: LoopCandidates, stems: IntArray, log_probability: FloatArray
) -> FloatArray:
    """`LOOP_FEATURES` of candidate loops.

    Parameters
    ----------
    length : int
    loops : LoopCandidates
        All candidates: they are each other's rivals.
    stems : ndarray, dtype=int, shape (N, 5)
    log_probability : ndarray, dtype=float, shape (N,)
        Of the stems.

    Returns
    -------
    ndarray, dtype=float32, shape (M, 19)
    """
    boxes = loops.boxes
    is_interior = boxes[:, 0] == BoxKind.INTERIOR_LOOP
    gaps = boxes[:, 3:] - 2
    outer, inner = outer_pairs(boxes), inner_pairs(boxes)
    probability = np.exp(np.maximum(log_probability, np.log(_LOW)))
    score = np.exp(np.minimum(loops.score, 0))
    at_inner = np.where(is_interior[:, None], inner, -1)
    columns = [
        loops.score / 5,
        *np.maximum(loops.parts.T, -15) / 5,
        np.minimum(gaps[:, 0], 30) / 10,
        np.minimum(gaps[:, 1], 30) / 10,
        np.log(gaps.sum(axis=1)),
        np.abs(gaps[:, 0] - gaps[:, 1]) / 10,
        (outer[:, 1] - outer[:, 0]) / length,
        np.full(len(boxes), np.log(length) / 5),
        _best_at(inner_pairs(stems), probability, outer, length),
        np.where(is_interior, _best_at(outer_pairs(stems), probability, inner, length), 0),
        _others_at(outer, score, length),
        np.where(is_interior, _others_at(at_inner, score, length), 0),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _best_at(pairs: IntArray, score: FloatArray, wanted: IntArray, length: int) -> FloatArray:
    """Log of the best score among boxes with a pair, for each wanted pair."""
    best = np.zeros((length, length), dtype=np.float32)
    np.maximum.at(best, tuple(pairs.T), score)
    return np.log(best[tuple(wanted.T)] + _LOW) / 5


def _others_at(pairs: IntArray, score: FloatArray, length: int) -> FloatArray:
    """Log of the summed score of the other boxes with the same pair."""
    key = pairs[:, 0] * length + pairs[:, 1]
    _, group = np.unique(key, return_inverse=True)
    others = np.bincount(group, score)[group] - score
    return np.log(np.maximum(others, 0) + _LOW) / 5


def _rivals(stems: IntArray, probability: FloatArray, length: int) -> dict[str, FloatArray]:
    """Probability of other stems on the bases of each; variants on its own diagonal count apart."""
    n = stems[:, 3]
    row, column = stems[:, 1], stems[:, 2]
    totals = []
    for start in (row, column):
        edges = np.zeros(length + 1)
        np.add.at(edges, start, probability)
        np.add.at(edges, start + n, -probability)
        totals.append(np.cumsum(edges)[:length])
    claimed = np.append(0, np.cumsum(totals[0] + totals[1]))  # a base may pair to either side
    in_rows = (claimed[row + n] - claimed[row]) / n
    in_columns = (claimed[column + n] - claimed[column]) / n
    diagonal = row + column + n  # the same for all pairs of a run
    variants = np.zeros(len(stems))
    order = np.argsort(diagonal, kind="stable")
    bounds = np.flatnonzero(np.diff(diagonal[order], prepend=-1, append=-1))
    for first, last in itertools.pairwise(bounds.tolist()):
        at = order[first:last]
        a, b = row[at], row[at] + n[at]
        overlap = np.minimum(b[:, None], b) - np.maximum(a[:, None], a)
        variants[at] = (np.clip(overlap, 0, None) @ probability[at]) / n[at]
    strongest = np.maximum(in_rows, in_columns)
    return {
        "rivals_row": in_rows - variants,
        "rivals_column": in_columns - variants,
        "strongest_rival": strongest - variants,
        "variants": variants - probability,
    }


def _loops_at_ends(
    stems: IntArray, loops: IntArray, score: FloatArray, length: int
) -> dict[str, FloatArray]:
    """Best hairpin and interior loop at the inner end, best interior loop at the outer end."""
    kind = loops[:, 0]
    interior, hairpin = kind == BoxKind.INTERIOR_LOOP, kind == BoxKind.HAIRPIN
    outer, inner = outer_pairs(loops), inner_pairs(loops)
    inside, outside = inner_pairs(stems), outer_pairs(stems)
    return {
        "log_hairpin": _best_at(outer[hairpin], score[hairpin], inside, length),
        "log_interior_inside": _best_at(outer[interior], score[interior], inside, length),
        "log_interior_outside": _best_at(inner[interior], score[interior], outside, length),
    }


def _faces(stems: IntArray, ends: LoopEnds, length: int) -> dict[str, FloatArray]:
    """What the ends face, where the loops heads were asked; otherwise as unlikely as can be."""
    maps = np.full((2, N_FACES, length, length), np.log(_LOW) / 5, dtype=np.float32)
    for side, pairs, logits in (
        (0, ends.inner, ends.inner_logits),
        (1, ends.outer, ends.outer_logits),
    ):
        faces = logits[:, :N_FACES]
        log = faces - np.logaddexp.reduce(faces, axis=1, keepdims=True)
        maps[side][:, pairs[:, 0], pairs[:, 1]] = np.maximum(log.T, np.log(_LOW)) / 5
    (i0, j0), (i1, j1) = outer_pairs(stems).T, inner_pairs(stems).T
    return {
        "log_face_multi_inside": maps[0, 2, i1, j1],
        "log_face_exterior_outside": maps[1, 0, i0, j0],
        "log_face_multi_outside": maps[1, 2, i0, j0],
    }
