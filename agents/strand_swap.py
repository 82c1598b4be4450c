"""The strand swap: a stem is one and the same duplex, whichever of its strands is read first.

Turned by 180 degrees, the inner pair of a stem becomes its outer pair and each pair is read the
other way round (AU as UA). On a sequence it is what a rotation does: where ``a x b y c`` has the
strands ``x`` and ``y``, ``b2 y c a x b1`` (with ``b = b1 b2``) has the same stem, begun by ``y``.
"""

import torch
from torch import Tensor

from boxfold.features.box import BoxKind
from boxfold.features.channels import PAIR_TYPES
from boxfold.features.sequence import BASES
from boxfold.features.token_names import TOKEN_NAMES


def _counterparts() -> dict[str, str]:
    pairs = {f"outer_{pair}": f"inner_{pair[::-1]}" for pair in PAIR_TYPES}
    places = (("before", "inside3"), ("after", "inside5"))
    pairs |= {f"{one}_{base}": f"{other}_{base}" for one, other in places for base in BASES}
    pairs |= {
        "extends_out": "extends_in",
        "loop_outwards": "loop_inwards",
        "n_rows": "n_cols",
        "paired_outer": "paired_inner",
        "outer_end": "inner_end",
    }
    return pairs | {other: one for one, other in pairs.items()}


COUNTERPARTS = _counterparts()
"""Columns of a token that change places, both ways.

Swapped is what belongs to the two ends of the duplex: pair types, neighbouring bases, whether
either end can be extended, S1's evidence for either end, and proposed interior loops there. Not
swapped is what is the same from both sides (share of G and C, stacking energy, score and other
evidence of S1) and what has no counterpart, since the molecule is no ring: place and size in the
sequence, the hairpin inside, the exterior branch, the company of other boxes, and all that is known
of pairs of boxes.
"""


def swapped_columns(n_columns: int) -> Tensor:
    """Where each column of a swapped token is found; columns beyond a token's stay in place.

    Parameters
    ----------
    n_columns : int
        At least `N_TOKEN_FEATURES`.

    Returns
    -------
    Tensor, dtype=int64, shape (n_columns,)
        Its own inverse.
    """
    found = torch.arange(n_columns)
    for name, other in COUNTERPARTS.items():
        found[TOKEN_NAMES.index(name)] = TOKEN_NAMES.index(other)
    return found


def swapped_boxes(boxes: Tensor) -> Tensor:
    """Boxes whose second strand is read first: rows and columns exchanged.

    Examples
    --------
    >>> swapped_boxes(torch.tensor([0, 2, 15, 4, 4])).tolist()
    [0, 15, 2, 4, 4]
    """
    return boxes[..., [0, 2, 1, 4, 3]]


def can_swap(boxes: Tensor) -> Tensor:
    """Which boxes (..., 5) have two ends alike: stems."""
    return boxes[..., 0] == BoxKind.STEM
