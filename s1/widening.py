"""A trained network with further input channels, which it ignores until it is trained on them."""

import dataclasses
from collections.abc import Sequence

import torch

from boxfold.s1.network import BoxNet


def with_prior(network: BoxNet, parameters: Sequence[str]) -> BoxNet:
    """The same network, with channels of pair probabilities behind those it has.

    Parameters
    ----------
    network : BoxNet
        Without such channels and without a rescorer.
    parameters : sequence of str
        Sets of energy parameters.

    Returns
    -------
    BoxNet
        With the same outputs, whatever the new channels hold: their weights are zero.

    Raises
    ------
    ValueError
        If the network has such channels or a rescorer.
    """
    if network.config.prior or network.rescorer is not None:
        raise ValueError("only a network without pair probabilities and rescorer is widened")
    wide = BoxNet(dataclasses.replace(network.config, prior=tuple(parameters), rescoring=0))
    state = wide.state_dict()
    for name, weights in network.state_dict().items():
        if state[name].shape == weights.shape:
            state[name] = weights
        else:  # inputs are the second axis, the new ones come last
            state[name] = torch.zeros_like(state[name])
            state[name][:, : weights.shape[1]] = weights
    wide.load_state_dict(state)
    return wide
