"""Weights of assembling networks on disk, with all that is needed to use them again."""

import dataclasses
from pathlib import Path
from typing import Any, Literal, NamedTuple

from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.envs.config import ActionTypes, AssemblyConfig
from boxfold.features.errors import InputError
from boxfold.features.token_names import TOKEN_NAMES
from boxfold.s1.run_folder import RunFolder, load_tensors

KIND = "assembly"
"""What weights files of agents call themselves."""

Role = Literal["policy", "supervised"]
"""How the logits are meant: one softmax per step, or one sigmoid per box."""


class Learned(NamedTuple):
    """A trained network and how to use it.

    Attributes
    ----------
    network : AssemblyNetwork
        In evaluation mode.
    role : {"policy", "supervised"}
    threshold : float
        Least probability of a box that a supervised network picks.
    geometry_only : bool
        Whether its tokens hold nothing but type, location and size.
    action_types : {"stem", "all"}
        What it picks.
    mask : bool
        False: it saw no conflicts while it was trained, nor does it now.
    """

    network: AssemblyNetwork
    role: Role
    threshold: float
    geometry_only: bool
    action_types: ActionTypes = "stem"
    mask: bool = True


def save_learned(
    run: RunFolder,
    network: AssemblyNetwork,
    assembly: AssemblyConfig,
    role: Role,
    threshold: float = 0.5,
    **facts: Any,
) -> None:
    """Write ``weights.safetensors`` of a run. Inverse of `load_learned`.

    Parameters
    ----------
    run : RunFolder
    network : AssemblyNetwork
    assembly : AssemblyConfig
        Of the environment that the network was trained in.
    role, threshold
        See `Learned`.
    **facts
        JSON-able facts kept with the weights, such as the epoch.
    """
    meta = {
        "kind": KIND,
        "role": role,
        "threshold": threshold,
        "geometry_only": assembly.geometry_only,
        "action_types": assembly.action_types,
        "mask": assembly.mask,
        "network": dataclasses.asdict(network.config),
        "token_names": list(TOKEN_NAMES),
        **facts,
    }
    run.save("weights", network.state_dict(), meta)


def seeing_reactivities(network: AssemblyNetwork) -> AssemblyNetwork:
    """The same network, which also sees reactivities; until it learns, they change nothing."""
    if network.config.reactivity:
        return network
    wider = AssemblyNetwork(dataclasses.replace(network.config, reactivity=True))
    wider.load_state_dict(network.state_dict(), strict=False)  # what is missing is 0
    return wider.eval()


def load_learned(path: str | Path) -> Learned:
    """Read a file of `save_learned`.

    Raises
    ------
    InputError
        If the file is missing, truncated, of another kind or version, or was trained on other
        token features than this version computes.
    """
    tensors, meta = load_tensors(path, KIND)
    if meta.get("token_names") != list(TOKEN_NAMES):
        raise InputError(f"{path}: trained on other box features than this version of boxfold has")
    network = AssemblyNetwork(NetworkConfig(**meta["network"]))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: weights do not fit their own description ({reason})") from None
    return Learned(
        network.eval(),
        meta["role"],
        meta["threshold"],
        meta["geometry_only"],
        meta.get("action_types", "stem"),
        meta.get("mask", True),
    )
