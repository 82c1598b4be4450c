"""The S1 network: one class for training and inference, with two sets of heads.

*ends*: paired, outer end, inner end of a stem, meant for canonical pixels. *boxes*: the customer's
on, location and size outputs, laid out by `boxfold.s1.box_targets`.
"""

import itertools
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from boxfold.features.channels import N_CHANNELS
from boxfold.s1.box_targets import N_BOX_CHANNELS

N_END_CHANNELS = 3


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of an S1 network."""

    name: str = field(default="half", metadata={"help": "half (ours) or run7 (prior work)"})
    channels: int = field(default=64, metadata={"help": "channels of the trunk"})
    n_blocks: int = field(default=6, metadata={"help": "residual blocks"})
    dilations: tuple[int, ...] = field(default=(1, 2, 4), metadata={"help": "cycled over blocks"})
    pixel_channels: int = field(default=24, metadata={"help": "trunk outputs per full pixel"})
    hidden: int = field(default=48, metadata={"help": "hidden units of each head"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "dilations", tuple(self.dilations))
        if self.name not in ("half", "run7"):
            raise ValueError(f"network '{self.name}': known are half, run7")


def pair_mask(valid: Tensor) -> Tensor:
    """Pixels inside the sequence: (B, L) bool -> (B, 1, L, L) float."""
    return (valid[:, None, :, None] & valid[:, None, None, :]).float()


class _ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around a skip connection; padding stays zero."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.norm_first = nn.BatchNorm2d(channels)
        self.norm_second = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        h = functional.relu(self.norm_first(self.first(x)), inplace=True) * mask
        return functional.relu(x + self.norm_second(self.second(h)), inplace=True) * mask


class HalfResolutionTrunk(nn.Module):
    """Residual trunk on 2 x 2 blocks of pixels, brought back to full resolution at its end."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4 * N_CHANNELS, config.channels, 3, padding=1)
        cycle = config.dilations
        self.blocks = nn.ModuleList(
            _ResidualBlock(config.channels, cycle[i % len(cycle)]) for i in range(config.n_blocks)
        )
        self.unfold = nn.Conv2d(config.channels, 4 * config.pixel_channels, 1)
        self.n_out = config.pixel_channels + N_CHANNELS

    def forward(self, grid: Tensor, valid: Tensor) -> Tensor:
        """(B, 16, L, L), (B, L) -> (B, n_out, L, L)."""
        length = grid.shape[-1]
        odd = length % 2
        padded = functional.pad(grid, (0, odd, 0, odd))
        mask = pair_mask(functional.pad(valid, (0, odd)))
        mask = functional.max_pool2d(mask, 2)  # a half pixel counts as inside
        h = functional.relu(self.stem(functional.pixel_unshuffle(padded, 2))) * mask
        for block in self.blocks:
            h = block(h, mask)
        h = functional.pixel_shuffle(self.unfold(h), 2)[..., :length, :length]
        return torch.cat([h, grid], dim=1)


class Run7Trunk(nn.Module):
    """The prior network: seven 9 x 9 layers on the bases alone, padded at the first layer only."""

    filters = (32, 32, 64, 64, 64, 128, 128)

    def __init__(self) -> None:
        super().__init__()
        sizes = (8, *self.filters)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 9), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in itertools.pairwise(sizes)
        )
        self.shared = nn.Conv2d(self.filters[-1], 50, 1)
        self.n_out = 50

    def forward(self, grid: Tensor, valid: Tensor) -> Tensor:
        """(B, 16, L, L), (B, L) -> (B, 50, L, L)."""
        margin = 4 * len(self.filters)
        h = functional.pad(grid[:, :8], (margin,) * 4)
        for layer in self.layers:
            h = layer(h)
        return functional.relu(self.shared(h))


class BoxNet(nn.Module):
    """S1: a trunk with the *ends* and the *boxes* heads.

    Parameters
    ----------
    config : NetworkConfig
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Run7Trunk() if config.name == "run7" else HalfResolutionTrunk(config)
        self.ends = _head(self.trunk.n_out, config.hidden, N_END_CHANNELS)
        self.boxes = _head(self.trunk.n_out, 2 * config.hidden, N_BOX_CHANNELS)

    def forward(self, grid: Tensor, valid: Tensor, boxes: bool = True) -> dict[str, Tensor]:
        """Logits of both heads.

        Parameters
        ----------
        grid : Tensor, float32, shape (B, 16, L, L)
            Of `grid_channels_batch`.
        valid : Tensor, bool, shape (B, L)
            False where a sequence is padded; padding changes no output of the others.
        boxes : bool
            False leaves the boxes head out.

        Returns
        -------
        dict
            ``ends`` (B, 3, L, L) and ``boxes`` (B, 123, L, L).
        """
        grid = grid * pair_mask(valid)  # a base's channel runs on into the padding
        features = self.trunk(grid, valid)
        outputs = {"ends": self.ends(features)}
        if boxes:
            outputs["boxes"] = self.boxes(features)
        return outputs


def _head(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_in, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, n_out, 1))
