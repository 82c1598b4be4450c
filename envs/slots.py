"""The boxes of an instance laid out in a fixed number of slots, and what a pick rules out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.features.box import BoxKind, inner_pairs, outer_pairs
from boxfold.features.box_reactivity import REACTIVITY_NAMES, box_reactivity
from boxfold.features.errors import InputError
from boxfold.features.relations import Pseudoknots, conflict_matrix, crosses
from boxfold.features.sequence import encode_bases
from boxfold.features.structure import BoolArray, IntArray
from boxfold.features.tokens import N_TOKEN_FEATURES, box_tokens

_SILENT, _UNPAIRED = -2, -1

MAX_LOOP = 2.0
"""Bound of every `Slots.loop_energy`, on both sides."""


class Slots(NamedTuple):
    """Boxes of one instance in N slots; what is not present is padding.

    Attributes
    ----------
    boxes : ndarray, dtype=int32, shape (N, 5)
        -1 in padding.
    tokens : ndarray, dtype=float32, shape (N, N_TOKEN_FEATURES)
        0 in padding.
    loop_energy : ndarray, dtype=float32, shape (N, N)
        Interior loop or stack that a stem (row) closes with another (column) next inside: kcal/mol
        by 5, in [-2, 2]; 0 where the second does not lie inside the first.
    present : ndarray, dtype=bool, shape (N,)
    conflict : ndarray, dtype=bool, shape (N, N)
        Which slots can't be picked together; True on the diagonal, False in padding.
    bases : ndarray, dtype=int8, shape (max_bases,)
        Codes of `features.sequence.encode_bases`, -1 behind the last base; empty if none are asked
        for.
    reactivity : ndarray, dtype=float32, shape (N, len(REACTIVITY_NAMES))
        0 in padding; without rows if it is not asked for.
    """

    boxes: NDArray[np.int32]
    tokens: NDArray[np.float32]
    loop_energy: NDArray[np.float32]
    present: BoolArray
    conflict: BoolArray
    bases: NDArray[np.int8]
    reactivity: NDArray[np.float32]


def slots_of(instance: Instance, config: AssemblyConfig) -> Slots:
    """Lay out an instance: stems from slot 0, loops (if they are actions) after the stem slots.

    Parameters
    ----------
    instance : Instance
        Cut to the number of slots, see `Instance.cut`.
    config : AssemblyConfig

    Returns
    -------
    Slots

    Raises
    ------
    InputError
        If bases are to be observed and the sequence has more than `AssemblyConfig.max_bases`.
    """
    if config.action_types == "stem":
        slot, boxes = np.arange(instance.n_boxes), instance.boxes
        conflict = instance.conflict(config.pseudoknots)
    else:
        loops = instance.proposals.loops
        slot = np.append(np.arange(instance.n_boxes), config.n_stem_slots + np.arange(len(loops)))
        boxes = np.concatenate([instance.boxes, loops])
        conflict = assertion_conflict(boxes, len(instance.seq), config.pseudoknots)
    slots = _padded(slot, boxes, _tokens(instance, config, boxes), conflict, config)
    slots = slots._replace(bases=_bases(instance, config.max_bases))
    if config.reactivity:
        values = np.zeros((config.max_boxes, len(REACTIVITY_NAMES)), dtype=np.float32)
        values[slot] = box_reactivity(boxes, instance.reactivity)
        slots = slots._replace(reactivity=values)
    if not config.geometry_only:
        energies = instance.loop_energies
        n_stems = len(energies)
        slots.loop_energy[:n_stems, :n_stems] = scaled_energies(energies)
    return slots


def _bases(instance: Instance, max_bases: int) -> NDArray[np.int8]:
    n_bases = len(instance.seq)
    if max_bases and n_bases > max_bases:
        raise InputError(
            f"sequence '{instance.id}' has {n_bases} bases, max_bases allows {max_bases}"
        )
    bases = np.full(max_bases, -1, dtype=np.int8)
    if max_bases:
        bases[:n_bases] = encode_bases(instance.seq)
    return bases


def scaled_energies(energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Loop energies as they are observed: by 5 kcal/mol, bounded, 0 where there is no loop."""
    return np.where(np.isfinite(energies), np.clip(energies / 5, -MAX_LOOP, MAX_LOOP), 0.0)


def assertion_conflict(boxes: IntArray, length: int, pseudoknots: Pseudoknots) -> BoolArray:
    """Which boxes of any kind can't be picked together.

    A stem asserts its pairs; an interior loop or hairpin asserts its closing pairs and that its
    other bases are unpaired. Two boxes conflict if they assert different things of one base, if
    both are stems that share a base, or (unless pseudoknots are allowed) if they cross.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
    length : int
        Of the sequence.
    pseudoknots : {"forbid", "allow"}

    Returns
    -------
    ndarray, dtype=bool, shape (N, N)
        Symmetric, True on the diagonal.

    Examples
    --------
    A hairpin of four bases goes with the stem that closes it, not with one that pairs inside.

    >>> boxes = np.array([[0, 0, 8, 3, 3], [2, 2, 2, 7, 7], [0, 3, 7, 1, 1]])
    >>> assertion_conflict(boxes, 11, "forbid").astype(int)
    array([[1, 0, 0],
           [0, 1, 1],
           [0, 1, 1]])
    """
    says = _assertions(boxes, length)
    spoken = says != _SILENT
    differ = says[:, None] != says[None]
    conflict = (differ & spoken[:, None] & spoken[None]).any(axis=2)
    is_stem = np.flatnonzero(boxes[:, 0] == BoxKind.STEM)
    conflict[np.ix_(is_stem, is_stem)] |= conflict_matrix(boxes[is_stem], pseudoknots)
    if pseudoknots == "forbid":
        conflict |= crosses(boxes)
    np.fill_diagonal(conflict, True)
    return conflict


def _assertions(boxes: IntArray, length: int) -> IntArray:
    """What each box says of each base: its partner, unpaired, or nothing; shape (N, length)."""
    position = np.arange(length)
    row, col, n_rows, n_cols = (boxes[:, k, None] for k in (1, 2, 3, 4))
    covered = (row <= position) & (position < row + n_rows)
    covered |= (col <= position) & (position < col + n_cols)
    is_stem = boxes[:, 0] == BoxKind.STEM
    opposite = row + col + n_cols - 1 - position  # i + j is the same for all pairs of a stem
    says = np.where(covered, np.where(is_stem[:, None], opposite, _UNPAIRED), _SILENT)
    for pairs, which in (
        (outer_pairs(boxes), ~is_stem),
        (inner_pairs(boxes), boxes[:, 0] == BoxKind.INTERIOR_LOOP),
    ):
        index, (i, j) = np.flatnonzero(which), pairs[which].T
        says[index, i], says[index, j] = j, i
    return says


def _tokens(instance: Instance, config: AssemblyConfig, boxes: IntArray) -> NDArray[np.float32]:
    """Tokens of stems, or stems and loops; loops have no evidence and energies of their own."""
    if config.action_types == "stem" and not config.geometry_only:
        return instance.tokens
    return tokens_of(instance, boxes, config.geometry_only)


def tokens_of(
    instance: Instance, boxes: IntArray, geometry_only: bool = False
) -> NDArray[np.float32]:
    """Tokens of the stems of an instance and of as many of its loops as `boxes` hold.

    Parameters
    ----------
    instance : Instance
    boxes : ndarray, dtype=int, shape (N + M, 5)
        All stems, then the first M loops.
    geometry_only : bool

    Returns
    -------
    ndarray, dtype=float32, shape (N + M, N_TOKEN_FEATURES)
    """
    proposals = instance.proposals
    n_loops = len(boxes) - instance.n_boxes
    return box_tokens(
        instance.seq,
        boxes,
        np.append(proposals.score, proposals.loop_score[:n_loops]),
        np.pad(proposals.evidence, ((0, n_loops), (0, 0))),
        np.pad(instance.token_energies, ((0, n_loops), (0, 0))),
        geometry_only=geometry_only,
        loops=proposals.loops,
        loop_score=proposals.loop_score,
    )


def _padded(
    slot: IntArray,
    boxes: IntArray,
    tokens: NDArray[np.float32],
    conflict: BoolArray,
    config: AssemblyConfig,
) -> Slots:
    N = config.max_boxes
    padded = Slots(
        np.full((N, 5), -1, dtype=np.int32),
        np.zeros((N, N_TOKEN_FEATURES), dtype=np.float32),
        np.zeros((N, N), dtype=np.float32),
        np.zeros(N, dtype=bool),
        np.zeros((N, N), dtype=bool),
        np.zeros(0, dtype=np.int8),
        np.zeros((0, len(REACTIVITY_NAMES)), dtype=np.float32),
    )
    padded.boxes[slot] = boxes
    padded.tokens[slot] = tokens
    padded.present[slot] = True
    padded.conflict[np.ix_(slot, slot)] = conflict
    return padded
