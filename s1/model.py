"""A trained S1 network: weights from disk, maps of sequences."""

from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from boxfold.features.errors import InputError
from boxfold.s1.batches import input_tensors, length_batches
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.run_folder import load_tensors

BATCH_PIXELS = 16 * 64 * 64

SHIPPED_WEIGHTS = "weights/s1.safetensors"

FloatArray = NDArray[np.float32]


class Maps(NamedTuple):
    """Outputs of the network for one sequence of length L.

    Attributes
    ----------
    ends : ndarray, dtype=float32, shape (3, L, L)
        Probabilities.
    boxes : ndarray, dtype=float32, shape (123, L, L)
        Logits.
    """

    ends: FloatArray
    boxes: FloatArray


class S1Model:
    """A trained S1 network, ready to propose.

    Parameters
    ----------
    network : BoxNet
    """

    def __init__(self, network: BoxNet) -> None:
        self.network = network.eval()

    @classmethod
    def load(cls, path: str | Path | None = None) -> "S1Model":
        """Read weights.

        Parameters
        ----------
        path : str or Path, optional
            Run folder of ``train-s1`` or a weights file; default: the weights that ship.

        Raises
        ------
        InputError
            If there are no whole weights of this version.
        """
        if path is None:
            with as_file(files("boxfold.s1").joinpath(SHIPPED_WEIGHTS)) as shipped:
                return cls._read(shipped)
        path = Path(path)
        return cls._read(path / "weights.safetensors" if path.is_dir() else path)

    @classmethod
    def _read(cls, path: Path) -> "S1Model":
        tensors, meta = load_tensors(path, "s1")
        try:
            network = BoxNet(NetworkConfig(**meta["network"]))
            network.load_state_dict(tensors)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path}: weights do not fit the network ({reason})") from None
        return cls(network)

    def maps(self, seqs: Sequence[str]) -> Iterator[tuple[int, Maps]]:
        """Run the network over sequences, batched by length.

        Parameters
        ----------
        seqs : sequence of str

        Yields
        ------
        index : int
            Into `seqs`; every one comes once, in order of length.
        maps : Maps
        """
        lengths = np.array([len(seq) for seq in seqs], dtype=np.int64)
        for batch in length_batches(lengths, BATCH_PIXELS):
            with torch.inference_mode():
                grid, valid, _ = input_tensors([seqs[index] for index in batch])
                outputs = self.network(grid, valid)
                ends = torch.sigmoid(outputs["ends"]).numpy()
                boxes = outputs["boxes"].numpy()
            for line, index in enumerate(batch):
                n = lengths[index]
                yield int(index), Maps(ends[line, :, :n, :n], boxes[line, :, :n, :n])
