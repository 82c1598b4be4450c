"""A trained network as the start of another one, which has other inputs or fewer heads."""

import dataclasses

import torch

from boxfold.s1.network import BoxNet
from boxfold.s1.network_config import NetworkConfig


def with_inputs_and_heads(network: BoxNet, wanted: NetworkConfig) -> BoxNet:
    """The same network with the pair probabilities and without the boxes heads, as wanted.

    What comes in on new channels counts nothing until it is trained on: their weights are zero.
    Whatever else differs is left as it is.

    Parameters
    ----------
    network : BoxNet
    wanted : NetworkConfig

    Returns
    -------
    BoxNet
        The given one, if it has these channels and heads, or a rescorer.
    """
    found = network.config
    prior = found.prior or wanted.prior
    boxes = found.boxes and wanted.boxes
    if (prior, boxes) == (found.prior, found.boxes) or network.rescorer is not None:
        return network
    reshaped = BoxNet(dataclasses.replace(found, prior=prior, boxes=boxes, rescoring=0))
    state, before = reshaped.state_dict(), network.state_dict()
    for name in state:
        weights = before[name]
        if state[name].shape != weights.shape:  # inputs are the second axis, the new ones come last
            padded = torch.zeros_like(state[name])
            padded[:, : weights.shape[1]] = weights
            weights = padded
        state[name] = weights
    reshaped.load_state_dict(state)
    return reshaped
