"""One forward pass and one training step of S1, and of plain convolutions in the trunk's place."""

import itertools
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn import functional

from boxfold.features.structure import dot_bracket
from boxfold.rewards.energy import mfe
from boxfold.s1.batches import Example, input_tensors
from boxfold.s1.network import BoxNet, HalfResolutionTrunk, NetworkConfig
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.training import S1Trainer
from boxfold.s1.training_config import TrainS1Config


class PlainTrunk(nn.Module):
    """3 x 3 convolutions on every pixel: as deep as our trunk, with as many weights."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        depth, n_inputs = 2 * config.n_blocks, config.n_inputs
        wanted = n_weights(HalfResolutionTrunk(config))
        # 9 (inputs + (depth - 1) channels) channels weights in 3 x 3 layers: solved for channels
        per_layer = 9 * n_inputs + config.pixel_channels
        square = 9 * (depth - 1)
        channels = round((math.sqrt(per_layer**2 + 4 * square * wanted) - per_layer) / (2 * square))
        sizes = [n_inputs, *[channels] * depth]
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in itertools.pairwise(sizes)
        )
        self.last = nn.Conv2d(channels, config.pixel_channels, 1)
        self.n_out = config.pixel_channels + n_inputs

    def encode(self, grid: Tensor, valid: Tensor, tile_rows: int | None = None) -> Tensor:
        """(B, n_inputs, L, L) -> (B, pixel channels, L, L), never tiled."""
        h = grid.contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            h = functional.relu(layer(h))
        return self.last(h)

    def features(self, state: Tensor, grid: Tensor, first: int, rows: int) -> Tensor:
        """Rows from `first` on, with their inputs as in our trunk."""
        strip = slice(first, first + rows)
        return torch.cat([state[:, :, strip], grid[:, :, strip]], dim=1)


@contextmanager
def plain_trunks() -> Iterator[None]:
    """Networks that are made inside have a `PlainTrunk`."""
    with patch("boxfold.s1.network.HalfResolutionTrunk", PlainTrunk):
        yield


def n_weights(network: nn.Module) -> int:
    """Number of weights."""
    return sum(weight.numel() for weight in network.parameters())


def folded(seqs: Sequence[str]) -> list[Example]:
    """Training examples: sequences with their structure of minimum free energy."""
    return [
        Example.from_dot_bracket(seq, dot_bracket(mfe(seq).base_pairs, len(seq))) for seq in seqs
    ]


def forward(network: BoxNet, seqs: Sequence[str]) -> None:
    """Input channels, trunk and heads of sequences of one length."""
    length = len(seqs[0])
    with torch.inference_mode():
        grid, valid, canonical = input_tensors(seqs)
        features = network.eval()(grid, valid)
        network.ends(features[canonical])
        network.loops(features[canonical])
        upper = torch.ones(length, length, dtype=torch.bool).triu(1)
        assert network.boxes is not None
        network.boxes(features[upper.expand(len(seqs), -1, -1)])


def training_step(name: str, examples: list[Example]) -> Callable[[], object]:
    """Losses, backward pass and optimiser of a new network, as a function to be called."""
    config = TrainS1Config(network=NetworkConfig(name=name))
    trainer = S1Trainer(config, examples, examples[:1], RunFolder(tempfile.mkdtemp()))
    trainer.network.train()
    return lambda: trainer._step(examples)
