"""Weights of assembling networks on disk, with all that is needed to use them again."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.envs.config import ActionTypes, AssemblyConfig
from boxfold.features.errors import InputError
from boxfold.features.token_names import TOKEN_NAMES
from boxfold.s1.run_folder import RunFolder, load_tensors

KIND = "assembly"
"""What weights files of agents call themselves."""

Role = Literal["policy", "supervised", "judge"]
"""How the logits are meant: one softmax per step, or one sigmoid per box, of which boxes are taken
greedily (supervised) or by exact search (judge)."""


class Learned(NamedTuple):
    """A trained network and how to use it.

    Attributes
    ----------
    network : AssemblyNetwork
        In evaluation mode.
    role : {"policy", "supervised", "judge"}
    threshold : float
        Least probability of a box that a supervised network picks; share of true pairs at which a
        box is worth nothing to a judge's search.
    geometry_only : bool
        Whether its tokens hold nothing but type, location and size.
    action_types : {"stem", "all"}
        What it picks.
    mask : bool
        False: it saw no conflicts while it was trained, nor does it now.
    knot_charge : float
        Pairs that a stem outside of the nested part must be worth to a judge's search.
    trust : float
        Weight of a judge's word, the rest is that of S1's evidence.
    """

    network: AssemblyNetwork
    role: Role
    threshold: float
    geometry_only: bool
    action_types: ActionTypes = "stem"
    mask: bool = True
    knot_charge: float = 0.0
    trust: float = 1.0

    @classmethod
    def in_training(
        cls,
        network: AssemblyNetwork,
        role: Role,
        assembly: AssemblyConfig,
        threshold: float = 0.5,
        facts: Mapping[str, Any] | None = None,
    ) -> "Learned":
        """A network as it would be used now; arguments as for `save_learned`."""
        settings = {k: v for k, v in (facts or {}).items() if k in ("knot_charge", "trust")}
        seen = assembly.geometry_only, assembly.action_types, assembly.mask
        return cls(network, role, threshold, *seen, **settings)


def save_learned(
    run: RunFolder,
    network: AssemblyNetwork,
    assembly: AssemblyConfig,
    role: Role,
    threshold: float = 0.5,
    token_names: Sequence[str] = TOKEN_NAMES,
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
    token_names : sequence of str
        What the network sees of a box.
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
        "token_names": list(token_names),
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


def _token_names(role: Any) -> Sequence[str]:
    """What a network of a role sees of a box, in this version."""
    if role != "judge":
        return TOKEN_NAMES
    from boxfold.agents.judge_features import JUDGE_NAMES

    return JUDGE_NAMES


def load_learned(path: str | Path) -> Learned:
    """Read a file of `save_learned`.

    Raises
    ------
    InputError
        If the file is missing, truncated, of another kind or version, or was trained on other
        token features than this version computes.
    """
    tensors, meta = load_tensors(path, KIND)
    if meta.get("token_names") != list(_token_names(meta.get("role"))):
        raise InputError(f"{path}: trained on other box features than this version of boxfold has")
    try:
        network = AssemblyNetwork(NetworkConfig(**meta["network"]))
        network.load_state_dict(tensors)
        return _described(network.eval(), meta)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: weights do not fit their own description ({reason})") from None


def _described(network: AssemblyNetwork, meta: dict[str, Any]) -> Learned:
    """Network and how to use it, by what is kept with the weights."""
    role, action_types = meta["role"], meta.get("action_types", "stem")
    if role not in get_args(Role) or action_types not in get_args(ActionTypes):
        raise ValueError(f"role '{role}', action types '{action_types}'")
    return Learned(
        network,
        role,
        float(meta["threshold"]),
        bool(meta["geometry_only"]),
        action_types,
        bool(meta.get("mask", True)),
        float(meta.get("knot_charge", 0.0)),
        float(meta.get("trust", 1.0)),
    )
