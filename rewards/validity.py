"""Why a structure, or an assembly of boxes, is not valid: reasons in words."""

from collections.abc import Iterable, Sequence

import numpy as np

from boxfold.features.box import BoxKind
from boxfold.features.knot_order import DEFAULT_MAX_ORDER, KnotOrder
from boxfold.features.loops import merged_base_pairs, structure_boxes
from boxfold.features.relations import Pseudoknots, crosses, share_base, too_tight
from boxfold.features.sequence import BASES, UNKNOWN
from boxfold.features.structure import CANONICAL_PAIRS, MIN_HAIRPIN, IntArray


def check_structure(seq: str, base_pairs: IntArray) -> tuple[str, ...]:
    """Reasons why pairs are no secondary structure of a sequence; empty if they are one.

    Checked are the alphabet, the range of positions, ``i < j``, one partner per base, hairpins of
    three or more bases, and canonical pairs (AU, GC, GU). Crossing pairs are no reason.

    Parameters
    ----------
    seq : str
    base_pairs : ndarray, dtype=int, shape (K, 2)
        Any integers.

    Returns
    -------
    tuple of str
        Positions in the text are 1-based, as users count.

    Examples
    --------
    >>> check_structure("GGAACC", np.array([[0, 5], [1, 4]]))
    ('pair 2-5 leaves a hairpin of 2 bases (at least 3)',)
    """
    if letters := "".join(sorted(set(seq) - set(BASES + UNKNOWN))):
        return (f"the sequence has letters other than ACGUN: {letters}",)
    base_pairs = np.asarray(base_pairs)
    if base_pairs.size and not are_pairs(base_pairs):
        return ("pairs must be whole numbers, two in each row",)
    pairs = base_pairs.tolist()
    reasons = [reason for i, j in pairs for reason in _pair_reasons(seq, i, j)]
    positions, counts = np.unique(base_pairs, return_counts=True)
    shared = zip(positions[counts > 1].tolist(), counts[counts > 1].tolist(), strict=True)
    reasons += [f"position {position + 1} has {count} partners" for position, count in shared]
    return tuple(reasons)


def are_pairs(base_pairs: IntArray) -> bool:
    """Is an array of whole numbers, shape (K, 2)?"""
    return base_pairs.dtype.kind in "iu" and base_pairs.ndim == 2 and base_pairs.shape[1] == 2


def check_assembly(
    seq: str,
    boxes: IntArray,
    picks: Iterable[int],
    pseudoknots: Pseudoknots = "forbid",
    max_knot_order: int = DEFAULT_MAX_ORDER,
) -> tuple[str, ...]:
    """Reasons why picked boxes are no assembly; empty if they are one.

    The picked stems make a structure; its boxes must be the picked ones. A stem implies the loops
    that it closes, so these need not be picked, but a loop that is picked must be there. Stems
    that abut count as the one stem that they make.

    Parameters
    ----------
    seq : str
    boxes : ndarray, dtype=int, shape (N, 5)
        Of any kind.
    picks : iterable of int
        Indices of boxes.
    pseudoknots : {"forbid", "allow"}
    max_knot_order : int
        With "allow": bracket pages that the stems may need besides the first.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> boxes = np.array([[0, 0, 8, 4, 4], [2, 3, 3, 6, 6], [2, 2, 2, 8, 8]])
    >>> check_assembly("GGGGAAAACCCC", boxes, [0, 1])
    ()
    >>> check_assembly("GGGGAAAACCCC", boxes, [0, 2])
    ('picked hairpin 3-10 is not in the structure',)
    """
    indices = list(picks)
    if out := [index for index in indices if not 0 <= index < len(boxes)]:
        return (f"pick {out[0]} is none of the {len(boxes)} boxes",)
    if len(set(indices)) < len(indices):
        return ("a box is picked twice",)
    picked = boxes[indices]
    is_stem = picked[:, 0] == BoxKind.STEM
    stems = picked[is_stem]
    if reasons := _stem_conflicts(stems, pseudoknots) or _order_reasons(stems, max_knot_order):
        return reasons
    pairs = merged_base_pairs(stems)
    if reasons := check_structure(seq, pairs):
        return reasons
    if is_stem.all():
        return ()
    implied = set(map(tuple, structure_boxes(pairs).tolist()))
    missing = [box for box in picked[~is_stem].tolist() if tuple(box) not in implied]
    return tuple(f"picked {_name(box)} is not in the structure" for box in missing)


def nested_brackets(base_pairs: IntArray, can_pair: Sequence[bytes]) -> str | None:
    """Brackets of a valid nested structure, None of anything else.

    Runs on every call of the energy. For the tens of pairs of a structure this loop takes a
    quarter of the time of the dozen whole-array calls that the same checks need.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
        Any integers.
    can_pair : sequence of bytes
        Byte j of row i is not 0 where (i, j) can pair.

    Examples
    --------
    >>> nested_brackets(np.array([[0, 4]]), [bytes([0, 0, 0, 0, 1])] + [bytes(5)] * 4)
    '(...)'
    """
    if not are_pairs(base_pairs):
        return None
    n_bases = len(can_pair)
    symbols = ["."] * n_bases
    open_ends: list[int] = []
    for i, j in sorted(base_pairs.tolist()):
        if not 0 <= i < j < n_bases or not can_pair[i][j]:
            return None
        if symbols[i] != "." or symbols[j] != ".":
            return None
        while open_ends and open_ends[-1] < i:
            open_ends.pop()
        if open_ends and open_ends[-1] < j:
            return None
        open_ends.append(j)
        symbols[i], symbols[j] = "()"
    return "".join(symbols)


def _stem_conflicts(stems: IntArray, pseudoknots: Pseudoknots) -> tuple[str, ...]:
    reasons = []
    if pseudoknots == "forbid":
        crossing, how = crosses(stems), "cross"
    else:
        crossing, how = too_tight(stems), "cross with too few bases between them"
    for relation, words in ((share_base(stems), "share a base"), (crossing, how)):
        for a, b in np.argwhere(np.triu(relation, 1)).tolist():
            reasons.append(f"picked {_name(stems[a])} and {_name(stems[b])} {words}")
    return tuple(reasons)


def _order_reasons(stems: IntArray, max_order: int) -> tuple[str, ...]:
    if not KnotOrder(crosses(stems), max_order).is_exceeded(list(range(len(stems)))):
        return ()
    return (f"the picked stems need more than {max_order + 1} bracket pages",)


def _name(box: IntArray | list[int]) -> str:
    """Kind and outer pair of a box, 1-based."""
    kind, row, col, _, n_cols = map(int, box)
    return f"{BoxKind(kind).label.replace('_', ' ')} {row + 1}-{col + n_cols}"


def _pair_reasons(seq: str, i: int, j: int) -> list[str]:
    name = f"pair {i + 1}-{j + 1}"
    if min(i, j) < 0 or max(i, j) >= len(seq):
        return [f"{name} is outside of the {len(seq)} bases"]
    if i >= j:
        return [f"{name} is not in 5' to 3' order"]
    if seq[i] + seq[j] not in CANONICAL_PAIRS:
        return [f"{name} is {seq[i]}{seq[j]}, no canonical pair"]
    if j - i - 1 < MIN_HAIRPIN:
        return [f"{name} leaves a hairpin of {j - i - 1} bases (at least {MIN_HAIRPIN})"]
    return []
