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
    flags += ["--parts", "votes", "energies", "--trees", "20", "--columns", "1"]
    monkeypatch.setattr(sys, "argv", ["meta_assembly.py", *map(str, flags)])
    meta_assembly.main()
    table = pd.read_csv(files / "ts0_votes-energies_0.csv")
    assert sorted(table["id"]) == sorted(f"r{k}" for k in range(40))
    assert set(table["agent"]) == {"meta_ts0_votes-energies_0"}
    assert table["f1"].tolist() == [1.0] * 40 and set(table["dot_bracket"]) == {KNOWN}
    assert np.allclose(table["density"], 4 / len(SEQ))
    assert "F1 1.0000 of 40" in capsys.readouterr().out
