"""The network that a training of S1 starts from."""

import dataclasses
from collections.abc import Sequence

from boxfold.features.errors import InputError
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet
from boxfold.s1.network_config import NetworkConfig
from boxfold.s1.reshaping import with_inputs_and_heads
from boxfold.s1.training_config import TrainS1Config


def load_start(path: str, config: TrainS1Config, rescorer: str | None = None) -> BoxNet:
    """Network to start from; its rescorer counts only if the rescorer is what is trained.

    Parameters
    ----------
    path : str
    config : TrainS1Config
    rescorer : str, optional
        Run or weights file whose rescorer takes the place of the network's own.

    Raises
    ------
    InputError
        If there are no whole weights, or they have another shape.
    """
    network = S1Model.load(path).network
    if not config.rescorer_only:
        network.rescorer = None
    elif rescorer is not None:
        other = S1Model.load(rescorer).network
        _check_shape(rescorer, other, config, (*_RESCORER_SHAPE, "name", "pixel_channels"))
        network.rescorer = other.rescorer
    elif network.rescorer is not None:
        _check_shape(path, network, config, _RESCORER_SHAPE)
    shape = [item.name for item in dataclasses.fields(NetworkConfig)]
    network = with_inputs_and_heads(network, config.network)
    _check_shape(path, network, config, [name for name in shape if name not in _RESCORER_SHAPE])
    return network


_RESCORER_SHAPE = ("rescoring", "rescoring_layers")


def _check_shape(path: str, network: BoxNet, config: TrainS1Config, names: Sequence[str]) -> None:
    wanted, found = dataclasses.asdict(config.network), dataclasses.asdict(network.config)
    differing = [
        f"{name} {found[name]}, not {wanted[name]}" for name in names if found[name] != wanted[name]
    ]
    if differing:
        raise InputError(f"{path}: the same network is needed, there it has {', '.join(differing)}")
