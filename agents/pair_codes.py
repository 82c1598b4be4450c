"""How two boxes lie to each other, as one small integer per pair.

A code names the relation (same base shared, crossing, enclosing, enclosed, beside) and, where boxes
are nested or beside each other, the sizes of the gaps between them: what decides the energy of the
loop that they would close. `CODE_FEATURES` describes each code in numbers, so that a network
learns one smooth function over all of them and looks its values up.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_GAP_STARTS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 23, 31, 61])
"""Smallest gap of each bin, in nucleotides; an interior loop has at most 30 in common models."""

N_GAPS = len(_GAP_STARTS)

PADDING, SELF, TO_STOP, FROM_STOP, CROSSING = range(5)
_SHARED = 5  # four codes: same diagonal or not, overlap on both strands or on one
_BESIDE = 9  # one code per gap bin
_ENCLOSES = _BESIDE + N_GAPS  # one code per (left gap, right gap)
_ENCLOSED = _ENCLOSES + N_GAPS * N_GAPS
N_CODES = _ENCLOSED + N_GAPS * N_GAPS


def pair_codes(boxes: Tensor) -> Tensor:
    """Relation of each token to each other token; the last token is STOP.

    Parameters
    ----------
    boxes : Tensor, dtype=int, shape (B, N, 5)
        Stems ``(kind, row, col, n_rows, n_cols)``; padding lines are negative.

    Returns
    -------
    Tensor, dtype=int32, shape (B, N + 1, N + 1)
        Element [b, q, k]: code of token k as seen from token q, in ``[0, N_CODES)``. Every padding
        key has the code `PADDING`.

    Examples
    --------
    >>> boxes = torch.tensor([[[0, 0, 16, 4, 4], [0, 4, 9, 3, 3], [-1, -1, -1, -1, -1]]])
    >>> codes = pair_codes(boxes)[0]
    >>> bool(codes[0, 1] == _ENCLOSES + 0 * N_GAPS + 4), codes[3].tolist() == [3, 3, 0, 1]
    (True, True)
    """
    B, N = boxes.shape[:2]
    codes = torch.full((B, N + 1, N + 1), TO_STOP, dtype=torch.int32, device=boxes.device)
    codes[:, :N, :N] = _box_codes(boxes.to(torch.int32))
    codes[:, N, :N] = FROM_STOP
    codes[:, N, N] = SELF
    is_padding = torch.nn.functional.pad(boxes[:, :, 3] < 1, (0, 1))  # (B, N + 1)
    return codes.masked_fill_(is_padding[:, None], PADDING)


def _box_codes(boxes: Tensor) -> Tensor:
    _, i, col, n_rows, n_cols = boxes.unbind(-1)  # (B, N) each
    k, j = i + n_rows - 1, col + n_cols - 1  # strands [i, k] and [col, j]
    left = i[:, None, :] - k[:, :, None] - 1  # (B, N, N): 5' gap if q encloses k
    right = col[:, :, None] - j[:, None, :] - 1
    after = i[:, None, :] - j[:, :, None] - 1  # gap if q lies before k
    nested = _binned(left) * N_GAPS + _binned(right)
    beside = _binned(after) + _BESIDE
    encloses, before = (left >= 0) & (right >= 0), after >= 0  # products: where() is far slower
    code = encloses * (nested + _ENCLOSES) + before * beside
    code += (encloses * (nested + _ENCLOSED) + before * beside).transpose(1, 2)
    code += (code == 0) * _conflict_codes(i, k, col, j)
    N = boxes.shape[1]
    code[:, range(N), range(N)] = SELF
    return code


def _conflict_codes(i: Tensor, k: Tensor, col: Tensor, j: Tensor) -> Tensor:
    """Codes of boxes that are neither nested nor beside each other: they share a base or cross."""
    five, three = _overlap(i, k), _overlap(col, j)
    diagonal = i + j
    same = diagonal[:, :, None] == diagonal[:, None, :]
    shared = five | three | _touch(i, k, col, j)
    return CROSSING + shared * (_SHARED - CROSSING + 2 * same.int() + (five & three).int())


def _overlap(first: Tensor, last: Tensor) -> Tensor:
    return (first[:, :, None] <= last[:, None, :]) & (first[:, None, :] <= last[:, :, None])


def _touch(i: Tensor, k: Tensor, col: Tensor, j: Tensor) -> Tensor:
    """Whether the 5' strand of one box meets the 3' strand of the other."""
    mixed = (i[:, :, None] <= j[:, None, :]) & (col[:, None, :] <= k[:, :, None])
    return mixed | mixed.transpose(1, 2)


def _binned(gap: Tensor) -> Tensor:
    """Bin of each gap; of no meaning where the gap is negative."""
    bins = _BINS.to(gap.device)
    return bins.index_select(0, gap.clamp(0, len(bins) - 1).flatten()).view(gap.shape)


_BINS = torch.from_numpy(np.searchsorted(_GAP_STARTS, np.arange(100), side="right") - 1).int()


def _code_features() -> NDArray[np.float32]:
    """Numbers that describe each code; shape (N_CODES, number of features)."""
    one_hot = np.zeros((N_CODES, _BESIDE + 3))
    one_hot[range(_BESIDE), range(_BESIDE)] = 1
    one_hot[_BESIDE:_ENCLOSES, _BESIDE] = 1
    one_hot[_ENCLOSES:_ENCLOSED, _BESIDE + 1] = 1
    one_hot[_ENCLOSED:, _BESIDE + 2] = 1
    gaps = np.zeros((N_CODES, len(_gap_features(0, 0))))
    for bin_, size in enumerate(_GAP_STARTS):
        gaps[_BESIDE + bin_] = _gap_features(size, 0)
        for other, right in enumerate(_GAP_STARTS):
            features = _gap_features(size, right)
            gaps[_ENCLOSES + bin_ * N_GAPS + other] = features
            gaps[_ENCLOSED + bin_ * N_GAPS + other] = features
    return np.concatenate([one_hot, gaps], axis=1).astype(np.float32)


def _gap_features(left: int, right: int) -> list[float]:
    total, difference = left + right, abs(left - right)
    return [
        np.log1p(left) / 4,
        np.log1p(right) / 4,
        np.log1p(total) / 4,
        np.log1p(difference) / 4,
        min(total, 30) / 30,
        min(difference, 10) / 10,
        total == 0,  # stacked: the two make one stem
        total == 1,  # bulge of one: the stack goes on
        total > 1 and min(left, right) == 0,  # longer bulge
        left == right == 1,
        total == 2 or total == 3,
        total > 30,
    ]


CODE_FEATURES = _code_features()
"""What each code means, roughly in [0, 1]; dtype=float32, shape (N_CODES, n features)."""
