"""A second look at proposed boxes: a small message-passing network on their graph.

The chain of ends (`boxfold.s1.ends`) sees one anti-diagonal, the loops heads one pair. Whether a
box is in the structure depends on all that could be there instead, and on what lies inside and
outside of it. Boxes therefore tell their closing pairs and their bases how good they are, and hear
what the best of the others said, several times over: what dynamic programming would do, learned.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from boxfold.features.box import BoxKind
from boxfold.s1.box_graph import N_AROUND, N_BASES, N_SIZES, BoxGraph, GraphBatch, stack_graphs
from boxfold.s1.rescoring import LOOP_FEATURES, STEM_FEATURES

_BASE_CHANNELS = 8
_SIZE_CHANNELS = 16
_CONV_WIDTH = 5
_DILATIONS = (1, 2, 4)
_PRIOR_RANGE = (1e-6, 1 - 1e-4)


class Rescorer(nn.Module):
    """Logits of candidate boxes, from their graph.

    Parameters
    ----------
    channels : int
    n_layers : int
    n_pixel : int
        Features of the trunk at a pixel.
    """

    def __init__(self, channels: int, n_layers: int, n_pixel: int) -> None:
        super().__init__()
        self.base = nn.Embedding(N_BASES + 1, _BASE_CHANNELS)
        self.size = nn.Embedding(N_SIZES * len(BoxKind), _SIZE_CHANNELS)
        self.kind = nn.Embedding(len(BoxKind), channels)
        n_common = N_AROUND * _BASE_CHANNELS + 2 * _SIZE_CHANNELS + 2 * n_pixel
        self.stems = perceptron(n_common + len(STEM_FEATURES), 2 * channels, channels)
        self.loops = perceptron(n_common + len(LOOP_FEATURES), 2 * channels, channels)
        self.layers = nn.ModuleList(
            RescorerLayer(channels, _DILATIONS[i % len(_DILATIONS)]) for i in range(n_layers)
        )
        self.out = nn.Sequential(nn.LayerNorm(channels), *perceptron(channels, channels, 1))
        _silence(self.out)

    def forward(self, batch: GraphBatch) -> Tensor:
        """Logits (N,): the chain's probability and what the graph adds."""
        common = [
            self.base(batch.around).flatten(1),
            self.size(batch.size + N_SIZES * batch.kind[:, None]).flatten(1),
            batch.pixels,
        ]
        n = batch.n_stems
        stems = self.stems(torch.cat([*(part[:n] for part in common), batch.stem_numbers], dim=1))
        loops = self.loops(torch.cat([*(part[n:] for part in common), batch.loop_numbers], dim=1))
        h = torch.cat([stems, loops]) + self.kind(batch.kind)
        for layer in self.layers:
            h = layer(h, batch)
        first = torch.cat([batch.stem_numbers[:, 0], batch.loop_numbers[:, 0]])
        prior = torch.exp(5 * first).clamp(*_PRIOR_RANGE)
        logits: Tensor = self.out(h)[:, 0] + torch.log(prior) - torch.log1p(-prior)
        return logits

    def log_probability(self, graph: BoxGraph) -> NDArray[np.float32]:
        """Calibrated log-probability (N,) of the boxes of one sequence."""
        if not len(graph.boxes):
            return np.zeros(0, dtype=np.float32)
        with torch.inference_mode():
            return np.asarray(functional.logsigmoid(self(stack_graphs([graph]))).numpy())


class RescorerLayer(nn.Module):
    """One round of messages: boxes to their pairs and bases, and back."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.stem_message = nn.Linear(channels, 3 * channels)
        self.loop_message = nn.Linear(channels, channels)
        self.pair = nn.Linear(2 * channels, channels)
        self.neighbours = nn.Conv1d(
            2 * channels + N_BASES,
            channels,
            _CONV_WIDTH,
            padding=_CONV_WIDTH // 2 * dilation,
            dilation=dilation,
        )
        self.base = nn.Conv1d(channels, channels, 1)
        self.update = perceptron(7 * channels, 2 * channels, channels)
        _silence(self.update)

    def forward(self, h: Tensor, batch: GraphBatch) -> Tensor:
        """(N, C) -> (N, C)."""
        x = self.norm(h)
        to_pair, to_5, to_3 = functional.relu(self.stem_message(x[: batch.n_stems])).chunk(3, dim=1)
        of_loops = functional.relu(self.loop_message(x[batch.n_stems :]))
        pairs = functional.relu(self.pair(self._pairs(to_pair, of_loops, batch)))
        bases = functional.relu(self._bases(to_5, to_3, batch))
        heard = (x, pairs[batch.inside], pairs[batch.outside], bases[batch.corners].flatten(1))
        updated: Tensor = h + self.update(torch.cat(heard, dim=1))
        return updated

    def _pairs(self, of_stems: Tensor, of_loops: Tensor, batch: GraphBatch) -> Tensor:
        """The strongest stem and the strongest loop at each pair, (n_pairs, 2 C)."""
        n = batch.n_stems
        strongest = [
            _strongest(
                torch.cat([messages, messages]),
                torch.cat([batch.inside[part], batch.outside[part]]),
                batch.n_pairs,
            )
            for messages, part in ((of_stems, slice(n)), (of_loops, slice(n, None)))
        ]
        return torch.cat(strongest, dim=1)

    def _bases(self, to_5: Tensor, to_3: Tensor, batch: GraphBatch) -> Tensor:
        """The strongest claims on each base, mixed along the sequence, (B L, C)."""
        n_sequences, _, length = batch.bases.shape
        stem, base_5, base_3 = batch.claims
        claims = torch.cat(
            [
                _strongest(to_5[stem], base_5, n_sequences * length),
                _strongest(to_3[stem], base_3, n_sequences * length),
            ],
            dim=1,
        ).view(n_sequences, length, -1)
        bases = torch.cat([claims.transpose(1, 2), batch.bases], dim=1)
        mixed = self.base(functional.relu(self.neighbours(bases)))  # (B, C, L)
        return mixed.transpose(1, 2).flatten(0, 1)


def _strongest(messages: Tensor, node: Tensor, n_nodes: int) -> Tensor:
    """Maximum over the messages (M, C), none below 0, to each node; (n_nodes, C)."""
    none = messages.new_zeros((n_nodes, messages.shape[1]))
    return none.scatter_reduce(0, node[:, None].expand_as(messages), messages, "amax")


def perceptron(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    """Two layers: (..., n_in) -> (..., n_out)."""
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, n_out))


def _silence(network: nn.Sequential) -> None:
    """Make a perceptron say 0 until it has learned something."""
    last = network[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
