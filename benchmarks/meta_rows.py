"""What meta-assembly learns from: instances of the peers' stems, their relatives and features."""

import argparse
from pathlib import Path

import numpy as np
from meta_pairs import pairs_of, probability_columns, vote_columns

from boxfold.agents.box_features import FloatArray
from boxfold.agents.peers import PeerAgent, read_peers
from boxfold.envs.instance import Instance
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.files import atomic_path
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.ensemble import pair_probabilities
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
    """Features of the pairs of sets, by id; probabilities are kept in a folder.

    Parameters
    ----------
    args : argparse.Namespace
        ``peers``, ``out`` and ``parameters``, of energy models.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._rows: dict[str, FloatArray] = {}
        named = read_peers(args.peers, None, on_error=lambda line: None)
        self._tools = sorted(peer.name for peer in named)

    def add(self, set_name: str, instances: list[Instance]) -> None:
        """Compute what `of` gives."""
        peers = read_peers(self._args.peers, set_name, on_error=print)
        models = [self._probabilities(set_name, name, instances) for name in self._args.parameters]
        for each in instances:
            votes = vote_columns(each, self._votes(each, peers))
            energies = [probability_columns(pairs_of(each), known[each.id]) for known in models]
            self._rows[each.id] = np.concatenate([votes, *energies], axis=1)

    def of(self, instance: Instance) -> FloatArray:
        """Columns of `meta_pairs` of its pairs, shape (P, features)."""
        return self._rows[instance.id]

    def _votes(self, instance: Instance, peers: list[PeerAgent]) -> FloatArray:
        """Which tool has which pair, shape (P, tools); NaN where it lacks the sequence."""
        keys = np.array([len(instance.seq), 1])
        pairs = pairs_of(instance) @ keys
        votes = np.full((len(pairs), len(self._tools)), np.nan)
        for peer in peers:
            if peer.knows(instance):
                found = base_pairs_from_dot_bracket(peer.structures[instance.id])
                votes[:, self._tools.index(peer.name)] = np.isin(pairs, found @ keys)
        return votes

    def _probabilities(
        self, set_name: str, parameters: str, instances: list[Instance]
    ) -> dict[str, FloatArray]:
        """Of the pairs of each instance by ViennaRNA."""
        path = Path(self._args.out) / f"probabilities_{set_name}_{parameters}.npz"
        if not path.exists():
            rows = {
                each.id: pair_probabilities(each.seq, parameters)[tuple(pairs_of(each).T)]
                for each in instances
            }
            with atomic_path(path) as new, new.open("wb") as file:
                np.savez_compressed(file, **rows)
        with np.load(path) as stored:
            return {name: stored[name].astype(np.float64) for name in stored.files}
