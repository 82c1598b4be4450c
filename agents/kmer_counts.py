"""Counts of words (k-mers) in the surroundings of boxes."""

import torch
from torch import Tensor, nn

from boxfold.features.sequence import BASES

FLANK = 10
"""Bases on each side of each strand that count as surroundings."""

N_PLACES = 4


class KmerCounts(nn.Module):
    """How often each word stands before, after and, at both ends, inside of each box; projected.

    Parameters
    ----------
    k : int
        Length of a word.
    embed_dim : int
        D.
    """

    def __init__(self, k: int, embed_dim: int) -> None:
        super().__init__()
        self.k = k
        self.project = nn.Linear(N_PLACES * len(BASES) ** k, embed_dim, bias=False)

    def forward(self, boxes: Tensor, bases: Tensor) -> Tensor:
        """Embedding of the surroundings.

        Parameters
        ----------
        boxes : Tensor, dtype=int, shape (B, N, 5)
        bases : Tensor, dtype=int, shape (B, L)
            -1 in padding.

        Returns
        -------
        Tensor, dtype=float32, shape (B, N, D)
        """
        found: Tensor = self.project(word_counts(bases, surroundings(boxes), self.k).flatten(2))
        return found


def surroundings(boxes: Tensor) -> Tensor:
    """Stretches of `FLANK` bases at the ends of both strands; they may leave the sequence.

    Returns
    -------
    Tensor, dtype=int, shape (B, N, N_PLACES, 2)
        First base and the one behind the last: before the outer pair, inside the inner pair on its
        5' and on its 3' side, after the outer pair.
    """
    _, row, col, n_rows, n_cols = boxes.unbind(-1)
    starts = torch.stack([row - FLANK, row + n_rows, col - FLANK, col + n_cols], dim=2)
    return torch.stack([starts, starts + FLANK], dim=3)


def word_codes(bases: Tensor, k: int) -> Tensor:
    """Code of the word that starts at each base, as `features.kmers.kmer_codes` has it.

    Parameters
    ----------
    bases : Tensor, dtype=int, shape (B, L)
    k : int

    Returns
    -------
    Tensor, dtype=int64, shape (B, L)
        -1 where a word holds an unknown base or leaves the sequence.

    Examples
    --------
    >>> word_codes(torch.tensor([[0, 1, 2, 4, 3]]), 2).tolist()
    [[1, 6, -1, -1, -1]]
    """
    letters = nn.functional.pad(bases.long(), (0, k - 1), value=-1).unfold(1, k, 1)  # (B, L, k)
    codes = (letters * len(BASES) ** torch.arange(k - 1, -1, -1)).sum(dim=2)
    is_known = (letters >= 0) & (letters < len(BASES))
    return codes.masked_fill(~is_known.all(dim=2), -1)


def word_counts(bases: Tensor, stretches: Tensor, k: int) -> Tensor:
    """How often each word lies in each stretch.

    Parameters
    ----------
    bases : Tensor, dtype=int, shape (B, L)
    stretches : Tensor, dtype=int, shape (B, N, P, 2)
        First base and the one behind the last.
    k : int

    Returns
    -------
    Tensor, dtype=float32, shape (B, N, P, 4 ** k)
    """
    codes = word_codes(bases, k)
    B, L = codes.shape
    is_word = nn.functional.one_hot(codes + 1, len(BASES) ** k + 1)[..., 1:].float()
    before = nn.functional.pad(is_word.cumsum(dim=1), (0, 0, 1, 0))  # (B, L + 1, 4 ** k)
    first, end = stretches.unbind(-1)
    first = first.clamp(0, L)
    end = torch.maximum((end - k + 1).clamp(0, L), first)  # starts of words that lie inside
    rows = torch.arange(B)[:, None, None]
    return before[rows, end.long()] - before[rows, first.long()]
