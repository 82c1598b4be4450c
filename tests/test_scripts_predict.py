import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boxfold.agents import predictor
from boxfold.features.errors import InputError
from boxfold.features.formats import StructureRecord, from_bpseq, from_ct, from_dbn
from boxfold.features.record_tables import CSV_COLUMNS
from boxfold.features.stockholm import from_stockholm
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.energy import EnergyModel, mfe
from boxfold.scripts import cli
from boxfold.scripts.layouts import LAYOUTS, Layout, write_predictions

HAIRPIN = "GGGGAAAACCCC"
TWO = f">one first\n{HAIRPIN}\n>two\nGGCGAAAGCCAAGGCGAAAGCC\n"


@pytest.fixture
def fasta(tmp_path) -> Path:
    path = tmp_path / "rnas.fa"
    path.write_text(TWO)
    return path


@pytest.fixture
def predict(predict):
    """The shared one, with an agent that is always right about its boxes."""

    def run(source, *flags, agent="exact"):
        return predict(source, *flags, agent=agent)

    return run


def test_dbn_is_what_rnafold_prints(fasta, predict):
    code, out, err = predict(fasta)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    heads = [re.fullmatch(r"(>\w+) confidence=([01]\.\d{3})", line) for line in lines[0::3]]
    assert [head[1] for head in heads] == [">one", ">two"]
    assert lines[1::3] == [HAIRPIN, "GGCGAAAGCCAAGGCGAAAGCC"]
    for seq, line in zip(lines[1::3], lines[2::3], strict=True):
        match = re.fullmatch(r"([.()]+) \(( *-?\d+\.\d\d)\)", line)
        assert match is not None
        assert len(match[2]) == 6
        pairs = base_pairs_from_dot_bracket(match[1])
        assert float(match[2]) == EnergyModel(seq).free_energy(pairs)


def test_rnafold_agent_finds_the_mfe(fasta, predict):
    code, out, _ = predict(fasta, agent="rnafold")
    found = [record.free_energy for record in from_dbn(out)]
    assert code == 0
    assert found == [round(mfe(record.seq).free_energy, 2) for record in from_dbn(out)]
    assert out.splitlines()[2] == "((((....)))) ( -5.40)"


def test_standard_input(fasta, predict, monkeypatch):
    expected = predict(fasta)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TWO.encode())))
    assert predict("-") == expected


def test_short_sequences_are_open_chains(tmp_path, predict):
    path = tmp_path / "short.fa"
    path.write_text(">a\nGUAC\n>b\nG\n")
    sure = " confidence=1.000"  # nothing can pair
    expected = f">a{sure}\nGUAC\n.... (  0.00)\n>b{sure}\nG\n. (  0.00)\n"
    assert predict(path) == (0, expected, "")


def test_a_sequence_without_any_pair_is_an_open_chain(tmp_path, predict):
    path = tmp_path / "flat.fa"
    path.write_text(">flat\nAAAAAAAAAAAAAAAAAAAA\n")
    for agent in ("exact", "beam", "random", "greedy-s1", "rnafold"):
        assert predict(path, agent=agent) == (
            0,
            f">flat confidence=1.000\n{'A' * 20}\n{'.' * 20} (  0.00)\n",
            "",
        )


def test_longer_than_max_length_is_named_and_the_rest_finished(tmp_path, predict):
    path = tmp_path / "long.fa"
    path.write_text(f">long\n{'ACGU' * 20}\n>one\n{HAIRPIN}\n")
    code, out, err = predict(path, "--max-length", "79")
    assert code == 1
    assert err == "boxfold: record 'long': 80 nt, allowed are 79 (--max-length)\n"
    assert [record.id for record in from_dbn(out)] == ["one"]


@pytest.mark.parametrize(
    "name, reader", [("ct", from_ct), ("bpseq", from_bpseq), ("stockholm", from_stockholm)]
)
def test_formats_hold_the_same_structures(name, reader, fasta, predict):
    expected = from_dbn(predict(fasta)[1])
    found = reader(predict(fasta, "--format", name)[1])
    assert [(r.id, r.seq, r.free_energy, r.structure_confidence) for r in found] == [
        (r.id, r.seq, r.free_energy, r.structure_confidence) for r in expected
    ]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.base_pairs, other.base_pairs)


def test_json(fasta, predict):
    expected = from_dbn(predict(fasta)[1])
    found = json.loads(predict(fasta, "--format", "json")[1])
    assert [set(entry) for entry in found] == 2 * [{*CSV_COLUMNS, "base_pairs"}]
    for entry, record in zip(found, expected, strict=True):
        assert (entry["id"], entry["sequence"]) == (record.id, record.seq)
        assert entry["free_energy"] == record.free_energy
        assert entry["base_pairs"] == record.base_pairs.tolist()
        assert entry["structure_confidence"] == record.structure_confidence
        assert len(entry["confidence"]) == len(record.base_pairs)
        assert all(0 <= value <= 1 for value in entry["confidence"]) and entry["rank"] == 1
        assert base_pairs_from_dot_bracket(entry["dot_bracket"]).tolist() == entry["base_pairs"]


def test_csv_has_the_columns_that_other_verbs_read(fasta, predict):
    frame = pd.read_csv(io.StringIO(predict(fasta, "--format", "csv")[1]))
    assert frame.columns.tolist() == list(CSV_COLUMNS)
    assert CSV_COLUMNS[:4] == ("id", "sequence", "dot_bracket", "free_energy")
    entries = json.loads(predict(fasta, "--format", "json")[1])
    cells = [[float(value) for value in cell.split()] for cell in frame["confidence"]]
    assert cells == [entry["confidence"] for entry in entries]
    assert frame["structure_confidence"].tolist() == [e["structure_confidence"] for e in entries]
    assert frame["id"].tolist() == ["one", "two"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_of_nothing_are_well_formed(name):
    file = io.StringIO()
    write_predictions([], LAYOUTS[name], file)
    text = file.getvalue()
    if name == "json":
        assert json.loads(text) == []
    else:
        assert text == (",".join(CSV_COLUMNS) + "\n" if name == "csv" else "")


def test_layout_places_its_parts():
    file = io.StringIO()
    records = [StructureRecord(name, "A", np.zeros((0, 2), dtype=int)) for name in "xyz"]
    write_predictions(records, Layout(lambda r: r.id, "<", "|", ">"), file)
    assert file.getvalue() == "<x|y|z>"


def test_out_holds_what_standard_output_would(fasta, tmp_path, predict):
    out = tmp_path / "new" / "found.dbn"
    expected = predict(fasta)[1]
    assert predict(fasta, "--out", str(out)) == (0, "", "")
    assert out.read_text() == expected
    assert [path.name for path in out.parent.iterdir()] == ["found.dbn"]


def test_existing_output_is_kept_unless_told(fasta, tmp_path, predict):
    out = tmp_path / "found.dbn"
    out.write_text("precious")
    code, _, err = predict(fasta, "--out", str(out))
    assert (code, out.read_text()) == (2, "precious")
    assert err.count("\n") == 1 and "exists already" in err
    assert predict(fasta, "--out", str(out), "--overwrite")[0] == 0
    assert out.read_text().startswith(">one confidence=")


def test_bad_input_leaves_no_output_file(tmp_path, predict):
    out = tmp_path / "found.dbn"
    assert predict(tmp_path / "absent.fa", "--out", str(out))[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_samples_and_seed(fasta, predict):
    once = predict(fasta, "--samples", "4", "--seed", "3", agent="random")
    assert once == predict(fasta, "--samples", "4", "--seed", "3", agent="random")
    assert once[0] == 0


def test_pseudoknots_are_predicted_where_allowed(tmp_path, predict):
    path = tmp_path / "knot.fa"
    path.write_text(">knot\nGGGGGGAAACCCCCCAAAAACCCCCCAAAGGGGGG\n")
    code, out, err = predict(path, "--pseudoknots", "allow", agent="greedy-energy")
    assert (code, err) == (0, "")
    assert len(from_dbn(out)) == 1


@pytest.mark.parametrize(
    "name, reader", [("dbn", from_dbn), ("ct", from_ct), ("bpseq", from_bpseq)]
)
def test_alternatives_come_by_rank_below_one_id(name, reader, fasta, predict):
    found = reader(predict(fasta, "--top", "3", "--format", name)[1])
    ranks = [(record.id, record.rank) for record in found]
    assert ("two", 2) in ranks
    assert ranks == sorted(ranks)
    for record in found:
        assert record.structure_confidence is not None
    first = [record.base_pairs.tolist() for record in found if record.rank == 1]
    alone = reader(predict(fasta, "--format", name)[1])
    assert first == [record.base_pairs.tolist() for record in alone]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], "allow"),
        (["--agent", "evidence-beam"], "allow"),
        (["--agent", "clone"], "forbid"),
        (["--agent", "clone", "--pseudoknots", "allow"], "allow"),
        (["--pseudoknots", "forbid"], "forbid"),
    ],
)
def test_agents_that_charge_for_knots_may_build_them(flags, expected, tmp_path, monkeypatch):
    seen = []

    def load(s1, agent, pseudoknots, *others):
        seen.append(pseudoknots)
        raise InputError("enough")

    monkeypatch.setattr(predictor.Predictor, "load", load)
    fasta = tmp_path / "one.fa"
    fasta.write_text(">a\nGGGGAAAACCCC\n")
    assert cli.main(["predict", str(fasta), *flags]) == 2
    assert seen == [expected]
