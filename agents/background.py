"""Attention of boxes to the background: all bases of the sequence they lie in."""

import math

import torch
from torch import Tensor, nn

from boxfold.features.sequence import BASES

_UNHEARD = -1e8  # finite, so that a line without bases has finite gradients

_BIN_ENDS = torch.tensor([1, 2, 4, 8, 16])
N_PLACES = 6 * (len(_BIN_ENDS) + 1)
"""Codes of `places`: six regions, each in bins of distance."""


class BackgroundAttention(nn.Module):
    """Cross-attention from boxes to bases, added to the boxes.

    A base is its letter and its position; how it lies to a box decides too how much it is heard.

    Parameters
    ----------
    embed_dim, n_heads : int
        D and H.
    """

    def __init__(self, embed_dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.base = nn.Embedding(len(BASES) + 1, embed_dim)
        self.place = nn.Embedding(N_PLACES, n_heads)
        self.norm, self.base_norm = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.query = nn.Linear(embed_dim, embed_dim)
        self.key_value = nn.Linear(embed_dim, 2 * embed_dim)
        self.output = nn.Linear(embed_dim, embed_dim)

    def forward(self, x: Tensor, boxes: Tensor, bases: Tensor) -> Tensor:
        """Boxes that have heard the sequence.

        Parameters
        ----------
        x : Tensor, dtype=float32, shape (B, N, D)
        boxes : Tensor, dtype=int, shape (B, N, 5)
            -1 in padding.
        bases : Tensor, dtype=int, shape (B, L)
            -1 in padding, which is not heard.

        Returns
        -------
        Tensor, dtype=float32, shape (B, N, D)
        """
        B, N, D = x.shape
        L, H = bases.shape[1], self.n_heads
        background = self.base(bases.long().clamp(min=0)) + waves(L, D).to(x)
        query = self.query(self.norm(x)).view(B, N, H, D // H).transpose(1, 2)
        pair = self.key_value(self.base_norm(background)).view(B, L, 2, H, D // H)
        key, value = pair.permute(2, 0, 3, 1, 4)  # (B, H, L, D / H) each
        weights = query @ key.transpose(2, 3) * (D // H) ** -0.5
        weights = weights + self.place(places(boxes, L)).permute(0, 3, 1, 2)
        weights = weights.masked_fill((bases < 0)[:, None, None], _UNHEARD)
        heard = (torch.softmax(weights, dim=3) @ value).transpose(1, 2).reshape(B, N, D)
        found: Tensor = x + self.output(heard)
        return found


def waves(length: int, width: int) -> Tensor:
    """Positions as sines and cosines of periods from 4 to 4,000 bases; shape (length, width)."""
    periods = 4 * 1000 ** torch.linspace(0, 1, width // 2)
    angles = 2 * math.pi * torch.arange(length)[:, None] / periods
    both = torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
    return nn.functional.pad(both, (0, width - both.shape[1]))


def places(boxes: Tensor, length: int) -> Tensor:
    """How each base lies to each box.

    Parameters
    ----------
    boxes : Tensor, dtype=int, shape (B, N, 5)
    length : int
        L.

    Returns
    -------
    Tensor, dtype=int64, shape (B, N, L)
        ``region * 6 + bin``. Regions are before the box, its first strand, inside and nearer to the
        first or to the second strand, the second strand, and after; bins are of the distance to
        that strand's end (of a strand: to its outer end).
    """
    _, row, col, n_rows, n_cols = boxes.long().unbind(-1)
    inner, end = row + n_rows, col + n_cols
    bounds = torch.stack([row, inner, (inner + col + 1) // 2, col, end], dim=2)
    base = torch.arange(length)
    region = (base >= bounds[..., None]).sum(dim=2)  # (B, N, L)
    anchors = torch.stack([row, row, inner - 1, col, end - 1, end - 1], dim=2)
    distance = (base - anchors.gather(2, region)).abs()
    return region * (len(_BIN_ENDS) + 1) + torch.bucketize(distance, _BIN_ENDS)
