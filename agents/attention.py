"""Self-attention that sees how each two tokens lie to each other.

A layer hears two things from the tokens it attends to: what they say, and what the *pair* is: how
far apart, and what the loop between them costs. The sum that the energy of a loop is, its own cost
and what lies inside, is then in reach of one layer.
"""

import torch
from torch import Tensor, nn


class PairAttentionLayer(nn.Module):
    """Pre-norm transformer layer over B sets of T tokens.

    Parameters
    ----------
    embed_dim, n_heads, feedforward_dim : int
        D, H and the width of the hidden layer.
    pair_dim : int
        P, numbers per pair of tokens.
    hears_pairs : bool
        Whether the pairs are values too, not only weights of attention.
    """

    def __init__(
        self, embed_dim: int, n_heads: int, feedforward_dim: int, pair_dim: int, hears_pairs: bool
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.attention_norm = nn.LayerNorm(embed_dim)
        self.query_key_value = nn.Linear(embed_dim, 3 * embed_dim)
        self.bias = nn.Linear(pair_dim, n_heads, bias=False)
        self.pair_value = nn.Linear(n_heads * pair_dim, embed_dim) if hears_pairs else None
        self.output = nn.Linear(embed_dim, embed_dim)
        self.feedforward_norm = nn.LayerNorm(embed_dim)
        self.feedforward = nn.Sequential(
            nn.Linear(embed_dim, feedforward_dim),
            nn.ReLU(),
            nn.Linear(feedforward_dim, embed_dim),
        )

    def biases(self, pairs: Tensor) -> Tensor:
        """What pairs (B, T, T, P) add to the weights of attention, shape (B, T, T, H)."""
        found: Tensor = self.bias(pairs)
        return found

    def forward(self, tokens: Tensor, biases: Tensor, pairs: Tensor | None = None) -> Tensor:
        """One layer.

        Parameters
        ----------
        tokens : Tensor, dtype=float32, shape (B, T, D)
        biases : Tensor, dtype=float32, shape (B, H, T, T)
            What pairs of tokens add to the weights, see `biases`; very negative where a token must
            not be heard.
        pairs : Tensor, optional, dtype=float32, shape (B, T, T, P)
            Needed if the layer hears them.

        Returns
        -------
        Tensor, dtype=float32, shape (B, T, D)
        """
        B, T, D = tokens.shape
        query, key, value = self._parts(tokens)
        weights = self._weights(query, key, biases)
        heard = self.output((weights @ value).transpose(1, 2).reshape(B, T, D))
        if self.pair_value is not None:
            assert pairs is not None
            of_pairs = weights.transpose(1, 2) @ pairs  # (B, T, H, P)
            heard = heard + self.pair_value(of_pairs.flatten(2))
        tokens = tokens + heard
        return tokens + self.feedforward(self.feedforward_norm(tokens))

    def weights(self, tokens: Tensor, biases: Tensor) -> Tensor:
        """Weights of attention, shape (B, H, T, T); arguments as for `forward`."""
        query, key, _ = self._parts(tokens)
        return self._weights(query, key, biases)

    def _parts(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, shape (B, H, T, D / H) each."""
        B, T, D = tokens.shape
        parts = self.query_key_value(self.attention_norm(tokens))
        parts = parts.view(B, T, 3, self.n_heads, D // self.n_heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return query, key, value

    def _weights(self, query: Tensor, key: Tensor, biases: Tensor) -> Tensor:
        scale = query.shape[-1] ** -0.5
        return torch.softmax(query @ key.transpose(2, 3) * scale + biases, dim=3)
