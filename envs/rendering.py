"""Pictures of an episode: as text, and as the L x L grid with its boxes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.envs.batch import BatchAssembly
from boxfold.envs.instance import Instance
from boxfold.features.box import BoxKind, stem_base_pairs
from boxfold.features.structure import BoolArray, IntArray, dot_bracket

BACKGROUND = (255, 255, 255)
DIAGONAL = (225, 225, 225)
COLOURS = {"excluded": (232, 180, 175), "allowed": (120, 165, 220), "picked": (20, 130, 70)}
"""Red: ruled out by a pick; blue: can be picked; green: picked. Later ones are drawn on top."""

MIN_SIDE = 256
"""Smallest height and width of a drawing in pixels."""


class Scene(NamedTuple):
    """What is drawn.

    Attributes
    ----------
    instance : Instance
    boxes : ndarray, dtype=int32, shape (N, 5)
        Slots, -1 in padding.
    picked, selectable : ndarray, dtype=bool, shape (N,)
    energy : float
        Free energy of the picked stems, kcal/mol.
    """

    instance: Instance
    boxes: NDArray[np.int32]
    picked: BoolArray
    selectable: BoolArray
    energy: float

    @classmethod
    def of(cls, batch: BatchAssembly, index: int) -> "Scene":
        """Current state of one of the episodes of a batch, which must be loaded."""
        instance = batch.instances[index]
        assert instance is not None, "load comes before drawing"
        return cls(
            instance,
            batch.observation["boxes"][index],
            batch.observation["picked"][index].astype(bool),
            batch.selectable[index],
            batch.energy(index),
        )

    @property
    def base_pairs(self) -> IntArray:
        """Pairs of the picked stems, shape (K, 2)."""
        return stem_base_pairs(self.boxes[self.picked & (self.boxes[:, 0] == BoxKind.STEM)])

    @property
    def states(self) -> list[tuple[int, str]]:
        """Slot and state (a key of `COLOURS`) of each box present."""
        words = np.where(self.selectable, "allowed", "excluded")
        words = np.where(self.picked, "picked", words)
        return [(slot, str(words[slot])) for slot in np.flatnonzero(self.boxes[:, 0] >= 0).tolist()]


def text(scene: Scene) -> str:
    """Sequence, dot-bracket with energy, and a table of the boxes; positions 1-based."""
    length = len(scene.instance.seq)
    structure = dot_bracket(scene.base_pairs, length)
    lines = [f">{scene.instance.id}", scene.instance.seq, f"{structure} ({scene.energy:6.2f})"]
    lines.append(f"{'slot':>4} {'kind':<13} {'outer pair':>10} {'size':>7}  state")
    for slot, state in scene.states:
        kind, row, col, n_rows, n_cols = scene.boxes[slot].tolist()
        pair, size = f"{row + 1}-{col + n_cols}", f"{n_rows}x{n_cols}"
        lines.append(f"{slot:>4} {BoxKind(kind).label:<13} {pair:>10} {size:>7}  {state}")
    return "\n".join(lines)


def draw(scene: Scene) -> NDArray[np.uint8]:
    """The grid: rows 5' positions, columns 3' positions, picks mirrored below the diagonal.

    Stems are drawn pair by pair, loops as rectangles.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    ndarray, dtype=uint8, shape (H, W, 3)
        H = W = a multiple of the sequence length, at least `MIN_SIDE`.
    """
    length = len(scene.instance.seq)
    grid = np.full((length, length, 3), BACKGROUND, dtype=np.uint8)
    np.einsum("iic->ic", grid)[:] = DIAGONAL
    order = list(COLOURS)
    for slot, state in sorted(scene.states, key=lambda item: order.index(item[1])):
        _paint(grid, scene.boxes[slot], COLOURS[state])
    pairs = scene.base_pairs
    grid[pairs[:, 1], pairs[:, 0]] = COLOURS["picked"]
    scale = -(-MIN_SIDE // length)
    return grid.repeat(scale, axis=0).repeat(scale, axis=1)


def _paint(grid: NDArray[np.uint8], box: NDArray[np.int32], colour: tuple[int, int, int]) -> None:
    kind, row, col, n_rows, n_cols = box.tolist()
    if kind == BoxKind.STEM:
        pairs = stem_base_pairs(box[None])
        grid[pairs[:, 0], pairs[:, 1]] = colour
    else:
        frame = grid[row : row + n_rows, col : col + n_cols]
        frame[[0, -1], :] = colour
        frame[:, [0, -1]] = colour
