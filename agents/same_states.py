"""Which states of many episodes are the same: of one sequence, and with the same picks."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.network import AssemblyNetwork, Encoded


def same_states(
    sequence: NDArray[np.intp], picked: NDArray[np.int8]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Each state once; the order of picks makes no difference.

    Parameters
    ----------
    sequence : ndarray, dtype=int64, shape (S,)
    picked : ndarray, dtype=int8, shape (S, N)

    Returns
    -------
    first : ndarray, dtype=int64, shape (U,)
        A row in each state.
    state : ndarray, dtype=int64, shape (S,)
        State of each row, an index into `first`.

    Examples
    --------
    >>> first, state = same_states(np.array([0, 0, 1]), np.array([[0, 1], [0, 1], [0, 1]]))
    >>> first.tolist(), state.tolist()
    ([0, 2], [0, 0, 1])
    """
    bits = np.packbits(picked.astype(bool), axis=1)
    number = sequence.astype(">i8")[:, None].view(np.uint8)  # big-endian: sorted by sequence
    keys = np.concatenate([number, bits], axis=1)
    _, first, state = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return first, state.ravel()


def decoded_once(
    network: AssemblyNetwork,
    sequences: Encoded,
    sequence: NDArray[np.intp],
    states: tuple[Tensor, Tensor, Tensor],
) -> NDArray[np.floating]:
    """Logits of states of which many are the same, as when one sequence is assembled many times.

    Parameters
    ----------
    network : AssemblyNetwork
    sequences : Encoded
    sequence : ndarray, dtype=int64, shape (S,)
        Which of the encoded sequences each state is of.
    states : tuple of Tensor
        Picked boxes, mask and globals, see `AssemblyNetwork.decode`.

    Returns
    -------
    ndarray, dtype=float32, shape (S, N + 1)
    """
    if len(np.unique(sequence)) == len(sequence):  # no two of one sequence
        return network.decode(sequences.take(torch.from_numpy(sequence)), *states)[0].numpy()
    first, state = same_states(sequence, states[0].numpy())
    rows = torch.from_numpy(first)
    taken = sequences.take(torch.from_numpy(sequence[first]))
    logits, _ = network.decode(taken, *(part[rows] for part in states))
    return logits.numpy()[state]
