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

_KINDS = {
    "CRW SPR": "CRW SPR RF00001 RF00002 RF00005 RF00028 RF00029 RF00177 RF01852 RF01959 RF01960",
    "RNP": "RNP RF00009 RF00010 RF00011 RF00030 RF00373 RF01577 RF02357",
    "SRP": "SRP RF00017 RF00169 RF01502 RF01570 RF01854 RF01855 RF01856 RF01857",
    "tmRNA": "tmRNA RF00023 RF01849 RF01850 RF01851 RF02544",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}
"""Of data bases of few kinds of RNA, and of the Rfam families of these kinds: CRW has tRNAs, as
SPR, 5S rRNAs, pieces of other rRNAs and introns."""

PARTS = ("votes", "energies", "ensembles")
"""Groups of features; a variant is the first, the first two, or all of them."""


def instances_of(boxes: Path, set_name: str) -> list[Instance]:
    """Instances of a table of `boxfold propose --structures` with a known structure."""
    found = instances_from_frame(read_proposals(boxes / f"{set_name}.parquet"), max_boxes=256)
    return [each for each in found if each.reference is not None]


def relatives_of(instance: Instance) -> str:
    """What is held out together: the Rfam family, or a kind of RNA that has a data base.

    Many of such a data base have no accession, and would have relatives in training.
    """
    of = instance.texts
    base, accession = of.get("family") or "", of.get("rfam_acc") or ""
    return _KIND_OF.get(base) or _KIND_OF.get(accession) or accession or base or instance.id


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
