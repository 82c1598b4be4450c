"""The assembling network: self-attention over box tokens, one logit per box and one for STOP.

Two stages share the work. `encode` sees the boxes and how they lie to each other, once per
sequence; `decode` adds what is picked and what may still be picked, once per step. Nothing depends
on the order of the boxes or on how many padding lines there are.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from boxfold.agents.pair_codes import CODE_FEATURES, PADDING, pair_codes
from boxfold.envs.batch import GLOBAL_NAMES
from boxfold.features.tokens import N_TOKEN_FEATURES

MASKED = -1e8
"""Logit of what may not be picked: finite, so that entropies and gradients are finite too."""


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of an `AssemblyNetwork`."""

    embed_dim: int = field(default=64, metadata={"help": "width of a token"})
    n_heads: int = field(default=4, metadata={"help": "attention heads"})
    n_encoder_layers: int = field(default=2, metadata={"help": "layers run once per sequence"})
    n_decoder_layers: int = field(default=1, metadata={"help": "layers run at each step"})
    feedforward_dim: int = field(default=128, metadata={"help": "width inside a layer"})
    relation_dim: int = field(default=32, metadata={"help": "width of the pair-relation network"})
    n_token_features: int = field(default=N_TOKEN_FEATURES, metadata={"help": "input per box"})
    n_globals: int = field(default=len(GLOBAL_NAMES), metadata={"help": "input per state"})

    def __post_init__(self) -> None:
        if self.embed_dim % self.n_heads:
            raise ValueError(
                f"a width of {self.embed_dim} can't be split over {self.n_heads} attention heads"
            )


class Encoded(NamedTuple):
    """Sequences after `AssemblyNetwork.encode`; rows can be repeated or chosen by `take`.

    Attributes
    ----------
    tokens : Tensor, shape (B, N + 1, D)
        The last token is STOP.
    codes : Tensor, dtype=int, shape (B, N + 1, N + 1)
        See `pair_codes`.
    """

    tokens: Tensor
    codes: Tensor

    def take(self, rows: Tensor) -> "Encoded":
        """The given rows, in that order, repeated where named twice."""
        return Encoded(self.tokens[rows], self.codes[rows])


def _relu(x: Tensor) -> Tensor:
    # Not torch's own function: with it, eval() takes a fused path that gives NaN for float masks.
    return torch.relu(x)


class _AttentionStack(nn.Module):
    """Pre-norm transformer layers; each adds its own bias per relation and head."""

    def __init__(self, config: NetworkConfig, n_layers: int) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                config.embed_dim,
                config.n_heads,
                config.feedforward_dim,
                dropout=0.0,
                activation=_relu,
                batch_first=True,
                norm_first=True,
            )
            for _ in range(n_layers)
        )
        self.relation = nn.Sequential(
            nn.Linear(CODE_FEATURES.shape[1], config.relation_dim),
            nn.ReLU(),
            nn.Linear(config.relation_dim, n_layers * config.n_heads),
        )
        self.register_buffer("code_features", torch.from_numpy(CODE_FEATURES), persistent=False)

    def forward(self, tokens: Tensor, codes: Tensor) -> Tensor:
        """Tokens (B, T, D) and codes (B, T, T) to tokens (B, T, D)."""
        bias = self.relation(self.code_features).t().contiguous()  # (layers * H, N_CODES)
        is_padding = torch.arange(bias.shape[1], device=bias.device) == PADDING
        bias = bias.masked_fill(is_padding, MASKED)
        for layer, table in zip(self.layers, bias.split(self.n_heads), strict=True):
            tokens = layer(tokens, src_mask=_looked_up(table, codes))
        return tokens


def _looked_up(table: Tensor, codes: Tensor) -> Tensor:
    """Values (H, N_CODES) at codes (B, T, T), as attention mask (B * H, T, T)."""
    flat = codes.reshape(-1)
    per_head = [row.index_select(0, flat).view(codes.shape) for row in table]
    return torch.stack(per_head, dim=1).flatten(0, 1)


class AssemblyNetwork(nn.Module):
    """Policy and value over the boxes of a sequence and STOP.

    Parameters
    ----------
    config : NetworkConfig
    """

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        D = config.embed_dim
        self.embed = nn.Linear(config.n_token_features, D)
        self.stop = nn.Parameter(torch.zeros(1, 1, D))
        self.encoder = _AttentionStack(config, config.n_encoder_layers)
        self.state = nn.Linear(2, D, bias=False)  # picked, allowed
        self.globals = nn.Linear(config.n_globals, D)
        self.decoder = _AttentionStack(config, config.n_decoder_layers)
        self.norm = nn.LayerNorm(D)
        self.box_score = nn.Linear(D, 1)
        self.stop_score = nn.Linear(D, 1)
        self.value = nn.Linear(D, 1)
        for head in (self.box_score, self.stop_score, self.value):
            nn.init.normal_(head.weight, std=0.01)  # the first policy is close to uniform
            nn.init.zeros_(head.bias)

    def encode(self, tokens: Tensor, boxes: Tensor, codes: Tensor | None = None) -> Encoded:
        """What doesn't change while boxes are picked.

        Parameters
        ----------
        tokens : Tensor, dtype=float32, shape (B, N, F)
        boxes : Tensor, dtype=int, shape (B, N, 5)
            -1 in padding lines.
        codes : Tensor, optional
            `pair_codes` of the boxes, if at hand.

        Returns
        -------
        Encoded
        """
        codes = pair_codes(boxes) if codes is None else codes
        present = boxes[..., 3:4] > 0
        x = self.embed(tokens.masked_fill(~present, 0.0))  # (B, N, D)
        x = torch.cat([x, self.stop.expand(len(x), 1, -1)], dim=1)  # (B, N + 1, D)
        return Encoded(self.encoder(x, codes), codes)

    def decode(
        self, encoded: Encoded, picked: Tensor, mask: Tensor, globals_: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits and value of states.

        Parameters
        ----------
        encoded : Encoded
        picked : Tensor, shape (B, N)
        mask : Tensor, shape (B, N + 1)
            What may be picked; STOP last.
        globals_ : Tensor, dtype=float32, shape (B, G)

        Returns
        -------
        logits : Tensor, dtype=float32, shape (B, N + 1)
            `MASKED` where the mask is 0.
        value : Tensor, dtype=float32, shape (B,)
        """
        x = self.decoded(encoded, picked, mask, globals_)
        boxes, stop = self.box_score(x[:, :-1]).squeeze(-1), self.stop_score(x[:, -1])
        logits = torch.cat([boxes, stop], dim=1)  # (B, N + 1)
        value = self.value(x[:, -1]).squeeze(-1)  # (B,)
        return logits.masked_fill(mask < 0.5, MASKED), value

    def decoded(self, encoded: Encoded, picked: Tensor, mask: Tensor, globals_: Tensor) -> Tensor:
        """Tokens before the heads, shape (B, N + 1, D); arguments as for `decode`."""
        state = self.state(torch.stack([picked.float(), mask[:, :-1].float()], dim=-1))
        update = torch.cat([state, self.globals(globals_)[:, None]], dim=1)  # (B, N + 1, D)
        return self.norm(self.decoder(encoded.tokens + update, encoded.codes))

    def forward(
        self, tokens: Tensor, boxes: Tensor, picked: Tensor, mask: Tensor, globals_: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Both stages at once; see `encode` and `decode`."""
        return self.decode(self.encode(tokens, boxes), picked, mask, globals_)
