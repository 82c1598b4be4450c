"""A recurrent network that reads the bases of each box, pair by pair from outside to inside."""

import torch
from torch import Tensor, nn

from boxfold.features.sequence import BASES

FLANK = 3
"""Bases read before and behind each strand."""

_N_LETTERS = len(BASES) + 2  # N, and what is no base
_NO_BASE = _N_LETTERS - 1


class SequenceEncoder(nn.Module):
    """GRU over both strands of each box at once, with `FLANK` bases at their ends.

    Step t sees base ``row - FLANK + t`` and the one that a stem pairs it with, and whether both
    belong to the box.

    Parameters
    ----------
    embed_dim : int
        D.
    hidden_dim : int
        Width of the GRU.
    """

    def __init__(self, embed_dim: int, hidden_dim: int = 32) -> None:
        super().__init__()
        self.embed = nn.Embedding(2 * _N_LETTERS**2, hidden_dim)
        self.gru = nn.GRU(hidden_dim, hidden_dim, batch_first=True)
        self.output = nn.Linear(hidden_dim, embed_dim)

    def forward(self, boxes: Tensor, bases: Tensor) -> Tensor:
        """Embedding of what the boxes are made of.

        Parameters
        ----------
        boxes : Tensor, dtype=int, shape (B, N, 5)
            -1 in padding.
        bases : Tensor, dtype=int, shape (B, L)
            -1 in padding.

        Returns
        -------
        Tensor, dtype=float32, shape (B, N, D)
        """
        B, N = boxes.shape[:2]
        codes, n_steps = strand_codes(boxes, bases)
        states, _ = self.gru(self.embed(codes.flatten(0, 1)))  # (B * N, T, hidden)
        last = states[torch.arange(B * N), n_steps.flatten() - 1]
        found: Tensor = self.output(last)
        return found.view(B, N, -1)


def strand_codes(boxes: Tensor, bases: Tensor) -> tuple[Tensor, Tensor]:
    """What `SequenceEncoder` sees at each step.

    Parameters
    ----------
    boxes : Tensor, dtype=int, shape (B, N, 5)
    bases : Tensor, dtype=int, shape (B, L)

    Returns
    -------
    codes : Tensor, dtype=int64, shape (B, N, T)
        ``(is_box * 6 + letter) * 6 + opposite letter``; letters are ACGUN and none.
    n_steps : Tensor, dtype=int64, shape (B, N)
        Steps of the longer strand with its flanks; what follows means nothing.
    """
    _, row, col, n_rows, n_cols = (part[..., None] for part in boxes.long().unbind(-1))
    n_rows, n_cols = n_rows.clamp(min=0), n_cols.clamp(min=0)
    n_steps = torch.maximum(n_rows, n_cols) + 2 * FLANK  # (B, N, 1)
    step = torch.arange(int(n_steps.max()))
    one = _letters(bases, row - FLANK + step, step < n_rows + 2 * FLANK)
    two = _letters(bases, col + n_cols - 1 + FLANK - step, step < n_cols + 2 * FLANK)
    is_box = (step >= FLANK) & (step < n_steps - FLANK)
    return (is_box * _N_LETTERS + one) * _N_LETTERS + two, n_steps[..., 0]


def _letters(bases: Tensor, position: Tensor, is_read: Tensor) -> Tensor:
    """Letters at some positions (B, N, T), none outside of the sequence and where not read."""
    B, L = bases.shape
    letters = bases.long()[torch.arange(B)[:, None, None], position.clamp(0, L - 1)]
    is_base = (position >= 0) & (position < L) & (letters >= 0) & is_read
    return letters.masked_fill(~is_base, _NO_BASE)
