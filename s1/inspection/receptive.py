"""How far a trained network looks: gradients of an output with respect to the input around it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from boxfold.features.box import BoxKind, outer_pairs
from boxfold.s1.batches import Example, input_tensors
from boxfold.s1.box_losses import ON_CHANNELS
from boxfold.s1.ends import OUTER
from boxfold.s1.network import BoxNet

OUTPUTS = ("outer end", "on stem")
"""Logits whose gradients are taken, at the outer pair of a stem."""

MAX_LENGTH = 300
"""Longer sequences are left out: gradients keep every layer in memory."""


def gradient_profile(
    network: BoxNet, examples: Sequence[Example], max_examples: int, seed: int
) -> pd.DataFrame:
    """Gradient magnitude by distance from a target pixel, mean over examples.

    The magnitude at a pixel is the norm over the input channels. Bases are channels of every
    pixel of their row and column, and run channels sum over pixels already; neither is undone.

    Parameters
    ----------
    network : BoxNet
    examples : sequence of Example
        The longest up to `MAX_LENGTH` that have a stem are used.
    max_examples : int
    seed : int
        Draws one stem of each example.

    Returns
    -------
    DataFrame
        ``output`` (of `OUTPUTS`), ``distance`` (larger one of rows and columns), ``pixels``
        (per example), ``gradient`` (mean magnitude of a pixel, in units of that at distance 0),
        ``share`` of all magnitudes at that distance, ``within`` (the same up to it), ``cross``:
        the part of ``share`` within one row or one column of the target.
    """
    usable = [e for e in examples if len(e.stems) and len(e.seq) <= MAX_LENGTH]
    usable = sorted(usable, key=lambda example: -len(example.seq))[:max_examples]
    rng = np.random.default_rng(seed)
    parts = []
    for example in usable:
        pixel = tuple(outer_pairs(example.stems)[rng.integers(len(example.stems))].tolist())
        for output, magnitude in zip(OUTPUTS, gradients(network, example.seq, pixel), strict=True):
            parts.append(_rings(magnitude, pixel).assign(output=output))
    if not parts:
        return pd.DataFrame(columns=["output", "distance", *_COLUMNS])
    totals = pd.concat(parts).groupby(["output", "distance"], sort=False).sum().sort_index()
    totals /= len(usable)
    return totals.groupby("output", sort=False, group_keys=False).apply(_shares).reset_index()


_COLUMNS = ("pixels", "gradient", "share", "within", "cross")


def gradients(network: BoxNet, seq: str, pixel: tuple[int, int]) -> tuple[NDArray[np.float32], ...]:
    """Gradient magnitude of each of `OUTPUTS` at a pixel, with respect to every input pixel.

    Parameters
    ----------
    network : BoxNet
    seq : str
    pixel : tuple of int

    Returns
    -------
    tuple of ndarray, dtype=float32, shape (L, L)
    """
    grid, valid, _ = input_tensors([seq])
    grid.requires_grad_()
    features = network.eval()(grid, valid)[0, pixel[0], pixel[1]]
    assert network.boxes is not None
    on = network.boxes(features)[ON_CHANNELS[BoxKind.STEM]]
    logits = (network.ends(features)[OUTER], on)
    found = (torch.autograd.grad(logit, grid, retain_graph=True)[0] for logit in logits)
    return tuple(gradient[0].norm(dim=0).numpy() for gradient in found)


def _rings(magnitude: NDArray[np.float32], pixel: tuple[int, int]) -> pd.DataFrame:
    """Sums over the pixels at each distance; every example weighs the same."""
    position = np.arange(len(magnitude))
    rows, columns = np.abs(position - pixel[0])[:, None], np.abs(position - pixel[1])[None]
    distance = np.maximum(rows, columns).ravel()
    in_cross = (np.minimum(rows, columns) <= 1).ravel()
    share = magnitude.ravel() / max(float(magnitude.sum()), 1e-30)
    sums = [np.bincount(distance, w) for w in (np.ones_like(share), share, share * in_cross)]
    frame = pd.DataFrame(dict(zip(("pixels", "share", "cross"), sums, strict=True)))
    return frame.rename_axis("distance").reset_index()


def _shares(totals: pd.DataFrame) -> pd.DataFrame:
    per_pixel = totals["share"] / totals["pixels"]
    totals = totals.assign(gradient=per_pixel / per_pixel.iloc[0], within=totals["share"].cumsum())
    return totals[list(_COLUMNS)]
