"""What an observation says of stems: their energies, and which lies inside of which."""

from torch import Tensor

from boxfold.features.box import BoxKind
from boxfold.features.token_names import TOKEN_NAMES

_COLUMNS = [TOKEN_NAMES.index(name) for name in ("stack", "hairpin", "exterior")]


def stem_energies(tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Stacks, hairpin and exterior branch of each box; each (B, N), kcal/mol by 10."""
    stack, hairpin, exterior = (tokens[..., column] for column in _COLUMNS)
    return stack, hairpin, exterior


def nested_stems(boxes: Tensor) -> Tensor:
    """Element [b, x, y]: stem y lies inside stem x; dtype=bool, shape (B, N, N).

    Parameters
    ----------
    boxes : Tensor, dtype=int, shape (B, N, 5)
        -1 in padding lines.

    Examples
    --------
    >>> import torch
    >>> boxes = torch.tensor([[[0, 0, 16, 4, 4], [0, 4, 9, 3, 3], [-1, -1, -1, -1, -1]]])
    >>> nested_stems(boxes)[0].nonzero().tolist()
    [[0, 1]]
    """
    kind, row, col, n_rows, n_cols = boxes.unbind(-1)
    is_stem = kind == BoxKind.STEM
    inside = (row + n_rows)[:, :, None] <= row[:, None]
    inside = inside & ((col + n_cols)[:, None] <= col[:, :, None])
    return inside & is_stem[:, :, None] & is_stem[:, None]
