"""Energies of chains of nested stems: sums that attention alone does not get right.

A stem and what it encloses cost its stacks and the cheapest of what its inner pair can close: a
hairpin, or an interior loop with another stem and all that this one encloses. This recursion is
unrolled for some rounds, inwards (what a stem encloses) and outwards (what encloses it).
Multi-branch loops and stems side by side are not in it: they are left to attention.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from boxfold.features.token_names import TOKEN_NAMES

N_BOX_NUMBERS, N_PAIR_NUMBERS = 4, 2

_STACK, _HAIRPIN, _EXTERIOR = (TOKEN_NAMES.index(name) for name in ("stack", "hairpin", "exterior"))
_NEVER = 1e4  # kcal/mol


class ChainNumbers(NamedTuple):
    """What the recursion says, roughly in [-1, 1].

    Attributes
    ----------
    boxes : Tensor, dtype=float32, shape (B, N, N_BOX_NUMBERS)
    pairs : Tensor, dtype=float32, shape (B, N, N, N_PAIR_NUMBERS)
        How much worse than the best the second box is as what the first one closes; 0 where the
        second does not lie inside the first.
    """

    boxes: Tensor
    pairs: Tensor


class LoopTable(NamedTuple):
    """Energies that chains are made of, kcal/mol.

    Attributes
    ----------
    stems : Tensor, dtype=float32, shape (B, N, 3)
        Stacks, hairpin closed by the inner pair, exterior branch; of no meaning in padding.
    loops : Tensor, dtype=float32, shape (B, N, N)
        Interior loop or stack that the first box closes with the second; huge where the second does
        not lie inside the first.
    """

    stems: Tensor
    loops: Tensor


def loop_table(tokens: Tensor, boxes: Tensor, loop_energy: Tensor) -> LoopTable:
    """Energies out of an observation; arguments as of `AssemblyNetwork.encode`."""
    columns = [tokens[..., k] for k in (_STACK, _HAIRPIN, _EXTERIOR)]
    loops = torch.where(_nested(boxes), 5 * loop_energy, _NEVER)
    return LoopTable(10 * torch.stack(columns, dim=2), loops)


@torch.no_grad()
def chain_numbers(table: LoopTable, present: Tensor, n_rounds: int) -> ChainNumbers:
    """Numbers per box and per pair of boxes.

    Parameters
    ----------
    table : LoopTable
    present : Tensor, dtype=bool, shape (B, N)
        Boxes that may be in a chain.
    n_rounds : int
        Longest chain whose energy is right.
    """
    stack, hairpin, exterior = table.stems.unbind(2)
    loop = table.loops.masked_fill(~(present[:, :, None] & present[:, None]), _NEVER)
    inside, outside = stack + hairpin, exterior
    for _ in range(n_rounds):
        inside = stack + torch.minimum(hairpin, (loop + inside[:, None]).amin(dim=2))
        enclosed = (loop + (stack + outside)[:, :, None]).amin(dim=1)
        outside = torch.minimum(exterior, enclosed)
    total = torch.where(present, inside + outside, _NEVER)
    worse = (total - total.amin(dim=1, keepdim=True)).clamp(0, 10)
    of_boxes = torch.stack([inside / 10, outside / 10, worse / 5, torch.exp(-worse)], dim=2)
    nested = loop < _NEVER / 2
    closes = (stack - inside)[:, :, None] + loop + inside[:, None]
    worse = torch.where(nested, closes, 10.0).clamp(0, 10)
    of_pairs = torch.stack([torch.where(nested, 1 - worse / 10, 0.0), torch.exp(-2 * worse)], 3)
    return ChainNumbers(of_boxes * present[..., None], of_pairs)


def _nested(boxes: Tensor) -> Tensor:
    """Element [b, x, y]: stem y lies inside stem x; shape (B, N, N)."""
    kind, row, col, n_rows, n_cols = boxes.unbind(-1)
    is_stem = kind == 0
    inside = (row + n_rows)[:, :, None] <= row[:, None]
    inside = inside & ((col + n_cols)[:, None] <= col[:, :, None])
    return inside & is_stem[:, :, None] & is_stem[:, None]
