"""Grid channels of a sequence: bases of row and column, and what runs of canonical pairs look like.

Everything on the L x L grid is filled for the upper triangle only (``i < j``, hairpin >= 3). A run
is followed along the anti-diagonal ``(i, j), (i+1, j-1), ...``; the recurrences go row by row and
are vectorised over columns and over the batch.
"""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs, stem_base_pairs
from boxfold.features.sequence import encode_bases
from boxfold.features.structure import MIN_HAIRPIN, BoolArray, IntArray

PAIR_TYPES = ("CG", "GC", "GU", "UG", "AU", "UA")

STACK_ENERGY = np.array(
    [
        [-3.3, -2.4, -1.4, -2.1, -2.1, -2.1],
        [-3.4, -3.3, -1.5, -2.5, -2.4, -2.2],
        [-2.5, -2.1, -0.5, 1.3, -1.3, -1.4],
        [-1.5, -1.4, 0.3, -0.5, -1.0, -0.6],
        [-2.2, -2.1, -0.6, -1.4, -0.9, -1.1],
        [-2.4, -2.1, -1.0, -1.3, -1.3, -0.9],
    ]
)
"""Stacking energies in kcal/mol at 37 C, [outer pair, inner pair], both read 5' to 3' as
``seq[i] + seq[j]`` in the order of `PAIR_TYPES`. Turner 2004 (Mathews et al., PNAS 101:7287)."""

N_CHANNELS = 16

FloatArray = NDArray[np.float32]

_TYPE_OF_BASES = np.full((5, 5), -1, dtype=np.int8)
for _index, (_left, _right) in enumerate(map(tuple, PAIR_TYPES)):
    _TYPE_OF_BASES["ACGU".index(_left), "ACGU".index(_right)] = _index


def pair_types(codes: IntArray) -> IntArray:
    """Index into `PAIR_TYPES` of each pixel, -1 where no canonical pair is possible.

    Parameters
    ----------
    codes : ndarray, dtype=int8, shape (B, L)
        Bases as of `encode_bases`; 4 is N or padding.

    Returns
    -------
    ndarray, dtype=int8, shape (B, L, L)
    """
    types = _TYPE_OF_BASES[codes[:, :, None], codes[:, None, :]]
    length = codes.shape[1]
    far_enough = np.triu(np.ones((length, length), dtype=bool), MIN_HAIRPIN + 1)
    return np.where(far_enough, types, np.int8(-1))


def canonical_mask(seq: str) -> BoolArray:
    """Pixels (i, j) that can pair: canonical, ``j - i > 3``. Shape (L, L)."""
    return pair_types(encode_bases(seq)[None])[0] >= 0


def possible_stems(seq: str, boxes: IntArray) -> BoolArray:
    """Which stems can be in a structure: in range, all pairs canonical, hairpin >= 3.

    Parameters
    ----------
    seq : str
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems.

    Returns
    -------
    ndarray, dtype=bool, shape (N,)

    Examples
    --------
    >>> possible_stems("GGAAACA", np.array([[0, 0, 5, 2, 2], [0, 1, 5, 1, 1], [0, 1, 9, 1, 1]]))
    array([False,  True, False])
    """
    i, j = stem_base_pairs(boxes).T
    in_range = (i >= 0) & (j < len(seq)) & (j - i > MIN_HAIRPIN)
    codes = encode_bases(seq)
    types = _TYPE_OF_BASES[codes[np.where(in_range, i, 0)], codes[np.where(in_range, j, 0)]]
    possible = np.ones(len(boxes), dtype=bool)
    possible[np.repeat(np.arange(len(boxes)), boxes[:, 3])[~in_range | (types < 0)]] = False
    return possible


def sum_inwards(values: NDArray[np.floating], mask: BoolArray) -> NDArray[np.floating]:
    """Sum along the run from each pixel inwards, itself included; 0 outside the mask.

    Parameters
    ----------
    values : ndarray, dtype=float, shape (..., L, L)
    mask : ndarray, dtype=bool, shape (..., L, L)
        Pixels of runs; a run ends where the mask does.

    Returns
    -------
    ndarray, shape (..., L, L), dtype of `values`
    """
    total = np.where(mask, values, 0).astype(values.dtype)
    for i in range(total.shape[-2] - 2, -1, -1):
        total[..., i, 1:] += np.where(mask[..., i, 1:], total[..., i + 1, :-1], 0)
    return total


def sum_outwards(values: NDArray[np.floating], mask: BoolArray) -> NDArray[np.floating]:
    """Sum along the run from each pixel outwards, itself included; see `sum_inwards`."""
    total = np.where(mask, values, 0).astype(values.dtype)
    for i in range(1, total.shape[-2]):
        total[..., i, :-1] += np.where(mask[..., i, :-1], total[..., i - 1, 1:], 0)
    return total


def stack_energies(types: IntArray) -> FloatArray:
    """Energy of (i, j) stacked on (i+1, j-1) in kcal/mol, 0 where either can't pair.

    Parameters
    ----------
    types : ndarray, dtype=int8, shape (B, L, L)
        Of `pair_types`.

    Returns
    -------
    ndarray, dtype=float32, shape (B, L, L)
    """
    energy = np.zeros(types.shape, dtype=np.float32)
    outer, inner = types[:, :-1, 1:], types[:, 1:, :-1]
    energy[:, :-1, 1:] = np.where((outer >= 0) & (inner >= 0), STACK_ENERGY[outer, inner], 0)
    return energy


def grid_channels_batch(codes: IntArray, n_more: int = 0) -> FloatArray:
    """Input of S1 for a batch of sequences padded with 4.

    Channels 0-3 are the base of the row, 4-7 of the column (one-hot ACGU); 8 canonical pair,
    9 stacking energy on the next pair inwards, 10-11 run length outwards and inwards, 12-13
    stacking energy summed outwards and inwards, 14 run length, 15 run energy. Lengths are divided
    by 5 (run: 10), energies by 3 (sums: 10) kcal/mol.

    Parameters
    ----------
    codes : ndarray, dtype=int8, shape (B, L)
    n_more : int
        Channels behind these that are left for the caller to fill.

    Returns
    -------
    ndarray, dtype=float32, shape (B, 16 + n_more, L, L)
    """
    n_batch, length = codes.shape
    one_hot = np.eye(5, dtype=np.float32)[codes][..., :4].transpose(0, 2, 1)  # (B, 4, L)
    grid = np.empty((n_batch, N_CHANNELS + n_more, length, length), dtype=np.float32)
    grid[:, :4] = one_hot[:, :, :, None]
    grid[:, 4:8] = one_hot[:, :, None, :]
    types = pair_types(codes)
    mask = types >= 0
    ones = mask.astype(np.float32)
    stack = stack_energies(types)
    stack_behind = np.zeros_like(stack)  # on the next pair outwards
    stack_behind[:, 1:, :-1] = stack[:, :-1, 1:]
    length_out, length_in = sum_outwards(ones, mask), sum_inwards(ones, mask)
    energy_out, energy_in = sum_outwards(stack_behind, mask), sum_inwards(stack, mask)
    grid[:, 8] = ones
    grid[:, 9] = stack / 3
    grid[:, 10], grid[:, 11] = length_out / 5, length_in / 5
    grid[:, 12], grid[:, 13] = energy_out / 10, energy_in / 10
    grid[:, 14] = (length_out + length_in - ones) / 10
    grid[:, 15] = (energy_out + energy_in) / 10
    return grid


def grid_channels(seq: str) -> FloatArray:
    """Input of S1 for one sequence; shape (16, L, L). See `grid_channels_batch`."""
    return grid_channels_batch(encode_bases(seq)[None])[0]


def maximal_runs(seq: str, min_pairs: int = 1) -> IntArray:
    """All maximal runs of canonical pairs as stem lines, sorted by row, then column.

    Parameters
    ----------
    seq : str
    min_pairs : int
        Shorter runs are left out.

    Returns
    -------
    ndarray, dtype=int64, shape (N, 5)

    Examples
    --------
    >>> maximal_runs("GGGAAAACCC", min_pairs=3).tolist()
    [[0, 0, 7, 3, 3]]
    """
    mask = canonical_mask(seq)
    length_in = sum_inwards(mask.astype(np.float32), mask).astype(np.int64)
    starts = mask.copy()
    starts[1:, :-1] &= ~mask[:-1, 1:]
    i, j = np.nonzero(starts & (length_in >= min_pairs))
    n_pairs = length_in[i, j]
    kind = np.full(len(i), BoxKind.STEM)
    return np.stack([kind, i, j - n_pairs + 1, n_pairs, n_pairs], axis=1)


def stem_stack_energy(seq: str, boxes: IntArray) -> NDArray[np.float64]:
    """Stacking energy of each stem, without the loops at its ends.

    Parameters
    ----------
    seq : str
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems of canonical pairs.

    Returns
    -------
    ndarray, dtype=float64, shape (N,)
        kcal/mol; 0 for single pairs.

    Examples
    --------
    >>> stem_stack_energy("GGGAAAACCC", maximal_runs("GGGAAAACCC", 3)).round(1).tolist()
    [-6.6]
    """
    types = pair_types(encode_bases(seq)[None])
    to_end = sum_inwards(stack_energies(types).astype(np.float64), types >= 0)[0]
    outer, inner = outer_pairs(boxes), inner_pairs(boxes)
    return to_end[outer[:, 0], outer[:, 1]] - to_end[inner[:, 0], inner[:, 1]]
