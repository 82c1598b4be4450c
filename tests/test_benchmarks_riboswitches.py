"""Which RNAs count as knotted riboswitches, and when one has its knot."""

from types import SimpleNamespace

import pandas as pd
import pytest

from boxfold.features.formats import StructureRecord
from boxfold.features.structure import base_pairs_from_dot_bracket

pytestmark = pytest.mark.usefixtures("benchmarks")

KNOT, NESTED = "(((..[[[..)))..]]]", "(((.......)))....."
SEQS = [f"GGGAACCCAACCCAAGG{end}" for end in "ACGU"]


@pytest.fixture
def shared(tmp_path):
    tables = {
        "bprna_ts0": {"id": list("abc"), "rfam_acc": ["RF01831", "RF01831", "RF00005"]},
        "pdb_tr1_vl1": {"id": ["4znp-1-A", "4lvw-1-A", "9xyz-1-A"]},
        "pseudobase_pp": {"id": ["PKB304", "PKB345", "PKB1"], "half": ["report", "tune", "report"]},
        "shape_24": {"id": ["Fluoride riboswitch, x", "Lysine_riboswitch, x", "tRNA, x"]},
    }
    structures = {"bprna_ts0": [KNOT, NESTED, KNOT]}
    for seq, (name, columns) in zip(SEQS, tables.items(), strict=True):
        rows = pd.DataFrame(columns).assign(dot_bracket=structures.get(name, [KNOT] * 3))
        rows["sequence"] = [seq + "A" * k for k in range(3)]
        rows["dot_bracket"] += ["." * k for k in range(3)]
        rows["dot_bracket_canonical"] = rows["dot_bracket"]
        if name == "pdb_tr1_vl1":
            rows.loc[1, "sequence"] = SEQS[3]  # that of the fluoride riboswitch
            rows.loc[1, "dot_bracket_canonical"] = KNOT
        rows.to_csv(tmp_path / f"{name}.csv.gz", index=False)
    return tmp_path


def test_knotted_riboswitches_once_each(shared):
    from riboswitches import riboswitches

    found = riboswitches(shared)
    assert found[["set", "id", "kind"]].values.tolist() == [
        ["shape", "Fluoride riboswitch, x", "Fluoride"],
        ["shape", "Lysine_riboswitch, x", "Lysine"],
        ["pdb", "4znp-1-A", "ZTP"],
        ["pseudobase", "PKB304", "preQ1-I"],
        ["ts0", "a", "tetrahydrofolate"],
    ]


def test_half_of_the_crossing_pairs_make_the_knot(shared):
    from riboswitches import riboswitches, scores

    known = riboswitches(shared).head(2)
    pairs = [base_pairs_from_dot_bracket(each) for each in (KNOT, NESTED)]
    records = [
        StructureRecord(row.id, row.sequence, found, 0.0, 0.5)
        for row, found in zip(known.itertuples(), pairs, strict=True)
    ]
    table = scores(known, SimpleNamespace(predict=lambda records_, on_error: iter(records)))
    assert table["has_its_knot"].tolist() == [True, False]
    assert table["pairs_of_knot"].tolist() == ["6 of 6", "0 of 6"]
    assert table["f1"].tolist() == pytest.approx([1, 2 / 3])
