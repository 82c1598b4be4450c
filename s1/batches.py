"""Batches of similar length under a budget of pixels, and their tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.features.box import BoxKind
from boxfold.features.channels import N_CHANNELS, grid_channels_batch, pair_types
from boxfold.features.loops import structure_boxes
from boxfold.features.sequence import encode_bases
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket
from boxfold.s1.ends import end_targets
from boxfold.s1.pair_prior import CHANNELS_PER_SET, PairPrior
from boxfold.s1.soft_ends import SoftEnds

PADDING = 4
"""Code of N: a padded position pairs with nothing and has no base."""

CHUNK = 4096
"""Examples that are sorted by length together."""


@dataclass(frozen=True, eq=False)
class Example:
    """One training sequence with the boxes of its structure.

    Soft targets and a prior are used if they are there; a prior that a network needs and that is
    not there is computed.
    """

    seq: str
    boxes: IntArray
    soft: SoftEnds | None = None
    prior: PairPrior | None = None

    @classmethod
    def from_dot_bracket(
        cls,
        seq: str,
        dot_bracket: str,
        soft: SoftEnds | None = None,
        prior: PairPrior | None = None,
    ) -> "Example":
        """Boxes are read off the structure."""
        return cls(seq, structure_boxes(base_pairs_from_dot_bracket(dot_bracket)), soft, prior)

    @property
    def stems(self) -> IntArray:
        """The stem lines among `boxes`."""
        return self.boxes[self.boxes[:, 0] == BoxKind.STEM]


def stack_codes(seqs: Sequence[str]) -> NDArray[np.int8]:
    """Base codes of sequences, padded to the longest; shape (B, L)."""
    codes = np.full((len(seqs), max(map(len, seqs))), PADDING, dtype=np.int8)
    for line, seq in zip(codes, seqs, strict=True):
        line[: len(seq)] = encode_bases(seq)
    return codes


def input_tensors(
    seqs: Sequence[str],
    parameters: Sequence[str] = (),
    priors: Sequence[PairPrior | None] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """What the network sees of a batch.

    Parameters
    ----------
    seqs : sequence of str
    parameters : sequence of str
        Sets of energy parameters whose pair probabilities are channels too, S of them.
    priors : sequence of PairPrior or None, optional
        Those that are known; the others are computed.

    Returns
    -------
    grid : Tensor, float32, shape (B, 16 + 2 S, L, L)
    valid : Tensor, bool, shape (B, L)
    canonical : Tensor, bool, shape (B, L, L)
    """
    codes = stack_codes(seqs)
    lengths = np.array([len(seq) for seq in seqs])
    valid = np.arange(codes.shape[1]) < lengths[:, None]
    # Priors come before the grid and are written into it: for a long sequence both are large.
    found = _priors(seqs, parameters, priors or [None] * len(seqs)) if parameters else []
    channels = grid_channels_batch(codes, CHANNELS_PER_SET * len(parameters))
    for of_one, prior in zip(channels, found, strict=False):
        of_one[N_CHANNELS:] = prior.to_channels(codes.shape[1])
    grid = torch.from_numpy(channels)
    return grid, torch.from_numpy(valid), torch.from_numpy(pair_types(codes) >= 0)


def _priors(
    seqs: Sequence[str], parameters: Sequence[str], known: Sequence[PairPrior | None]
) -> list[PairPrior]:
    missing = [seq for seq, prior in zip(seqs, known, strict=True) if prior is None]
    computed = iter(PairPrior.of_each(missing, parameters))
    return [prior or next(computed) for prior in known]


def example_tensors(
    examples: Sequence[Example], parameters: Sequence[str]
) -> tuple[Tensor, Tensor, Tensor]:
    """`input_tensors` of examples, with the priors that they have."""
    seqs, priors = [e.seq for e in examples], [e.prior for e in examples]
    return input_tensors(seqs, parameters, priors)


def stack_end_targets(examples: list[Example], length: int, soft: bool = False) -> Tensor:
    """Targets of the ends heads; (B, 3, L, L). Soft ones only of examples that have them."""
    maps = [
        e.soft.to_maps(length) if soft and e.soft is not None else end_targets(e.stems, length)
        for e in examples
    ]
    return torch.from_numpy(np.stack(maps))


def length_batches(
    lengths: IntArray, max_pixels: int, rng: np.random.Generator | None = None
) -> Iterator[IntArray]:
    """Indices of examples, batch by batch.

    Parameters
    ----------
    lengths : ndarray, dtype=int, shape (n,)
    max_pixels : int
        Most pixels (batch size x longest length squared) of a batch; a single longer sequence
        makes a batch of its own.
    rng : Generator, optional
        Shuffles examples and batches; without it the order is by length.

    Yields
    ------
    ndarray, dtype=int
    """
    order = np.arange(len(lengths)) if rng is None else rng.permutation(len(lengths))
    chunk_size = len(lengths) if rng is None else CHUNK
    for start in range(0, len(order), max(chunk_size, 1)):
        chunk = order[start : start + chunk_size]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches = list(_cut(chunk, lengths, max_pixels))
        for index in range(len(batches)) if rng is None else rng.permutation(len(batches)):
            yield batches[index]


def _cut(chunk: IntArray, lengths: IntArray, max_pixels: int) -> Iterator[IntArray]:
    """Cut a chunk sorted by length into batches within the budget."""
    start = 0
    while start < len(chunk):
        stop = start + 1
        while stop < len(chunk) and (stop + 1 - start) * lengths[chunk[stop]] ** 2 <= max_pixels:
            stop += 1
        yield chunk[start:stop]
        start = stop
