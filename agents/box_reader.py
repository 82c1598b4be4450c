"""Embedding of boxes with more than their tokens: their bases, their surroundings, both ways."""

import torch
from torch import Tensor, nn

from boxfold.agents.kmer_counts import KmerCounts
from boxfold.agents.sequence_encoder import SequenceEncoder
from boxfold.agents.strand_swap import can_swap, swapped_boxes, swapped_columns


class BoxReader(nn.Module):
    """Adds options to the embedding of tokens.

    Parameters
    ----------
    n_columns : int
        F, numbers per box: a token, and what else there is.
    embed_dim : int
        D.
    box_sequence : bool
        Whether a `SequenceEncoder` reads the bases of each box.
    kmers : int
        Length of the words that `KmerCounts` counts; 0: none.
    strand_swap : bool
        Whether both readings of a stem are embedded (and passed through a layer, since the mean of
        a linear map would be a map of the mean) and averaged. What is swapped stands in
        `strand_swap.COUNTERPARTS`; with it strands and surroundings change places.
    """

    swap: Tensor

    def __init__(
        self, n_columns: int, embed_dim: int, box_sequence: bool, kmers: int, strand_swap: bool
    ) -> None:
        super().__init__()
        self.sequence = SequenceEncoder(embed_dim) if box_sequence else None
        self.words = KmerCounts(kmers, embed_dim) if kmers else None
        self.mixed = (
            nn.Sequential(nn.ReLU(), nn.Linear(embed_dim, embed_dim)) if strand_swap else None
        )
        self.register_buffer("swap", swapped_columns(n_columns), persistent=False)

    def forward(
        self, embed: nn.Linear, numbers: Tensor, boxes: Tensor, bases: Tensor | None
    ) -> Tensor:
        """Embedding of each box by itself.

        Parameters
        ----------
        embed : Linear
            From F to D.
        numbers : Tensor, dtype=float32, shape (B, N, F)
        boxes : Tensor, dtype=int, shape (B, N, 5)
            -1 in padding.
        bases : Tensor, dtype=int, shape (B, L), or None
            -1 in padding; None if none of the options needs them.

        Returns
        -------
        Tensor, dtype=float32, shape (B, N, D)
        """
        read = self._read(embed, numbers, boxes, bases)
        if self.mixed is None:
            return read
        other = self._read(embed, numbers[..., self.swap], swapped_boxes(boxes), bases)
        one, two = self.mixed(read), self.mixed(other)
        return torch.where(can_swap(boxes)[..., None], (one + two) / 2, one)

    def _read(
        self, embed: nn.Linear, numbers: Tensor, boxes: Tensor, bases: Tensor | None
    ) -> Tensor:
        found: Tensor = embed(numbers)
        for part in (self.sequence, self.words):
            if part is not None:
                found = found + part(boxes, bases)
        return found
