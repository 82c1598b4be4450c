"""What the assembling network knows of each two tokens: their relation and the loop between."""

import torch
from torch import Tensor, nn

from boxfold.agents.pair_codes import CODE_FEATURES, pair_codes


class PairFeatures(nn.Module):
    """Numbers per pair of tokens, from how two boxes lie to each other and what their loop costs.

    Parameters
    ----------
    relation_dim : int
        Hidden width of the function of the relation.
    pair_dim : int
        P, numbers per pair.
    loop_energies : bool
        Whether energies are seen, or relations only.
    n_more : int
        Further numbers per pair, seen with the energies.
    """

    def __init__(
        self, relation_dim: int, pair_dim: int, loop_energies: bool, n_more: int = 0
    ) -> None:
        super().__init__()
        self.relation = nn.Sequential(
            nn.Linear(CODE_FEATURES.shape[1], relation_dim),
            nn.ReLU(),
            nn.Linear(relation_dim, pair_dim),
        )
        # Closed by the first box, closed by the second.
        self.energy = nn.Linear(2 + 2 * n_more, pair_dim, bias=False) if loop_energies else None
        self.register_buffer("code_features", torch.from_numpy(CODE_FEATURES), persistent=False)

    def forward(self, boxes: Tensor, loop_energy: Tensor, more: Tensor | None = None) -> Tensor:
        """Pair features.

        Parameters
        ----------
        boxes : Tensor, dtype=int, shape (B, N, 5)
            -1 in padding lines.
        loop_energy : Tensor, dtype=float32, shape (B, N, N)
        more : Tensor, optional, dtype=float32, shape (B, N, N, n_more)
            Further numbers of a pair whose first closes the second.

        Returns
        -------
        Tensor, dtype=float32, shape (B, N + 1, N + 1, P)
            The last token is STOP.
        """
        codes = pair_codes(boxes)
        table = self.relation(self.code_features)  # (N_CODES, P)
        pairs = table.index_select(0, codes.flatten()).view(*codes.shape, -1)
        if self.energy is not None:
            numbers = loop_energy[..., None]
            numbers = numbers if more is None else torch.cat([numbers, more], dim=-1)
            energy = torch.cat([numbers, numbers.transpose(1, 2)], dim=-1)
            pairs = pairs + self.energy(nn.functional.pad(energy, (0, 0, 0, 1, 0, 1)))
        return torch.relu(pairs)
