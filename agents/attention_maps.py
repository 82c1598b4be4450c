"""What the boxes of a sequence listen to: attention of the last encoder layer, and drawn."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.attention import PairAttentionLayer
from boxfold.agents.layout import Layout
from boxfold.agents.network import AssemblyNetwork
from boxfold.features.structure import IntArray

MOST_BOXES = 24
"""Boxes that are drawn, the most probable ones; their labels must be readable."""


@torch.no_grad()
def last_attention(network: AssemblyNetwork, layout: Layout) -> NDArray[np.float32]:
    """Weights of the last encoder layer, of the first sequence of a layout.

    Parameters
    ----------
    network : AssemblyNetwork
        With an encoder layer.
    layout : Layout
        N slots.

    Returns
    -------
    ndarray, dtype=float32, shape (H, N + 1, N + 1)
        ``[h, a, b]`` is what token a hears of token b in head h; the last token is STOP. Lines sum
        to 1.
    """
    layer = network.encoder[-1]
    assert isinstance(layer, PairAttentionLayer)
    heard: list[tuple[Tensor, ...]] = []
    hook = layer.register_forward_pre_hook(lambda _, arguments: heard.append(arguments))
    try:
        network.encode(*layout)
    finally:
        hook.remove()
    tokens, biases, *_ = heard[0]
    return layer.weights(tokens, biases)[0].numpy()


def draw_attention(weights: NDArray[np.float32], boxes: IntArray, title: str) -> Figure:
    """Mean over the heads, and each head, of the most probable boxes and STOP.

    Parameters
    ----------
    weights : ndarray, dtype=float32, shape (H, N + 1, N + 1)
        Of `last_attention`.
    boxes : ndarray, dtype=int, shape (N, 5)
        Slots, best first, -1 in empty ones.
    title : str

    Returns
    -------
    Figure
    """
    slots = np.flatnonzero(boxes[:, 0] >= 0)[:MOST_BOXES]
    kept = np.append(slots, len(boxes))
    heads = weights[:, kept][:, :, kept]
    names = [f"{i + 1}-{j + n} x{n}" for _, i, j, n, _ in boxes[slots].tolist()] + ["STOP"]
    figure = Figure(figsize=(9.2, 5.2), layout="constrained")
    mean, *panels = _panels(figure, len(heads))
    for axes, values in zip([mean, *panels], [heads.mean(axis=0), *heads], strict=True):
        picture = axes.imshow(values, vmin=0, vmax=float(heads.max()), cmap="magma")
        axes.set(xticks=[], yticks=[])
    for number, axes in enumerate(panels, start=1):
        axes.set_title(f"head {number}", fontsize=8)
    mean.set_xticks(range(len(kept)), names, rotation=90, fontsize=6)
    mean.set_yticks(range(len(kept)), names, fontsize=6)
    mean.set(xlabel="is heard (outer pair and length of the stem)", ylabel="hears")
    mean.set_title("mean over the heads", fontsize=8)
    figure.colorbar(picture, ax=panels, location="bottom", aspect=30, label="weight of attention")
    figure.suptitle(title, fontsize=10)
    return figure


def _panels(figure: Figure, n_heads: int) -> list[Axes]:
    """A large panel, and a small one for each head."""
    n_columns = -(-n_heads // 2)
    grid = figure.add_gridspec(2, 2 + n_columns)
    small = [figure.add_subplot(grid[k // n_columns, 2 + k % n_columns]) for k in range(n_heads)]
    return [figure.add_subplot(grid[:, :2]), *small]
