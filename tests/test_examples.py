"""The bundled RNAs are what the tables say, and the FASTA file is the table."""

import os
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from boxfold.features.fasta import read_fasta
from boxfold.features.structure import base_pairs_from_dot_bracket, is_nested

EXAMPLES = Path(str(files("boxfold.scripts"))) / "examples"
DATA = Path(
    os.environ.get("BOXFOLD_DATA", Path(__file__).resolve().parent.parent.parent / "shared/data")
)


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    return pd.read_csv(EXAMPLES / "rnas.csv")


def test_fasta_and_table_agree(examples):
    records = list(read_fasta(EXAMPLES / "rnas.fa", pytest.fail, pytest.fail))
    assert [record.id for record in records] == examples["id"].tolist()
    assert [record.seq for record in records] == examples["sequence"].tolist()
    described = (examples["name"] + ", " + examples["accession"]).tolist()
    assert [record.description for record in records] == described


def test_lengths_and_pseudoknots(examples):
    assert examples["sequence"].str.len().between(30, 200).all()
    pairs = {row.id: base_pairs_from_dot_bracket(row.dot_bracket) for row in examples.itertuples()}
    assert all(len(found) >= 5 for found in pairs.values())
    knotted = {name for name, found in pairs.items() if not is_nested(found)}
    assert knotted == {"preq1_pseudoknot", "sars_cov_pseudoknot", "lysine_riboswitch"}


def test_every_row_says_where_it_comes_from(examples):
    origin = examples[["name", "accession", "source", "table", "record"]]
    assert not origin.isna().any(axis=None)


@pytest.mark.skipif(not DATA.is_dir(), reason="set BOXFOLD_DATA to the folder of the tables")
def test_examples_equal_the_tables(examples):
    for row in examples.itertuples():
        table = pd.read_csv(DATA / f"{row.table}.csv.gz").set_index("id")
        known = table.loc[row.record]
        assert (row.sequence, row.dot_bracket) == (known["sequence"], known["dot_bracket"])


@pytest.mark.skipif(not DATA.is_dir(), reason="set BOXFOLD_DATA to the folder of the tables")
def test_the_pdb_accession_holds_the_sequence(examples):
    chains = pd.read_csv(DATA / "pdb_tr1_vl1.csv.gz").set_index("id")["sequence"]
    adenine = examples.set_index("id").loc["adenine_riboswitch"]
    assert adenine["accession"] == "PDB 1Y26"
    assert adenine["sequence"] in chains["1y26-1-X"]
