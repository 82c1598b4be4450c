"""What meta-assembly learns from: instances of the peers' stems, and their features, made once."""

import argparse
from pathlib import Path

import numpy as np

from boxfold.agents.box_features import FloatArray
from boxfold.agents.peers import read_peers
from boxfold.agents.thermo_features import energy_features, ensemble_features
from boxfold.agents.tool_features import tool_features
from boxfold.envs.instance import Instance
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.files import atomic_path
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.tables import read_proposals

PARTS = ("votes", "energies", "ensembles")
"""Groups of features; a variant is the first, the first two, or all of them."""


def instances_of(boxes: Path, set_name: str) -> list[Instance]:
    """Instances of a table of `boxfold propose --structures` with a known structure."""
    found = instances_from_frame(read_proposals(boxes / f"{set_name}.parquet"), max_boxes=256)
    return [each for each in found if each.reference is not None]


class Features:
    """Features of the stems of sets, by id; computed on first use and kept in a folder.

    Parameters
    ----------
    args : argparse.Namespace
        ``peers``, ``boxes``, ``out`` and ``parameters``.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._rows: dict[str, dict[str, FloatArray]] = {part: {} for part in PARTS}
        named = read_peers(args.peers, None, on_error=lambda line: None)
        self._tools = sorted(peer.name for peer in named)

    def add(self, set_name: str, instances: list[Instance], parts: tuple[str, ...]) -> None:
        """Compute what is wanted, or read it."""
        for part in parts:
            path = Path(self._args.out) / f"features_{set_name}_{part}.npz"
            if not path.exists():
                rows = self._computed(part, set_name, instances)
                with atomic_path(path) as new, new.open("wb") as file:
                    np.savez_compressed(file, **rows)
            with np.load(path) as stored:
                self._rows[part].update({name: stored[name] for name in stored.files})

    def of(self, instance: Instance, parts: tuple[str, ...]) -> FloatArray:
        """Columns of some parts."""
        return np.concatenate([self._rows[part][instance.id] for part in parts], axis=1)

    def _computed(
        self, part: str, set_name: str, instances: list[Instance]
    ) -> dict[str, FloatArray]:
        if part == "energies":
            return {each.id: energy_features(each) for each in instances}
        if part == "ensembles":
            wanted = self._args.parameters
            return {each.id: ensemble_features(each, wanted) for each in instances}
        peers = read_peers(self._args.peers, set_name, on_error=print)
        rows = {}
        for each in instances:
            structures = {
                peer.name: base_pairs_from_dot_bracket(peer.structures[each.id])
                for peer in peers
                if peer.knows(each)
            }
            rows[each.id] = tool_features(each, structures, self._tools)
        return rows
