"""A trained S1 network: weights from disk, maps of sequences."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from boxfold.features.box import BoxKind
from boxfold.features.errors import InputError
from boxfold.features.structure import BoolArray, IntArray
from boxfold.s1.batches import input_tensors, length_batches
from boxfold.s1.box_losses import ON_CHANNELS
from boxfold.s1.box_targets import N_BOX_CHANNELS
from boxfold.s1.ends import INNER, N_ENDS, OUTER
from boxfold.s1.loop_ends import N_SIDE, LoopEnds
from boxfold.s1.network import BoxNet
from boxfold.s1.network_config import NetworkConfig
from boxfold.s1.rescorer import Rescorer
from boxfold.s1.run_folder import Tensors, load_tensors
from boxfold.s1.shipped import MFE, SHIPPED, load_shipped
from boxfold.s1.votes import PixelVotes, VotedBoxes, pixel_votes, sigmoid, tally_votes

BATCH_PIXELS = 16 * 64 * 64

MAX_WHOLE = 512
"""Longer sequences are computed in strips of `TILE_ROWS` rows, in bounded memory."""

TILE_ROWS = 64

CHUNK_PIXELS = 1 << 16
"""Pixels whose heads are computed at once."""

MIN_END = 1e-3
"""Less probable ends of stems propose no loop."""

MAX_ENDS = 4
"""Most ends of each side that propose loops, in units of the length."""

FloatArray = NDArray[np.float32]


class Maps(NamedTuple):
    """Outputs of the network for one sequence of length L.

    Attributes
    ----------
    ends : ndarray, dtype=float32, shape (3, L, L)
        Probabilities; 0 where no canonical pair is possible.
    loops : LoopEnds
        What the likely ends of stems face.
    on : ndarray, dtype=float32, shape (3, L, L)
        Probabilities of the on-outputs by kind; 0 outside the strict upper triangle.
    voted : VotedBoxes
        Votes of the boxes heads.
    boxes : ndarray, dtype=float32, shape (123, L, L), or None
        Logits of the boxes heads in the strict upper triangle, only where asked for.
    rescorer : Rescorer, optional
        See `boxfold.s1.scored_boxes`.
    pixels : PixelFeatures, optional
        What the rescorer reads of the trunk; only with a rescorer.
    """

    ends: FloatArray
    loops: LoopEnds
    on: FloatArray
    voted: VotedBoxes
    boxes: FloatArray | None = None
    rescorer: Rescorer | None = None
    pixels: "PixelFeatures | None" = None


class PixelFeatures:
    """Feature vectors of single pixels of one sequence, computed when they are asked for.

    Parameters
    ----------
    network : BoxNet
    state : Tensor, float32, shape (1, C, H, H)
        Of `BoxNet.encode`; it stays in memory as long as this does.
    grid : Tensor, float32, shape (1, 16, L, L)
    """

    def __init__(self, network: BoxNet, state: Tensor, grid: Tensor) -> None:
        self._network, self._state, self._grid = network, state, grid

    def at(self, pairs: IntArray) -> FloatArray:
        """Vectors (N, n_out) of pixels (i, j), int, shape (N, 2)."""
        with torch.inference_mode():
            found = self._network.features_at(self._state, self._grid, torch.from_numpy(pairs))
        return np.asarray(found.numpy())


class S1Model:
    """A trained S1 network, ready to propose.

    Parameters
    ----------
    network : BoxNet
    max_whole : int
        Longer sequences are tiled.
    tile_rows : int
        Rows of a tile, even; changes no output by more than rounding.
    """

    def __init__(
        self, network: BoxNet, max_whole: int = MAX_WHOLE, tile_rows: int = TILE_ROWS
    ) -> None:
        if tile_rows < 2 or tile_rows % 2:
            raise ValueError(f"tile_rows {tile_rows}: an even number of at least 2 is needed")
        self.network = network.eval()
        self._max_whole, self._tile_rows = max_whole, tile_rows

    @classmethod
    def load(cls, path: str | Path | None = None) -> "S1Model":
        """Read weights.

        Parameters
        ----------
        path : str or Path, optional
            Run folder of ``train-s1``, a weights file, or the name of weights that ship: ``mfe``
            (default) or ``real``; ``./real`` is the folder.

        Raises
        ------
        InputError
            If there are no whole weights of this version.
        """
        if path is None or path in SHIPPED:
            name = MFE if path is None else str(path)
            return cls._of(*load_shipped(name), f"the shipped weights '{name}'")
        path = Path(path)
        path = path / "weights.safetensors" if path.is_dir() else path
        return cls._of(*load_tensors(path, "s1"), str(path))

    @classmethod
    def _of(cls, tensors: Tensors, meta: dict[str, Any], path: str) -> "S1Model":
        try:
            network = BoxNet(NetworkConfig(**meta["network"]))
            network.load_state_dict(tensors)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path}: weights do not fit the network ({reason})") from None
        return cls(network)

    def maps(
        self, seqs: Sequence[str], dense: bool = False, votes: bool = True
    ) -> Iterator[tuple[int, Maps]]:
        """Run the network over sequences, batched by length.

        Parameters
        ----------
        seqs : sequence of str
        dense : bool
            Keep the logits of the boxes heads.
        votes : bool
            False leaves the boxes heads out: no votes, all *on* 0.

        Yields
        ------
        index : int
            Into `seqs`; every one comes once, in order of length.
        maps : Maps
        """
        lengths = np.array([len(seq) for seq in seqs], dtype=np.int64)
        for batch in length_batches(lengths, BATCH_PIXELS):
            with torch.inference_mode():
                batch_seqs = [seqs[index] for index in batch]
                grid, valid, canonical = input_tensors(batch_seqs, self.network.config.prior)
                tiled = grid.shape[-1] > self._max_whole
                state = self.network.encode(grid, valid, self._tile_rows if tiled else None)
                for line, index in enumerate(batch):
                    n = int(lengths[index])
                    outputs = _Outputs(self.network, canonical[line, :n, :n].numpy(), dense)
                    rows = self._tile_rows if tiled else n + n % 2
                    own = state[line : line + 1], grid[line : line + 1]
                    for first in range(0, n, rows):
                        features = self.network.features(*own, first, rows)
                        outputs.add(features[0, :, :n], first, votes)
                    maps = outputs.maps()
                    if self.network.rescorer is not None:
                        maps = maps._replace(pixels=PixelFeatures(self.network, *own))
                    yield int(index), maps


class _Outputs:
    """Collects the heads' outputs of one sequence from strips of pixel features."""

    def __init__(self, network: BoxNet, canonical: BoolArray, dense: bool) -> None:
        length = len(canonical)
        self._network, self._canonical = network, canonical
        self._ends = np.zeros((N_ENDS, length, length), dtype=np.float32)
        self._on = np.zeros((len(BoxKind), length, length), dtype=np.float32)
        shape = (N_BOX_CHANNELS, length, length)
        self._boxes = np.zeros(shape, dtype=np.float32) if dense else None
        self._inner: list[tuple[FloatArray, IntArray]] = []
        self._outer: list[tuple[FloatArray, IntArray]] = []
        self._votes: list[PixelVotes] = []

    def add(self, features: Tensor, first: int, votes: bool) -> None:
        """Take the strip of rows from `first`; features (rows, L, F)."""
        length = len(self._canonical)
        features = features[: length - first]
        stop = first + len(features)
        i, j = np.nonzero(self._canonical[first:stop])
        for index, logits in _in_chunks(self._network.ends, features, i, j):
            at = (slice(None), i[index] + first, j[index])
            self._ends[at] = sigmoid(logits.T)
        for channel, found, side in ((INNER, self._inner, 0), (OUTER, self._outer, 1)):
            i, j = np.nonzero(self._ends[channel, first:stop] >= MIN_END)
            for index, logits in _in_chunks(self._network.loops, features, i, j):
                pairs = np.stack([i[index] + first, j[index]], axis=1)
                found.append((logits[:, side * N_SIDE :][:, :N_SIDE], pairs))
        if not votes or self._network.boxes is None:
            return
        i, j = np.nonzero(np.arange(length) > np.arange(first, stop)[:, None])
        for index, logits in _in_chunks(self._network.boxes, features, i, j):
            self._add_boxes(logits.T, i[index] + first, j[index])

    def _add_boxes(self, logits: FloatArray, i: IntArray, j: IntArray) -> None:
        self._on[:, i, j] = sigmoid(logits[ON_CHANNELS])
        if self._boxes is not None:
            self._boxes[:, i, j] = logits
        self._votes.append(pixel_votes(logits, i, j, len(self._canonical)))

    def maps(self) -> Maps:
        """All that was collected."""
        ends = []
        for channel, found in ((INNER, self._inner), (OUTER, self._outer)):
            # _in_chunks yields an empty part where there is no pixel, so there is always one.
            logits = np.concatenate([part for part, _ in found])
            pairs = np.concatenate([part for _, part in found])
            log_end = np.log(self._ends[channel, pairs[:, 0], pairs[:, 1]])
            # An untrained network takes every pixel for an end.
            best = np.argsort(-log_end, kind="stable")[: MAX_ENDS * len(self._canonical)]
            best.sort()
            ends.append((pairs[best], log_end[best], logits[best]))
        inner, outer = ends
        loops = LoopEnds(*(part for pair in zip(inner, outer, strict=True) for part in pair))
        voted = tally_votes(self._votes)
        return Maps(self._ends, loops, self._on, voted, self._boxes, self._network.rescorer)


def _in_chunks(
    head: nn.Module, features: Tensor, i: IntArray, j: IntArray
) -> Iterator[tuple[slice, FloatArray]]:
    """Logits (P, C) of a head at pixels of a strip, part by part."""
    for start in range(0, max(len(i), 1), CHUNK_PIXELS):
        index = slice(start, start + CHUNK_PIXELS)
        pixels = features[torch.from_numpy(i[index]), torch.from_numpy(j[index])]
        yield index, head(pixels).numpy()
