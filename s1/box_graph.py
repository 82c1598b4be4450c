"""Candidate boxes of a sequence as a graph: which share a closing pair, which want the same bases.

A stem ends in two pairs, and a loop lies between such pairs. Each pair is a node in two senses:
what lies *inside* it (an inner end of stems, the outer pair of loops), and what lies *outside* (an
outer end of stems, the inner pair of interior loops). The bases are nodes of another sort, which
stems claim. The `boxfold.s1.rescorer` sends messages along both.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs, stem_base_pairs
from boxfold.features.sequence import BASES
from boxfold.features.structure import IntArray

FloatArray = NDArray[np.floating]

N_BASES = len(BASES)
N_AROUND = 12
"""Bases around the ends of a box: three at each end of its outer and of its inner pair."""

N_SIZES = 18
"""Classes of rows and columns: 1..17, and more."""


class BoxGraph(NamedTuple):
    """Candidates of one sequence: stems, then loops.

    Attributes
    ----------
    codes : ndarray, dtype=int8, shape (L,)
    boxes : ndarray, dtype=int64, shape (N, 5)
    n_stems : int
    stem_numbers : ndarray, dtype=float32, shape (n_stems, F)
        Of `boxfold.s1.rescoring`.
    loop_numbers : ndarray, dtype=float32, shape (N - n_stems, G)
    pixels : ndarray, dtype=float32, shape (N, 2 P)
        Features of the trunk at outer and inner pair.
    """

    codes: NDArray[np.int8]
    boxes: IntArray
    n_stems: int
    stem_numbers: FloatArray
    loop_numbers: FloatArray
    pixels: FloatArray


def end_pairs(boxes: IntArray) -> tuple[IntArray, IntArray]:
    """Outer and inner pair of each box, shape (N, 2); a hairpin's only pair is both."""
    outer, inner = outer_pairs(boxes), inner_pairs(boxes)
    is_hairpin = boxes[:, 0] == BoxKind.HAIRPIN
    return outer, np.where(is_hairpin[:, None], outer, inner)


class GraphBatch(NamedTuple):
    """Graphs of B sequences as tensors, all stems (S of them) before all loops.

    Attributes
    ----------
    kind : Tensor, int64, shape (N,)
    around : Tensor, int64, shape (N, 12)
        Base codes, 4 where there is no base.
    size : Tensor, int64, shape (N, 2)
    stem_numbers, loop_numbers : Tensor, float32, shape (S, F), (N - S, G)
    pixels : Tensor, float32, shape (N, 2 P)
    inside, outside : Tensor, int64, shape (N,)
        Pair nodes of each box, see the module text. Nothing lies outside in a hairpin: all of a
        sequence share a node there, so each hears the strongest of them.
    n_pairs : int
    corners : Tensor, int64, shape (N, 4)
        Bases of the two pairs.
    claims : Tensor, int64, shape (3, K)
        Stem, 5' base and 3' base of each pair of each stem.
    bases : Tensor, float32, shape (B, 4, L)
        One-hot, 0 where a sequence is padded.
    of_sequence : Tensor, int64, shape (N,)
    """

    kind: Tensor
    around: Tensor
    size: Tensor
    stem_numbers: Tensor
    loop_numbers: Tensor
    pixels: Tensor
    inside: Tensor
    outside: Tensor
    n_pairs: int
    corners: Tensor
    claims: Tensor
    bases: Tensor
    of_sequence: Tensor

    @property
    def n_stems(self) -> int:
        """S."""
        return len(self.stem_numbers)


def stack_graphs(graphs: Sequence[BoxGraph]) -> GraphBatch:
    """One batch of graphs; bases are numbered through the padded sequences.

    Parameters
    ----------
    graphs : sequence of BoxGraph

    Returns
    -------
    GraphBatch
        Stems of all graphs in their order, then loops in their order.
    """
    length = max(len(graph.codes) for graph in graphs)
    codes = np.full((len(graphs), length), N_BASES, dtype=np.int64)
    for line, graph in zip(codes, graphs, strict=True):
        line[: len(graph.codes)] = graph.codes
    n_stems = np.array([graph.n_stems for graph in graphs])
    n_loops = np.array([len(graph.loop_numbers) for graph in graphs])
    of_sequence = np.concatenate([np.repeat(np.arange(len(graphs)), n) for n in (n_stems, n_loops)])
    boxes = stems_first([graph.boxes for graph in graphs], n_stems)
    outer, inner = end_pairs(boxes)
    inside, outside, n_pairs = _pair_nodes(boxes, outer, inner, of_sequence, length)
    base = of_sequence[:, None] * length
    one_hot = np.eye(N_BASES + 1, N_BASES, dtype=np.float32)[codes]
    tensors = {
        "kind": boxes[:, 0],
        "around": _around(codes, of_sequence, outer, inner),
        "size": np.minimum(boxes[:, 3:], N_SIZES) - 1,
        "stem_numbers": np.concatenate([graph.stem_numbers for graph in graphs]),
        "loop_numbers": np.concatenate([graph.loop_numbers for graph in graphs]),
        "pixels": stems_first([graph.pixels for graph in graphs], n_stems),
        "inside": inside,
        "outside": outside,
        "corners": np.concatenate([outer, inner], axis=1) + base,
        "claims": _claims(boxes[: n_stems.sum()], of_sequence, length),
        "bases": one_hot.transpose(0, 2, 1),
        "of_sequence": of_sequence,
    }
    return GraphBatch(
        n_pairs=n_pairs,
        **{name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in tensors.items()},
    )


def stems_first(parts: Sequence[NDArray], n_stems: IntArray) -> NDArray:
    """Lines of the candidates of several sequences in the order of a `GraphBatch`."""
    stems = [part[:n] for part, n in zip(parts, n_stems, strict=True)]
    return np.concatenate(stems + [part[n:] for part, n in zip(parts, n_stems, strict=True)])


def _pair_nodes(
    boxes: IntArray, outer: IntArray, inner: IntArray, of_sequence: IntArray, length: int
) -> tuple[IntArray, IntArray, int]:
    is_stem = (boxes[:, 0] == BoxKind.STEM)[:, None]
    faces_inside = np.where(is_stem, inner, outer)
    faces_outside = np.where(is_stem, outer, inner)
    first = 2 * of_sequence * (length**2 + 1)
    inside = first + faces_inside[:, 0] * length + faces_inside[:, 1]
    outside = faces_outside[:, 0] * length + faces_outside[:, 1]
    outside = np.where(boxes[:, 0] == BoxKind.HAIRPIN, length**2, outside)  # nothing lies there
    keys = np.concatenate([inside, first + length**2 + 1 + outside])
    nodes, index = np.unique(keys, return_inverse=True)
    return index[: len(boxes)], index[len(boxes) :], len(nodes)


def _around(codes: IntArray, of_sequence: IntArray, outer: IntArray, inner: IntArray) -> IntArray:
    framed = np.pad(codes, ((0, 0), (1, 1)), constant_values=N_BASES)
    ends = np.concatenate([outer, inner], axis=1)  # (N, 4)
    at = ends[:, :, None] + np.arange(3)  # one to the right in the frame: -1, 0, 1
    return framed[of_sequence[:, None], at.reshape(len(ends), N_AROUND)]


def _claims(stems: IntArray, of_sequence: IntArray, length: int) -> IntArray:
    stem = np.repeat(np.arange(len(stems)), stems[:, 3])
    bases = stem_base_pairs(stems) + of_sequence[stem, None] * length
    return np.concatenate([stem[None], bases.T])
