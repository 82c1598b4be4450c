"""The assembling network: self-attention over box tokens, one logit per box and one for STOP.

Two stages share the work. `encode` sees the boxes and how they lie to each other, once per
sequence; `decode` adds what is picked and what may still be picked, once per step. Nothing depends
on the order of the boxes or on how many padding lines there are.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from boxfold.agents.attention import PairAttentionLayer
from boxfold.agents.background import BackgroundAttention
from boxfold.agents.box_reader import BoxReader
from boxfold.agents.chain_energy import (
    N_BOX_NUMBERS,
    N_PAIR_NUMBERS,
    chain_numbers,
)
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.pair_features import PairFeatures
from boxfold.features.box_reactivity import REACTIVITY_NAMES

MASKED = -1e8
"""Logit of what may not be picked: finite, so that entropies and gradients are finite too."""


class Encoded(NamedTuple):
    """Sequences after `AssemblyNetwork.encode`; rows can be repeated or chosen by `take`.

    Attributes
    ----------
    tokens : Tensor, dtype=float32, shape (B, N + 1, D)
        The last token is STOP.
    biases : Tensor, dtype=float32, shape (B, N + 1, N + 1, L * H)
        What pairs of tokens add to the attention of the L decoder layers.
    rows : Tensor, dtype=int64, shape (S,)
        Which of the B sequences each of S states is of; nothing is copied before it is needed.
    """

    tokens: Tensor
    biases: Tensor
    rows: Tensor

    def take(self, rows: Tensor) -> "Encoded":
        """The given states, in that order, repeated where named twice."""
        return self._replace(rows=self.rows[rows])


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
        more = (N_BOX_NUMBERS, N_PAIR_NUMBERS) if config.n_chain_rounds else (0, 0)
        self.embed = nn.Linear(config.n_token_features + more[0], D)
        self.stop = nn.Parameter(torch.zeros(1, 1, D))
        self.pairs = PairFeatures(
            config.relation_dim, config.pair_dim, config.loop_energies, more[1]
        )
        shape = (D, config.n_heads, config.feedforward_dim, config.pair_dim)
        self.encoder = nn.ModuleList(
            PairAttentionLayer(*shape, hears_pairs=True) for _ in range(config.n_encoder_layers)
        )
        self.state = nn.Linear(2, D, bias=False)  # picked, allowed
        self.globals = nn.Linear(config.n_globals, D)
        self.decoder = nn.ModuleList(
            PairAttentionLayer(*shape, hears_pairs=False) for _ in range(config.n_decoder_layers)
        )
        self.norm = nn.LayerNorm(D)
        self.box_score = nn.Linear(D, 1)
        self.stop_score = nn.Linear(D, 1)
        self.value = nn.Linear(D, 1)
        for head in (self.box_score, self.stop_score, self.value):
            nn.init.normal_(head.weight, std=0.01)  # the first policy is close to uniform
            nn.init.zeros_(head.bias)
        # Last, so that all else begins with the same weights whatever is added.
        parts = config.box_sequence, config.kmers, config.strand_swap
        width = self.embed.in_features
        self.reader = BoxReader(width, D, *parts) if any(parts) else None
        self.background = BackgroundAttention(D, config.n_heads) if config.background else None
        self.reactivity: nn.Linear | None = None
        if config.reactivity:  # at first it adds nothing, so any agent can go on with it
            self.reactivity = nn.Linear(len(REACTIVITY_NAMES), D, bias=False)
            nn.init.zeros_(self.reactivity.weight)

    def encode(
        self,
        tokens: Tensor,
        boxes: Tensor,
        loop_energy: Tensor,
        bases: Tensor | None = None,
        reactivity: Tensor | None = None,
    ) -> Encoded:
        """What doesn't change while boxes are picked.

        Parameters
        ----------
        tokens : Tensor, dtype=float32, shape (B, N, F)
        boxes : Tensor, dtype=int, shape (B, N, 5)
            -1 in padding lines.
        loop_energy : Tensor, dtype=float32, shape (B, N, N)
            See `envs.slots.Slots`.
        bases : Tensor, optional, dtype=int, shape (B, L)
            Codes of the bases, -1 in padding; needed if the config says so.
        reactivity : Tensor, optional, dtype=float32, shape (B, N, R)
            See `features.box_reactivity`; needed if the config says so.

        Returns
        -------
        Encoded

        Raises
        ------
        ValueError
            If bases or reactivities are needed and missing.
        """
        present = boxes[..., 3:4] > 0
        tokens, of_pairs = tokens.masked_fill(~present, 0.0), None
        if rounds := self.config.n_chain_rounds:
            of_boxes, of_pairs = chain_numbers(
                tokens, boxes, loop_energy, rounds, self.config.chains_beside
            )
            tokens = torch.cat([tokens, of_boxes], dim=2)
        x = self._embedded(tokens, boxes, bases)  # (B, N, D)
        if self.reactivity is not None:
            if reactivity is None:
                raise ValueError("this network sees reactivities: AssemblyConfig.reactivity")
            x = x + self.reactivity(reactivity)
        x = torch.cat([x, self.stop.expand(len(x), 1, -1)], dim=1)  # (B, N + 1, D)
        pairs = self.pairs(boxes, loop_energy, of_pairs)
        hidden = _hidden(torch.nn.functional.pad(present[..., 0], (0, 1), value=True))
        for layer in _layers(self.encoder):
            x = layer(x, layer.biases(pairs).permute(0, 3, 1, 2) + hidden, pairs)
        biases = torch.cat([layer.biases(pairs) for layer in _layers(self.decoder)], dim=3)
        return Encoded(x, biases, torch.arange(len(x)))

    def _embedded(self, numbers: Tensor, boxes: Tensor, bases: Tensor | None) -> Tensor:
        """Embedding (B, N, D) of the boxes, each by itself and in front of the sequence."""
        if self.config.needs_bases and bases is None:
            raise ValueError("this network reads the sequence: AssemblyConfig.max_bases is needed")
        x: Tensor
        if self.reader is None:
            x = self.embed(numbers)
        else:
            x = self.reader(self.embed, numbers, boxes, bases)
        if self.background is not None:
            x = self.background(x, boxes, bases)
        return x

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
        # What is ruled out is no part of the problem any more. Crowded and sparse states are
        # decoded apart: most picks rule out more than half of the boxes.
        n_left = (picked.bool() | mask[:, :-1].bool()).sum(dim=1)
        is_sparse = n_left < picked.shape[1] / 2
        logits = torch.full(mask.shape, MASKED)
        value = torch.zeros(len(mask))
        for chosen in (torch.nonzero(is_sparse)[:, 0], torch.nonzero(~is_sparse)[:, 0]):
            if len(chosen):
                states = encoded.take(chosen), picked[chosen], mask[chosen], globals_[chosen]
                x, slots = self.decoded(*states)
                boxes, stop = self.box_score(x[:, 1:]), self.stop_score(x[:, :1])
                some = torch.full((len(chosen), mask.shape[1]), MASKED)
                some = some.scatter(1, slots, torch.cat([stop, boxes], dim=1).squeeze(-1))
                logits = logits.index_copy(0, chosen, some)
                value = value.index_copy(0, chosen, self.value(x[:, 0]).squeeze(-1))
        return logits.masked_fill(mask < 0.5, MASKED), value

    def decoded(
        self, encoded: Encoded, picked: Tensor, mask: Tensor, globals_: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tokens before the heads; arguments as for `decode`.

        Returns
        -------
        tokens : Tensor, dtype=float32, shape (S, R, D)
            STOP first, then every box that is picked or allowed.
        slots : Tensor, dtype=int64, shape (S, R)
            Where they belong; STOP in the last slot. Lines with fewer boxes than others are filled
            up with boxes of no meaning.
        """
        N = picked.shape[1]
        relevant = picked.bool() | mask[:, :-1].bool()
        n_left = relevant.sum(dim=1)
        R = max(int(n_left.max()), 1)
        order = torch.argsort((~relevant).to(torch.uint8), dim=1, stable=True)[:, :R]
        slots = torch.nn.functional.pad(order, (1, 0), value=N)  # (S, R + 1)
        state = torch.stack([picked.gather(1, order), mask.gather(1, order)], dim=2).float()
        update = torch.nn.functional.pad(self.state(state), (0, 0, 1, 0))
        is_stop = (torch.arange(R + 1) == 0)[:, None]
        update = update + is_stop * self.globals(globals_)[:, None]
        x = _rows_of(encoded.tokens, encoded.rows[:, None], slots) + update
        biases = _rows_of(
            encoded.biases, encoded.rows[:, None, None], slots[:, :, None], slots[:, None]
        )
        hidden = _hidden(torch.arange(R + 1) <= n_left[:, None])
        biases = biases.permute(0, 3, 1, 2) + hidden  # (S, L * H, R + 1, R + 1)
        for layer, of_layer in zip(self.decoder, biases.chunk(len(self.decoder), 1), strict=True):
            x = layer(x, of_layer)
        return self.norm(x), slots

    def forward(
        self,
        tokens: Tensor,
        boxes: Tensor,
        loop_energy: Tensor,
        picked: Tensor,
        mask: Tensor,
        globals_: Tensor,
        bases: Tensor | None = None,
        reactivity: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Both stages at once; see `encode` and `decode`."""
        encoded = self.encode(tokens, boxes, loop_energy, bases, reactivity)
        return self.decode(encoded, picked, mask, globals_)


def _layers(stack: nn.ModuleList) -> list[PairAttentionLayer]:
    return [layer for layer in stack if isinstance(layer, PairAttentionLayer)]


def _rows_of(values: Tensor, *index: Tensor) -> Tensor:
    """``values[index]`` for indices of all axes but the last, with a gradient that is fast."""
    flat = index[0]
    for size, more in zip(values.shape[1:], index[1:], strict=False):
        flat = flat * size + more
    chosen = values.flatten(0, -2).index_select(0, flat.flatten())
    return chosen.view(*flat.shape, values.shape[-1])


def _hidden(seen: Tensor) -> Tensor:
    """Attention bias (B, 1, 1, T) that hides the keys where `seen` (B, T) is False."""
    return torch.zeros(seen.shape).masked_fill(~seen, MASKED)[:, None, None]
