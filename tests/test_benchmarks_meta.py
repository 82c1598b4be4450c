"""Expected F1 by hand, whose relatives are held out, and one run of meta-assembly as a whole."""

import sys

import numpy as np
import pandas as pd
import pytest

from boxfold.agents.cross_fitting import Judged
from boxfold.envs.instance import Instance
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.features.structure_votes import voted_proposals

SEQ = "GGGGAAAACCCCAAGGGAAAACCC"
KNOWN, WRONG = "((((....))))............", "..............(((....)))"
KNOT_SEQ = "GGGAACCCAACCCAAGGG"
KNOT = "(((..[[[..)))..]]]"

pytestmark = pytest.mark.usefixtures("benchmarks")


def instance_of(seq, texts, reference, name="x", **of):
    structures = [base_pairs_from_dot_bracket(text) for text in texts]
    known = base_pairs_from_dot_bracket(reference)
    return Instance(name, seq, voted_proposals(seq, structures), known, texts=of)


def stems_of(instance, picks):
    return sorted(instance.boxes[list(picks), 1].tolist())


def test_a_stem_is_taken_while_it_raises_the_expected_f1():
    from meta_decoding import Decoding, most_expected

    rna = instance_of(SEQ, [KNOWN, WRONG], KNOWN)
    shares = np.where(rna.boxes[:, 1] == 0, 0.9, 0.4)
    # 4 known pairs: the first stem has 2 * 3.6 / (4 + 4) = .9, both 2 * 4.8 / (7 + 4) = .87
    assert stems_of(rna, most_expected(rna, shares, Decoding(4 / 24, 1.0))) == [0]
    # 12 known pairs: .45 and .505
    assert stems_of(rna, most_expected(rna, shares, Decoding(0.5, 1.0))) == [0, 14]
    assert most_expected(rna, np.zeros(rna.n_boxes), Decoding(0.5, 1.0)) == ()


def test_a_knot_pays():
    from meta_decoding import Decoding, most_expected

    rna = instance_of(KNOT_SEQ, [KNOT], KNOT)
    shares = np.where(rna.boxes[:, 1] == 0, 0.9, 0.8)
    assert len(most_expected(rna, shares, Decoding(0.3, 0.25))) == 2
    assert stems_of(rna, most_expected(rna, shares, Decoding(0.3, 4.0))) == [0]


def test_tuning_keeps_false_knots_few():
    from meta_decoding import Decoding, tune_decoding

    nested = KNOT.translate(str.maketrans("[]", ".."))
    plain, knotted = (instance_of(KNOT_SEQ, [KNOT], known) for known in (nested, KNOT))
    shares = [np.full(each.n_boxes, 0.9) for each in (plain, knotted)]
    density = (3 + 6) / 2 / len(KNOT_SEQ)
    judged = Judged([plain, knotted], shares)
    assert tune_decoding(judged, 10, 1.0, seed=0) == Decoding(density, 0.25)
    assert tune_decoding(judged, 10, 0.0, seed=0).knot_charge == 4.0


def test_columns_of_pairs_by_hand():
    from meta_pairs import pairs_of, probability_columns, vote_columns

    # a stem of three pairs and a rival that shares the base 0
    rna = instance_of(SEQ, ["(((......)))............", "(......................)"], KNOWN)
    assert pairs_of(rna).tolist() == [[0, 11], [0, 23], [1, 10], [2, 9]]
    votes = np.array([[1, 0, np.nan], [0, 1, np.nan], [1, 0, np.nan], [1, 0, np.nan]])
    found = vote_columns(rna, votes)
    assert found.shape == (4, 12 + 3)
    share, outwards, inwards, rival, rivals = found[:, :5].T
    assert share.tolist() == [0.5] * 4
    assert outwards.tolist() == [0, 0, 0.5, 0.5] and inwards.tolist() == [0.5, 0, 0.5, 0]
    assert rival.tolist() == rivals.tolist() == [0.5, 0.5, 0, 0]
    assert not found[:, 5:7].any()
    assert np.exp(found[:, 7]) == pytest.approx([3, 1, 3, 3])
    assert np.exp(found[:, 8]) - 0.1 == pytest.approx([1.5, 0.5, 1.5, 1.5])
    assert found[:, 9].tolist() == [1] * 4 and not found[:, 10].any()  # all are GC
    assert found[:, 11] == pytest.approx([0.5] * 4)
    assert found[:, 12:].tolist() == [[1, 0, 0.5], [0, 1, 0.5], [1, 0, 0.5], [1, 0, 0.5]]
    energies = probability_columns(pairs_of(rna), np.array([0.5, 0.25, 1.0, 0.0]))
    assert energies[:, 2].tolist() == [0.25, 0.5, 0, 0]
    assert energies[:, 1] == pytest.approx([0, np.log(1 / 3), np.log(999), -np.log(999)])
    assert energies[:, 4].tolist() == [0, 0, 0.5, 1] and energies[:, 5].tolist() == [1, 0, 0, 0]


def test_crossing_pairs_are_no_rivals():
    from meta_pairs import vote_columns

    rna = instance_of(KNOT_SEQ, [KNOT], KNOT)
    found = vote_columns(rna, np.ones((6, 1)))
    assert not found[:, 3:5].any()
    assert found[:, 5].tolist() == [1] * 6 and found[:, 6].tolist() == [3] * 6


def test_relatives_are_families_or_kinds_with_a_data_base():
    from meta_rows import relatives_of

    texts = [("RFAM", "RF9"), ("CRW", None), ("RFAM", "RF00005"), ("SPR", ""), ("PDB", None)]
    of = [{"family": base, "rfam_acc": accession} for base, accession in texts]
    found = [relatives_of(instance_of(SEQ, [KNOWN], KNOWN, **each)) for each in of]
    assert found == ["RF9", "CRW SPR", "CRW SPR", "CRW SPR", "PDB"]
    assert relatives_of(instance_of(SEQ, [KNOWN], KNOWN)) == "x"


@pytest.fixture
def files(tmp_path, call):
    """Forty RNAs of ten families; one tool is right and one is wrong."""
    names = [f"r{k}" for k in range(40)]
    known = pd.DataFrame({"id": names, "sequence": SEQ, "dot_bracket": KNOWN, "family": "RFAM"})
    known.assign(rfam_acc=[f"RF{k % 10}" for k in range(40)]).to_csv(
        tmp_path / "ts0.csv", index=False
    )
    tools = {"right": KNOWN, "wrong": WRONG}
    rows = [("ts0", name, tool, text) for tool, text in tools.items() for name in names]
    peers = pd.DataFrame(rows, columns=["set", "id", "tool", "dot_bracket"])
    peers.to_csv(tmp_path / "peers.csv", index=False)
    flags = ["--structures", tmp_path / "peers.csv", "--structure-set", "ts0"]
    flags += ["--data", tmp_path / "ts0.csv", "--out", tmp_path / "ts0.parquet"]
    assert call("propose", *flags).code == 0
    return tmp_path


def test_meta_assembly_learns_whom_to_trust(files, monkeypatch, capsys):
    import meta_assembly

    flags = ["--peers", files / "peers.csv", "--boxes", files, "--set", "ts0", "--out", files]
    flags += ["--parameters", "turner2004"]
    monkeypatch.setattr(sys, "argv", ["meta_assembly.py", *map(str, flags)])
    meta_assembly.main()
    table = pd.read_csv(files / "ts0_votes-turner2004_0.csv")
    assert sorted(table["id"]) == sorted(f"r{k}" for k in range(40))
    assert set(table["agent"]) == {"meta_ts0_votes-turner2004_0"}
    assert table["f1"].tolist() == [1.0] * 40 and set(table["dot_bracket"]) == {KNOWN}
    assert np.allclose(table["density"], 4 / len(SEQ))
    assert "F1 1.0000 of 40" in capsys.readouterr().out
