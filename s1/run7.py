"""The trunk of the prior project's network, kept to be compared with."""

import itertools

from torch import Tensor, nn
from torch.nn import functional


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

    def encode(self, grid: Tensor, valid: Tensor, tile_rows: int | None = None) -> Tensor:
        """(B, 16, L, L), (B, L) -> (B, 50, L, L), never tiled."""
        margin = 4 * len(self.filters)
        h = functional.pad(grid[:, :8], (margin,) * 4)
        for layer in self.layers:
            h = layer(h)
        return functional.relu(self.shared(h))

    def features(self, state: Tensor, grid: Tensor, first: int, rows: int) -> Tensor:
        """Rows from `first` on."""
        return state[:, :, first : first + rows]

    def features_at(self, state: Tensor, grid: Tensor, pairs: Tensor) -> Tensor:
        """Single pixels of one sequence: (N, n_out)."""
        i, j = pairs.T
        return state[0, :, i, j].T
