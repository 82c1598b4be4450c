"""Small good files of every format: where fuzzing starts."""

import dataclasses
import gzip
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from boxfold.agents.learned import save_learned
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig as AssemblyNetworkConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.features.formats import StructureRecord, to_bpseq, to_ct, to_dbn
from boxfold.features.proposals import run_proposals
from boxfold.features.record_tables import CSV_COLUMNS, csv_line, to_csv, to_json
from boxfold.features.stockholm import to_stockholm
from boxfold.features.structure import dot_bracket
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.run_folder import RunFolder, save_tensors
from boxfold.s1.tables import proposals_to_columns, write_dataset, write_proposals

_SEQ = "GGGGAAAACCCCAGGGAAACCC"
_PAIRS = np.array([[0, 11], [1, 10], [2, 9], [3, 8], [13, 21], [14, 20], [15, 19]])
_RECORDS = [
    StructureRecord("tiny", _SEQ, _PAIRS, -7.5, 0.75, 2),
    StructureRecord("knot", "GGGAAACCCUUUGGG", np.array([[0, 8], [1, 7], [6, 14]])),
]


def fasta() -> list[bytes]:
    """Plain, gzip, with comments and odd ends of lines."""
    text = b">one chromosome:GRCh38:9:1:200:1 gene:G1\nGGGGAAAACCCC\nACGUN\n>two|G2|\nACGT\n"
    return [text, gzip.compress(text, mtime=0), b"\xef\xbb\xbf;note\r\n>x range=chr9:1-4\rAC\rGU\r"]


def dbn() -> list[bytes]:
    """Two records, one with energy, rank and confidence."""
    return ["".join(map(to_dbn, _RECORDS)).encode()]


def ct() -> list[bytes]:
    """The same as a connect table."""
    return ["".join(map(to_ct, _RECORDS)).encode()]


def bpseq() -> list[bytes]:
    """The same as bpseq."""
    return ["".join(map(to_bpseq, _RECORDS)).encode()]


def stockholm() -> list[bytes]:
    """The same, and an alignment of two sequences in two blocks."""
    aligned = """# STOCKHOLM 1.0
#=GF ID x
a        GGGAA-
b        GG-AAA
#=GC SS_cons <<<___

a        ACCC
b        .CCC
#=GC SS_cons .>>>
//
"""
    return ["".join(map(to_stockholm, _RECORDS)).encode(), aligned.encode()]


def record_csv() -> list[bytes]:
    """The same as a table of predictions."""
    return [(csv_line(CSV_COLUMNS) + "".join(map(to_csv, _RECORDS))).encode()]


def record_json() -> list[bytes]:
    """The same as JSON."""
    return [f"[{','.join(map(to_json, _RECORDS))}]".encode(), to_json(_RECORDS[1]).encode()]


def structures() -> list[bytes]:
    """Each text format, and CSV."""
    table = b"id,sequence,dot_bracket,tool,set\na,GGAAACC,((...)),one,x\nb,,(...),two,y\n"
    return [*dbn(), *ct(), *bpseq(), *stockholm(), *record_json(), table]


def csv() -> list[bytes]:
    """Sequences with structures and further columns."""
    return [
        b"id,sequence,dot_bracket\na,GGAAACC,((...))\nb,ACGP,\n",
        b'id,sequence,dot_bracket,free_energy,group,sample\na,ACGU,"....",-1.5,g,0\nb,AC,,,,\n',
        *fasta(),
    ]


def peers() -> list[bytes]:
    """Predictions of other tools."""
    return [b"id,tool,dot_bracket\na,one,((...))\na,two,.......\n"]


def reactivities() -> list[bytes]:
    """TSV, CSV and RDAT."""
    return [
        b"a\t0.1\tNaN\t0.7\nb\t0\t-999\n",
        b'id,reactivity\na,"[0.1, null, 2]"\nb,0.1 0.2;3\n',
        b"RDAT_VERSION\t0.34\nNAME\tx\nSEQUENCE\tACGU\nOFFSET 0\nSEQPOS\tA1 C2 G3\n"
        b"ANNOTATION_DATA:1\tname:y sequence:ACGU\nREACTIVITY:1\t0.1 0.2 1e3\n",
    ]


def reward_files() -> list[bytes]:
    """YAML of weights and settings."""
    return [
        b"energy: 1\nshape: 0.5\n",
        b"energy:\n  weight: 2\n  temperature: 25.0\n  parameters: turner1999\ns1: .3\n",
        b"similarity: {weight: 1, path: refs.dbn}\n",
    ]


def reward_texts() -> list[bytes]:
    """What ``--reward`` takes."""
    return [b"energy=1,shape=0.5", b"potential", b"self_consistency = 2", b"f1=1,s1=-1e3"]


def flag_values() -> list[bytes]:
    """Numbers and ranges."""
    return [b"20-200", b"64", b"0.5", b"-1", b"1e-3", b"inf"]


def gtf() -> list[bytes]:
    """Exons of both strands."""
    line = '9\ttest\texon\t{}\t{}\t.\t{}\t.\tgene_id "g"; transcript_id "{}";\n'
    lines = [line.format(1, 8, "+", "t1"), line.format(12, 20, "-", "t2")]
    return ["".join(lines).encode(), gzip.compress("".join(lines).encode(), mtime=0)]


def genome() -> list[bytes]:
    """One chromosome in lines of one length."""
    return [b">9 dna\nACGTACGTAC\nGTNNACGTAC\nACG\n", b">chr9\nACGTACGTACGTACGTACGTACGT\n>MT\nAC\n"]


@cache
def tables() -> list[bytes]:
    """A data set and a table of proposals."""
    known = dot_bracket(_PAIRS, len(_SEQ))
    frame = pd.DataFrame(
        {"id": ["a", "b"], "sequence": [_SEQ, "ACGU"], "dot_bracket": [known, None]}
    )
    columns = [proposals_to_columns(run_proposals(seq, 8)) for seq in frame["sequence"]]
    listed = {name: [column[name] for column in columns] for name in columns[0]}
    return [
        _written(lambda path: write_dataset(frame, path)),
        _written(lambda path: write_proposals(frame.assign(**listed), path)),
    ]


@cache
def s1_weights() -> list[bytes]:
    """A tiny S1."""
    torch.manual_seed(0)
    config = NetworkConfig(channels=4, n_blocks=1)
    meta = {"kind": "s1", "network": dataclasses.asdict(config)}
    return [_written(lambda path: save_tensors(path, BoxNet(config).state_dict(), meta))]


@cache
def agent_weights() -> list[bytes]:
    """A tiny policy."""
    torch.manual_seed(0)
    network = AssemblyNetwork(
        AssemblyNetworkConfig(embed_dim=8, n_heads=2, n_encoder_layers=1, feedforward_dim=8)
    )

    def save(path: Path) -> None:
        run = RunFolder(path.parent)
        save_learned(run, network, AssemblyConfig(), "policy")
        (path.parent / "weights.safetensors").rename(path)

    return [_written(save)]


def run_folders() -> list[bytes]:
    """Texts that config, metrics or calibration may be."""
    config = {"seed": 1, "training": {"epochs": 3}, "data": ["a.parquet"]}
    texts = [json.dumps(config), "step,loss\n1,0.5\n2,\n", '{"slope": 1.5, "intercept": -0.25}']
    return [text.encode() for text in texts]


def _written(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        # Without its checksum: damage would be noticed at once, and nothing else tried.
        return path.read_bytes().replace(b"boxfold-sha256-", b"boxfold-no-sum-")
