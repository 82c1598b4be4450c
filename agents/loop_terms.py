"""Loop terms of what is picked: the energy taken apart, for a critic that looks inside the box."""

import torch
from torch import Tensor, nn

from boxfold.agents.observed_stems import nested_stems, stem_energies
from boxfold.features.box import BoxKind

LOOP_TERMS = (
    "stack",  # stacks of the picked stems, kcal/mol by 10
    "hairpin",  # hairpins that they close
    "interior",  # interior loops, bulges and stacks between them
    "exterior",  # exterior branches
    "multiloops",  # stems that close a multi-branch loop, by 10
    "branches",  # branches in these loops, by 10
)
"""Columns of `loop_terms`."""


@torch.no_grad()
def loop_terms(tokens: Tensor, boxes: Tensor, loop_energy: Tensor, picked: Tensor) -> Tensor:
    """Sums over the picked stems, by kind of loop.

    Energies of multi-branch loops are no sums of what an observation holds: they are counted.

    Parameters
    ----------
    tokens : Tensor, dtype=float32, shape (B, N, F)
    boxes : Tensor, dtype=int, shape (B, N, 5)
        -1 in padding lines.
    loop_energy : Tensor, dtype=float32, shape (B, N, N)
        See `envs.slots.Slots`.
    picked : Tensor, shape (B, N)

    Returns
    -------
    Tensor, dtype=float32, shape (B, len(LOOP_TERMS))
    """
    stack, hairpin, exterior = stem_energies(tokens)
    stem = picked.bool() & (boxes[..., 0] == BoxKind.STEM)
    inside = (nested_stems(boxes) & stem[:, :, None] & stem[:, None]).float()
    next_inside = inside * (inside @ inside == 0)  # no third stem between them
    n_inside, is_free = next_inside.sum(dim=2), inside.sum(dim=1) == 0
    closes_interior, is_multi = n_inside == 1, n_inside > 1
    interior = (next_inside * loop_energy).sum(dim=2) * closes_interior / 2  # was by 5
    terms = [
        stack * stem,
        hairpin * (stem & (n_inside == 0)),
        interior,
        exterior * (stem & is_free),
        is_multi / 10,
        n_inside * is_multi / 10,
    ]
    return torch.stack([term.sum(dim=1) for term in terms], dim=1)


class TermsCritic(nn.Module):
    """What the loop terms add to the value; nothing before training.

    Parameters
    ----------
    n_globals : int
        Columns of the observation ``globals``.
    width : int
        Of the hidden layer.
    """

    def __init__(self, n_globals: int, width: int = 32) -> None:
        super().__init__()
        self.hidden = nn.Linear(len(LOOP_TERMS) + n_globals, width)
        self.value = nn.Linear(width, 1)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)

    def forward(self, terms: Tensor, globals_: Tensor) -> Tensor:
        """Correction of the value (B,) from `loop_terms` (B, T) and globals (B, G)."""
        hidden = torch.tanh(self.hidden(torch.cat([terms, globals_], dim=1)))
        value: Tensor = self.value(hidden).squeeze(-1)
        return value
