"""What boxes say of bases, spelled out as sets: slow, and nothing of it taken from the package."""

from boxfold.features.box import Box, BoxKind

Pairs = set[tuple[int, int]]


def claims(box: Box) -> tuple[Pairs, set[int]]:
    """Pairs and unpaired bases that a box asserts."""
    first, last = box.row, box.col + box.n_cols - 1
    if box.kind == BoxKind.STEM:
        return {(first + k, last - k) for k in range(box.n_rows)}, set()
    covered = set(range(box.row, box.row + box.n_rows)) | set(range(box.col, box.col + box.n_cols))
    pairs = {(first, last)}
    if box.kind == BoxKind.INTERIOR_LOOP:
        pairs.add((box.row + box.n_rows - 1, box.col))
    return pairs, covered - {base for pair in pairs for base in pair}


def cross(pairs: Pairs, others: Pairs) -> bool:
    """Does a pair of the one interleave with a pair of the other?"""
    either = [(p, q) for p in pairs for q in others] + [(q, p) for p in pairs for q in others]
    return any(p[0] < q[0] < p[1] < q[1] for p, q in either)


def contradict(a: Box, b: Box, pseudoknots: str) -> bool:
    """Can the two not be picked together?"""
    (pairs_a, free_a), (pairs_b, free_b) = claims(a), claims(b)
    bases_a = {base for pair in pairs_a for base in pair}
    bases_b = {base for pair in pairs_b for base in pair}
    if a.kind == b.kind == BoxKind.STEM and bases_a & bases_b:
        return True
    if bases_a & free_b or bases_b & free_a:
        return True
    if any(set(p) & set(q) and p != q for p in pairs_a for q in pairs_b):
        return True
    return cross(pairs_a, pairs_b) and (pseudoknots == "forbid" or is_tight(a, b))


def is_tight(a: Box, b: Box) -> bool:
    """Stems of which one strand follows so soon on the other that the loops are too short."""
    if not a.kind == b.kind == BoxKind.STEM:
        return False
    first, second = sorted([a, b], key=lambda box: box.row)
    loop_1 = second.row - (first.row + first.n_rows)
    loop_3 = second.col - (first.col + first.n_cols)
    return loop_1 + loop_3 < 3
