"""Reasons in words, and the round trip from a structure to its boxes and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import (
    BoxKind,
    boxes_to_array,
    hairpin_box,
    interior_loop_box,
    stem_base_pairs,
    stem_box,
)
from boxfold.features.channels import canonical_mask
from boxfold.features.loops import merged_base_pairs, structure_boxes
from boxfold.features.structure import (
    IntArray,
    dot_bracket,
    is_nested,
)
from boxfold.rewards.energy import sample_structures
from boxfold.rewards.validity import check_assembly, check_structure, nested_brackets

SEQ = "GGGGAAGGGGAAAACCCCACCCC"
STEMS = [stem_box(0, 22, 4), stem_box(6, 17, 4)]
LOOPS = [interior_loop_box(3, 19, 6, 17), hairpin_box(9, 14)]
BOXES = boxes_to_array([*STEMS, *LOOPS, hairpin_box(8, 15), stem_box(2, 11, 1), stem_box(3, 20, 1)])
SEQUENCES = st.text("ACGU", min_size=5, max_size=60)


def test_valid_structures_have_no_reasons() -> None:
    assert check_structure(SEQ, stem_base_pairs(BOXES[:2])) == ()
    assert check_structure("A", np.zeros((0, 2), dtype=int)) == ()


def test_crossing_pairs_are_valid() -> None:
    assert check_structure("GGGAAACCCAAACCC", np.array([[0, 7], [1, 13]])) == ()


@pytest.mark.parametrize(
    ("seq", "pairs", "reasons"),
    [
        ("GGXAATCC", [[0, 7]], ("the sequence has letters other than ACGUN: TX",)),
        ("GGAAACC", [[0, 7]], ("pair 1-8 is outside of the 7 bases",)),
        ("GGAAACC", [[6, 0]], ("pair 7-1 is not in 5' to 3' order",)),
        ("GGAAACC", [[3, 3]], ("pair 4-4 is not in 5' to 3' order", "position 4 has 2 partners")),
        ("GGAAACC", [[0, 4]], ("pair 1-5 is GA, no canonical pair",)),
        ("GGNAACC", [[2, 6]], ("pair 3-7 is NC, no canonical pair",)),
        ("GGAACC", [[1, 4]], ("pair 2-5 leaves a hairpin of 2 bases (at least 3)",)),
        ("GGAAACC", [[0, 6], [1, 6]], ("position 7 has 2 partners",)),
        (
            "GGAAACC",
            [[0, 2], [1, 9]],
            ("pair 1-3 is GA, no canonical pair", "pair 2-10 is outside of the 7 bases"),
        ),
    ],
)
def test_reasons(seq: str, pairs: list[list[int]], reasons: tuple[str, ...]) -> None:
    assert check_structure(seq, np.array(pairs)) == reasons


@pytest.mark.parametrize(
    ("picks", "reasons"),
    [
        ([], ()),
        ([0, 1], ()),
        ([1, 0, 3, 2], ()),
        ([1, 3], ()),
        ([0, 2], ("picked interior loop 4-20 is not in the structure",)),
        ([0, 3], ("picked hairpin 10-15 is not in the structure",)),
        ([0, 1, 4], ("picked hairpin 9-16 is not in the structure",)),
        ([3], ("picked hairpin 10-15 is not in the structure",)),
        ([0, 6], ("picked stem 1-23 and stem 4-21 share a base",)),
        ([0, 0], ("a box is picked twice",)),
        ([7], ("pick 7 is none of the 7 boxes",)),
        ([-1], ("pick -1 is none of the 7 boxes",)),
        ([5], ("pair 3-12 is GA, no canonical pair",)),
    ],
)
def test_reasons_of_assemblies(picks: list[int], reasons: tuple[str, ...]) -> None:
    assert check_assembly(SEQ, BOXES, picks) == reasons


def test_crossing_stems_are_valid_where_allowed() -> None:
    seq, boxes = "GGGGAACCCAACCCCAAAGGG", boxes_to_array([stem_box(0, 14, 4), stem_box(6, 20, 3)])
    assert check_assembly(seq, boxes, [0, 1]) == ("picked stem 1-15 and stem 7-21 cross",)
    assert check_assembly(seq, boxes, [0, 1], "allow") == ()


def test_stems_that_cross_need_loops_and_pages() -> None:
    tight = boxes_to_array([stem_box(0, 14, 4), stem_box(5, 17, 3)])
    reason = "picked stem 1-15 and stem 6-18 cross with too few bases between them"
    assert check_assembly("GGGGACCCAAACCCCGGG", tight, [0, 1], "allow") == (reason,)
    seq = "GGGAAGGGAAGGGAAGGGAACCCAACCCAACCCAACCC"
    boxes = boxes_to_array([stem_box(5 * k, 5 * k + 22, 3) for k in range(4)])
    assert check_assembly(seq, boxes, [0, 2], "allow") == ()
    reason = "the picked stems need more than 2 bracket pages"
    assert check_assembly(seq, boxes, [0, 1, 3], "allow") == (reason,)
    assert check_assembly(seq, boxes, [0, 1, 3], "allow", max_knot_order=2) == ()


def test_stems_that_abut_are_merged_first() -> None:
    # the halves of a helix with the hairpin of its inner end; the outer half alone has none
    boxes = boxes_to_array([stem_box(0, 11, 2), stem_box(2, 9, 2), hairpin_box(3, 8)])
    assert check_assembly("GGGGAAAACCCC", boxes, [0, 1, 2]) == ()
    assert check_assembly("GGGGAAAACCCC", boxes, [0, 2]) != ()


@given(SEQUENCES, st.integers(0, 1000))
@settings(max_examples=60)
def test_round_trip_from_structure_to_boxes(seq: str, seed: int) -> None:
    """A structure's own boxes are an assembly, also with its stems cut in two; it comes back."""
    rng = np.random.default_rng(seed)
    for pairs in sample_structures(seq, 3, seed):
        boxes = structure_boxes(pairs)
        is_stem = boxes[:, 0] == BoxKind.STEM
        cut = np.concatenate([_cut(boxes[is_stem], rng), boxes[~is_stem]])
        assert check_assembly(seq, boxes, range(len(boxes))) == ()
        assert check_assembly(seq, cut, rng.permutation(len(cut))) == ()
        assert merged_base_pairs(cut[cut[:, 0] == BoxKind.STEM]).tolist() == pairs.tolist()


@given(SEQUENCES, st.integers(0, 1000))
def test_brackets_are_those_of_valid_nested_structures_only(seq: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = canonical_mask(seq)
    can_pair = [row.tobytes() for row in mask]
    pixels = np.argwhere(mask)
    for n_pairs in range(min(4, len(pixels) + 1)):
        pairs = pixels[rng.permutation(len(pixels))[:n_pairs]]
        valid = check_structure(seq, pairs) == () and is_nested(pairs)
        expected = dot_bracket(pairs, len(seq)) if valid else None
        assert nested_brackets(pairs, can_pair) == expected


def _cut(stems: IntArray, rng: np.random.Generator) -> IntArray:
    """Each stem of two or more pairs in two that abut."""
    parts = []
    for _, row, col, n, _ in stems.tolist():
        outside = int(rng.integers(0, n)) if n > 1 else 0
        if outside:
            parts.append(stem_box(row, col + n - 1, outside))
        parts.append(stem_box(row + outside, col + n - 1 - outside, n - outside))
    return boxes_to_array(parts)
