"""Energies of chains of nested stems, side by side: sums that attention alone gets wrong.

A stem and what it encloses cost its stacks and the cheapest of what its inner pair can close: a
hairpin, or an interior loop with another stem and all that this one encloses. This recursion is
unrolled for some rounds, inwards (what a stem encloses) and outwards (what encloses it). Outside of
all stems, energies of chains that stand side by side add up; the cheapest before and behind each
stem are summed in the same way. Multi-branch loops are not in it: they are left to attention.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from boxfold.agents.observed_stems import nested_stems, stem_energies

N_BOX_NUMBERS, N_PAIR_NUMBERS = 5, 2

_NEVER = 1e4  # kcal/mol


class ChainNumbers(NamedTuple):
    """What the recursion says, roughly in [-1, 1].

    Attributes
    ----------
    boxes : Tensor, dtype=float32, shape (B, N, N_BOX_NUMBERS)
        Energy inwards and outwards by 10 kcal/mol; how much worse than the best structure (without
        multi-branch loops) the best one with this box is, by 5 kcal/mol and as ``exp(-worse)``;
        energy of what stands beside this box if nothing encloses it, by 10 kcal/mol. 0 in padding.
    pairs : Tensor, dtype=float32, shape (B, N, N, N_PAIR_NUMBERS)
        ``1 - worse / 10`` and ``exp(-2 worse)``: how much worse than the best (kcal/mol, up to 10)
        the second box is as what the first one closes; 0 where it does not lie inside.
    """

    boxes: Tensor
    pairs: Tensor


@torch.no_grad()
def chain_numbers(
    tokens: Tensor, boxes: Tensor, loop_energy: Tensor, n_rounds: int, n_beside: int
) -> ChainNumbers:
    """Numbers per box and per pair of boxes.

    Parameters
    ----------
    tokens : Tensor, dtype=float32, shape (B, N, F)
    boxes : Tensor, dtype=int, shape (B, N, 5)
        -1 in padding lines.
    loop_energy : Tensor, dtype=float32, shape (B, N, N)
        See `envs.slots.Slots`.
    n_rounds : int
        Longest chain whose energy is right.
    n_beside : int
        Most chains that are counted before a stem, and most behind it.
    """
    stack, hairpin, exterior = (10 * energy for energy in stem_energies(tokens))
    nested, present = nested_stems(boxes), boxes[..., 3] > 0
    loop = torch.where(nested, 5 * loop_energy, _NEVER)  # [a, b]: a closes b
    inside = stack + hairpin
    for _ in range(n_rounds):
        inside = stack + torch.minimum(hairpin, (loop + inside[:, None]).amin(dim=2))
    beside = _beside(boxes, inside + exterior, n_beside)
    free = exterior + beside  # nothing encloses the stem
    outside = free
    for _ in range(n_rounds):
        enclosed = (loop + (stack + outside)[:, :, None]).amin(dim=1)
        outside = torch.minimum(free, enclosed)
    total = torch.where(present, inside + outside, _NEVER)
    worse = (total - total.amin(dim=1, keepdim=True)).clamp(0, 10)
    of_boxes = torch.stack(
        [inside / 10, outside / 10, worse / 5, torch.exp(-worse), beside / 10], dim=2
    )
    closes = (stack - inside)[:, :, None] + loop + inside[:, None]
    worse = torch.where(nested, closes, 10.0).clamp(0, 10)
    of_pairs = torch.stack([torch.where(nested, 1 - worse / 10, 0.0), torch.exp(-2 * worse)], 3)
    return ChainNumbers(of_boxes * present[..., None], of_pairs)


def _beside(boxes: Tensor, energy: Tensor, n_rounds: int) -> Tensor:
    """Least energy of chains before and behind each stem, at most `n_rounds` on either side.

    Parameters
    ----------
    boxes : Tensor, dtype=int, shape (B, N, 5)
    energy : Tensor, dtype=float32, shape (B, N)
        Of the best chain whose outermost stem is this one, kcal/mol.
    n_rounds : int

    Returns
    -------
    Tensor, dtype=float32, shape (B, N)
        Not above 0: nothing needs to stand there.
    """
    kind, row, col, _, n_cols = boxes.unbind(-1)
    is_stem = kind == 0
    behind = (col + n_cols)[:, :, None] <= row[:, None]  # [b, x, y]: y begins after x's end
    far = torch.where(behind & is_stem[:, :, None] & is_stem[:, None], 0.0, _NEVER)
    before = after = torch.zeros_like(energy)
    for _ in range(n_rounds):
        before = (far + (energy + before)[:, :, None]).amin(dim=1).clamp(max=0)
        after = (far + (energy + after)[:, None]).amin(dim=2).clamp(max=0)
    return before + after
