"""Method ``ends``: three maps per canonical pixel, and stem boxes decoded from them.

p = "(i, j) is paired", O = "and is the outer end of its stem", I = "and is the inner end". For the
box of k pairs from (i, j) inwards, with t counting along the anti-diagonal,

    F = log O_0 + sum_{t<k-1} log(1 - I_t / p_t) + log(I_{k-1} / p_{k-1})
    B = log I_{k-1} + sum_{t>=1} log(1 - O_t / p_t) + log(O_0 / p_0)

and the score is (F + B) / 2: with exact maps both are the log-probability of the box in the
Boltzmann ensemble, since inside and outside of a pair are independent given the pair in a
nearest-neighbour model.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs, stem_base_pairs
from boxfold.features.channels import canonical_mask, sum_inwards
from boxfold.features.structure import IntArray
from boxfold.s1.per_example import mean_per_example

FloatArray = NDArray[np.float32]

PAIRED, OUTER, INNER = range(3)

N_ENDS = 3

MIN_LOG_PROBABILITY = -12.0
_MIN_PROBABILITY = 1e-6
_RATIO_RANGE = (1e-4, 1 - 1e-4)


def end_targets(stem_boxes: IntArray, length: int) -> FloatArray:
    """The three maps of one structure.

    Parameters
    ----------
    stem_boxes : ndarray, dtype=int, shape (N, 5)
    length : int

    Returns
    -------
    ndarray, dtype=float32, shape (3, L, L)
        0 or 1; upper triangle.

    Examples
    --------
    >>> from boxfold.features.box import boxes_to_array, stem_box
    >>> maps = end_targets(boxes_to_array([stem_box(0, 9, 3)]), 10)
    >>> np.argwhere(maps[OUTER]).tolist(), np.argwhere(maps[INNER]).tolist(), maps[PAIRED].sum()
    ([[0, 9]], [[2, 7]], np.float32(3.0))
    """
    maps = np.zeros((3, length, length), dtype=np.float32)
    pixels = (stem_base_pairs(stem_boxes), outer_pairs(stem_boxes), inner_pairs(stem_boxes))
    for channel, pairs in zip((PAIRED, OUTER, INNER), pixels, strict=True):
        maps[channel, pairs[:, 0], pairs[:, 1]] = 1
    return maps


def end_loss(
    head: nn.Module, features: Tensor, targets: Tensor, canonical: Tensor
) -> dict[str, Tensor]:
    """Binary cross-entropy of each map on canonical pixels.

    Parameters
    ----------
    head : Module
        Features to 3 logits.
    features : Tensor, float32, shape (B, L, L, F)
    targets : Tensor, float32, shape (B, 3, L, L)
        May be soft.
    canonical : Tensor, bool, shape (B, L, L)

    Returns
    -------
    dict
        ``ends/paired``, ``ends/outer``, ``ends/inner``: mean over the canonical pixels of an
        example, then over examples.
    """
    b, i, j = canonical.nonzero(as_tuple=True)
    loss = functional.binary_cross_entropy_with_logits(
        head(features[b, i, j]), targets[b, :, i, j], reduction="none"
    )  # (P, 3)
    mean = mean_per_example(loss, b, len(features))
    return dict(zip(("ends/paired", "ends/outer", "ends/inner"), mean, strict=True))


def sub_runs(seq: str) -> IntArray:
    """Every contiguous run of canonical pairs, trimmed ones and single pairs included.

    Parameters
    ----------
    seq : str

    Returns
    -------
    ndarray, dtype=int64, shape (N, 5)
        Stem lines.

    Examples
    --------
    >>> len(sub_runs("GGGAAAACCC"))  # one run of 3 gives 6, the others 3 + 3 + 1 + 1
    14
    """
    mask = canonical_mask(seq)
    length_in = sum_inwards(mask.astype(np.float32), mask).astype(np.int64)
    i, j = np.nonzero(mask)
    counts = length_in[i, j]
    n_pairs = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    i, j = np.repeat(i, counts), np.repeat(j, counts)
    kind = np.full(len(i), BoxKind.STEM)
    return np.stack([kind, i, j - n_pairs + 1, n_pairs, n_pairs], axis=1)


def chain_scores(maps: FloatArray, boxes: IntArray, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log-probability (F + B) / 2 of each stem box, see the module text.

    Parameters
    ----------
    maps : ndarray, dtype=float32, shape (3, L, L)
        Probabilities p, O, I.
    boxes : ndarray, dtype=int, shape (N, 5)
    mask : ndarray, dtype=bool, shape (L, L)
        Canonical pixels.

    Returns
    -------
    ndarray, dtype=float64, shape (N,)
    """
    p, outer_end, inner_end = np.maximum(maps.astype(np.float64), _MIN_PROBABILITY)
    outer_ratio = np.clip(outer_end / p, *_RATIO_RANGE)
    inner_ratio = np.clip(inner_end / p, *_RATIO_RANGE)
    not_inner = sum_inwards(np.log1p(-inner_ratio), mask)
    not_outer = sum_inwards(np.log1p(-outer_ratio), mask)
    i0, j0 = outer_pairs(boxes).T
    i1, j1 = inner_pairs(boxes).T
    forward = (
        np.log(outer_end[i0, j0])
        + (not_inner[i0, j0] - not_inner[i1, j1])
        + np.log(inner_ratio[i1, j1])
    )
    # Pairs 1..k-1: from the outer pair's sum take its own term, then what lies past the inner pair.
    past_inner = not_outer[i1, j1] - np.log1p(-outer_ratio[i1, j1])
    after_outer = not_outer[i0, j0] - np.log1p(-outer_ratio[i0, j0])
    backward = np.log(inner_end[i1, j1]) + (after_outer - past_inner) + np.log(outer_ratio[i0, j0])
    return (forward + backward) / 2


def decode_ends(maps: FloatArray, seq: str, max_boxes: int) -> tuple[IntArray, FloatArray]:
    """The most probable stem boxes of a sequence.

    Parameters
    ----------
    maps : ndarray, dtype=float32, shape (3, L, L)
        Probabilities.
    seq : str
    max_boxes : int

    Returns
    -------
    boxes : ndarray, dtype=int64, shape (N, 5)
        Best first.
    score : ndarray, dtype=float32, shape (N,)
        Box probability in [0, 1].
    """
    boxes, log_probability = ranked_stems(maps, seq, max_boxes)
    return boxes, np.exp(np.minimum(log_probability, 0)).astype(np.float32)


def ranked_stems(
    maps: FloatArray, seq: str, max_boxes: int
) -> tuple[IntArray, NDArray[np.float64]]:
    """Boxes of `decode_ends` with their chain scores, logarithms that are not cut at 0."""
    boxes = sub_runs(seq)
    log_probability = chain_scores(maps, boxes, canonical_mask(seq))
    order = np.argsort(-log_probability, kind="stable")[:max_boxes]
    return boxes[order], log_probability[order]
