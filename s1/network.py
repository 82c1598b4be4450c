"""The S1 network: one class for training and inference, with three sets of heads.

A trunk gives every pixel of the L x L grid a feature vector; the heads are small perceptrons on
the pixels that are asked for, which is what makes them cheap. *ends*: paired, outer end, inner end
of a stem, for canonical pixels. *loops*: what an end of a stem faces, laid out by
`boxfold.s1.loop_ends`. *boxes*: the customer's on, location and size outputs, laid out by
`boxfold.s1.box_targets`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from boxfold.s1.box_targets import N_BOX_CHANNELS
from boxfold.s1.ends import N_ENDS
from boxfold.s1.loop_ends import N_LOOP_CHANNELS
from boxfold.s1.network_config import NetworkConfig
from boxfold.s1.rescorer import Rescorer, perceptron
from boxfold.s1.run7 import Run7Trunk


def pair_mask(valid: Tensor) -> Tensor:
    """Pixels inside the sequence: (B, L) bool -> (B, 1, L, L) float."""
    return (valid[:, None, :, None] & valid[:, None, None, :]).float()


class PixelNorm(nn.Module):
    """Layer norm over the channels of each pixel: no statistic of a batch, a length or a tile."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        rows = x.permute(0, 2, 3, 1)  # (B, H, W, C), contiguous in channels-last memory
        rows = functional.layer_norm(rows, self.weight.shape, self.weight, self.bias)
        return rows.permute(0, 3, 1, 2)


class Competition(nn.Module):
    """Tells each pixel how strong the strongest rivals for its two bases are.

    Pairs that share a base exclude each other, wherever they lie in their row or column, so no
    stack of convolutions sees them all. Per base and channel the maximum over its row and column
    is taken, mixed along the sequence, and given back to the whole row and column.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(2 * channels, hidden, 3, padding=1)
        self.second = nn.Conv1d(hidden, 2 * channels, 1)
        nn.init.zeros_(self.second.weight)

    def forward(self, strongest: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 2 C, H) -> what rows (B, C, H) and columns (B, C, H) get added."""
        hidden = functional.relu(self.first(strongest))
        as_row, as_column = self.second(hidden).chunk(2, dim=1)
        return as_row, as_column


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions and a competition around a skip connection; padding stays zero."""

    def __init__(self, channels: int, dilation: int, competition: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = PixelNorm(channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.competition = Competition(channels, competition) if competition else None
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, H, H), (B, 1, H, H) -> (B, C, H, H)."""
        h = functional.relu(self.first(self.norm(x) * mask), inplace=True) * mask
        return self._competed(x + self.second(h), h)

    def forward_tiled(self, x: Tensor, mask: Tensor, rows: int) -> Tensor:
        """`forward` by strips of `rows` rows from the diagonal on, without gradients."""
        h = torch.zeros_like(x)
        for first in range(0, x.shape[2], rows):
            strip = self.norm(self._strip(x, first, rows)) * self._strip(mask, first, rows)
            strip = functional.relu(self._convolved(self.first, strip, first, rows, x.shape[2]))
            h[:, :, first : first + rows, first:] = strip
        h *= mask
        for first in range(0, x.shape[2], rows):
            strip = self._strip(h, first, rows)
            strip = self._convolved(self.second, strip, first, rows, x.shape[2])
            x[:, :, first : first + rows, first:] += strip
        return self._competed(x, h)

    def _strip(self, x: Tensor, first: int, rows: int) -> Tensor:
        """Rows and columns that the convolved strip depends on."""
        start = max(first - self.dilation, 0)
        return x[:, :, start : first + rows + self.dilation, start:]

    def _convolved(self, conv: nn.Conv2d, strip: Tensor, first: int, rows: int, n: int) -> Tensor:
        d = self.dilation
        before = max(d - first, 0)
        strip = functional.pad(strip, (before, d, before, max(first + rows + d - n, 0)))
        strip = functional.conv2d(strip, conv.weight, conv.bias, dilation=d)
        return strip[:, :, : n - first]  # the last strip may be shorter

    def _competed(self, x: Tensor, h: Tensor) -> Tensor:
        if self.competition is None:
            return x
        size = h.shape[-1]  # pooling is several times faster than amax on channels-last memory
        in_row = functional.max_pool2d(h, (1, size))[..., 0]  # (B, C, H)
        in_column = functional.max_pool2d(h, (size, 1))[:, :, 0]
        as_row, as_column = self.competition(torch.cat([in_row, in_column], dim=1))
        return x + as_row[:, :, :, None] + as_column[:, :, None, :]


class HalfResolutionTrunk(nn.Module):
    """Residual trunk on 2 x 2 blocks of pixels of the upper triangle."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4 * config.n_inputs, config.channels, 3, padding=1)
        cycle = config.dilations
        self.blocks = nn.ModuleList(
            ResidualBlock(config.channels, cycle[i % len(cycle)], config.competition)
            for i in range(config.n_blocks)
        )
        self.norm = PixelNorm(config.channels)
        self.unfold = nn.Conv2d(config.channels, 4 * config.pixel_channels, 1)
        self.n_out = config.pixel_channels + config.n_inputs

    def encode(self, grid: Tensor, valid: Tensor, tile_rows: int | None = None) -> Tensor:
        """(B, n_inputs, L, L), (B, L) -> (B, channels, H, H) with ``H = ceil(L / 2)``."""
        halves, mask = half_resolution(grid, valid)
        h = functional.relu(self.stem(halves))
        del halves
        for block in self.blocks:
            assert isinstance(block, ResidualBlock)
            if tile_rows is None:
                h = block(h, mask)
            else:
                h = block.forward_tiled(h, mask, tile_rows // 2)
        return h

    def features(self, state: Tensor, grid: Tensor, first: int, rows: int) -> Tensor:
        """Rows from the even `first` on, at full resolution: (B, n_out, rows or fewer, L)."""
        length = grid.shape[-1]
        strip = state[:, :, first // 2 : (first + rows + 1) // 2]
        h = functional.pixel_shuffle(self.unfold(functional.relu(self.norm(strip))), 2)
        grid = grid[:, :, first : first + rows]
        return torch.cat([h[:, :, : grid.shape[2], :length], grid], dim=1)

    def features_at(self, state: Tensor, grid: Tensor, pairs: Tensor) -> Tensor:
        """Single pixels of one sequence: (N, n_out), see `features`."""
        if not len(pairs):  # a convolution refuses to have no pixel
            return grid.new_zeros((0, self.n_out))
        i, j = pairs.T
        blocks = state[:, :, i // 2, j // 2][:, :, None]  # (1, C, 1, N)
        whole = self.unfold(functional.relu(self.norm(blocks)))[0, :, 0].T.unflatten(1, (-1, 4))
        h = whole[torch.arange(len(pairs)), :, (i % 2) * 2 + j % 2]
        return torch.cat([h, grid[0, :, i, j].T], dim=1)


def half_resolution(grid: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """2 x 2 blocks of pixels as channels, and which of them count.

    Parameters
    ----------
    grid : Tensor, float32, shape (B, C, L, L)
    valid : Tensor, bool, shape (B, L)

    Returns
    -------
    halves : Tensor, float32, shape (B, 4 C, H, H)
        ``H = ceil(L / 2)``, channels-last.
    mask : Tensor, float32, shape (B, 1, H, H)
        Blocks of the upper triangle that hold a base.
    """
    odd = grid.shape[-1] % 2
    if odd:
        grid, valid = functional.pad(grid, (0, 1, 0, 1)), functional.pad(valid, (0, 1))
    inside = (valid[:, ::2] | valid[:, 1::2]).float()[:, None]  # (B, 1, H)
    mask = (inside[:, :, :, None] * inside[:, :, None, :]).triu()
    halves = functional.pixel_unshuffle(grid, 2).contiguous(memory_format=torch.channels_last)
    return halves, mask


class BoxNet(nn.Module):
    """S1: a trunk with the *ends*, *loops* and *boxes* heads, and the rescorer of their boxes.

    Parameters
    ----------
    config : NetworkConfig
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Run7Trunk() if config.name == "run7" else HalfResolutionTrunk(config)
        self.ends = perceptron(self.trunk.n_out, config.hidden, N_ENDS)
        self.loops = perceptron(self.trunk.n_out, config.hidden, N_LOOP_CHANNELS)
        self.boxes = (
            perceptron(self.trunk.n_out, 2 * config.hidden, N_BOX_CHANNELS)
            if config.boxes
            else None
        )
        self.rescorer = (
            Rescorer(config.rescoring, config.rescoring_layers, self.trunk.n_out)
            if config.rescoring
            else None
        )

    def forward(self, grid: Tensor, valid: Tensor) -> Tensor:
        """Feature vector of each pixel.

        Parameters
        ----------
        grid : Tensor, float32, shape (B, n_inputs, L, L)
            Of `boxfold.s1.batches.input_tensors`.
        valid : Tensor, bool, shape (B, L)
            False where a sequence is padded; padding changes no output of the others.

        Returns
        -------
        Tensor, float32, shape (B, L, L, n_out)
            For `ends`, `loops` and `boxes`, which map the last axis to logits.
        """
        return self.features(self.encode(grid, valid), grid, 0, grid.shape[-1])

    def encode(self, grid: Tensor, valid: Tensor, tile_rows: int | None = None) -> Tensor:
        """State that `features` reads; with `tile_rows` by strips, in less memory."""
        if not valid.all():
            grid = grid * pair_mask(valid)  # a base's channel runs on into the padding
        return self.trunk.encode(grid, valid, tile_rows)

    def features(self, state: Tensor, grid: Tensor, first: int, rows: int) -> Tensor:
        """Feature vectors of the pixels of some rows; shape (B, rows, L, n_out)."""
        return self.trunk.features(state, grid, first, rows).permute(0, 2, 3, 1)

    def features_at(self, state: Tensor, grid: Tensor, pairs: Tensor) -> Tensor:
        """Feature vectors of single pixels (i, j) of the one sequence of a batch; (N, n_out)."""
        return self.trunk.features_at(state, grid, pairs)
