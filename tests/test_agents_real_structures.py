import math

import numpy as np
import pandas as pd
import pytest

from boxfold.agents.agent import Assembly
from boxfold.agents.evaluation import (
    PER_SEQUENCE_COLUMNS,
    SUMMARY_COLUMNS,
    evaluate_agents,
    summarise,
)
from boxfold.agents.measuring import Ruler, measure
from boxfold.agents.peers import PeerAgent
from boxfold.agents.real_structures import REAL_COLUMNS, REAL_SUMMARY, real_measures
from boxfold.agents.search import ExactAgent
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.structure import base_pairs_from_dot_bracket as pairs

KNOT_SEQ = "GGGAACCCAACCCAAGGG"
KNOT = "(((..[[[..)))..]]]"
NESTED = "(((.......)))....."


def test_real_measures_by_hand():
    #      A-C at the outside is no canonical pair
    seq, reference = "AGGGAAAACCCC", pairs("((((....))))")
    row = real_measures(seq, pairs(".(((....)))."), reference)
    assert row == {
        "f1_canonical": 1.0,
        "knotted": 0.0,
        "reference_knotted": 0.0,
        "knot_tp": 0,
        "knot_predicted": 0,
        "knot_known": 0,
    }
    row = real_measures(KNOT_SEQ, pairs(KNOT), pairs("((...[[...))....]]"))
    assert (row["knotted"], row["reference_knotted"]) == (1, 0)  # stems of two pairs are no knot
    assert (row["knot_tp"], row["knot_predicted"], row["knot_known"]) == (2, 6, 4)


def test_without_a_reference_only_the_own_knot_is_known():
    row = real_measures(KNOT_SEQ, pairs(KNOT), None)
    assert row.pop("knotted") == 1 and set(row.values()) == {None}


def test_f1_is_against_the_reference_as_given():
    instance = instance_from_sequence("AGGGAAAACCCC", 4, dot_bracket="((((....))))")
    row = measure(instance, Assembly(None, pairs(".(((....)))."), 0), Ruler(-1.0, -1.0))
    assert row["f1"] == pytest.approx(6 / 7) and row["f1_canonical"] == 1


def test_columns_appear_where_they_say_anything():
    plain = instance_from_sequence("GGGGAAAACCCC", 4, "plain", "((((....))))")
    odd = instance_from_sequence("AGGGAAAACCCC", 4, "odd", "((((....))))")
    rows = evaluate_agents([ExactAgent()], [plain])
    assert tuple(rows.columns) == PER_SEQUENCE_COLUMNS
    assert tuple(summarise(rows).columns) == SUMMARY_COLUMNS
    rows = evaluate_agents([ExactAgent()], [plain, odd])
    assert tuple(rows.columns) == (*PER_SEQUENCE_COLUMNS, *REAL_COLUMNS)
    summary = summarise(rows)
    assert tuple(summary.columns) == (*SUMMARY_COLUMNS, *REAL_SUMMARY)
    assert summary["f1"][0] == pytest.approx((1 + 6 / 7) / 2)
    assert summary["f1_canonical"][0] == 1 and summary["false_knots"][0] == 0
    assert math.isnan(summary["knotted_f1"][0])


def test_peers_are_rows_over_what_they_have_predicted():
    knot = instance_from_sequence(KNOT_SEQ, 8, "knot", KNOT)
    nested = instance_from_sequence(KNOT_SEQ, 8, "nested", NESTED)
    unknown = instance_from_sequence(KNOT_SEQ, 8, "unknown")
    eager = PeerAgent("eager", {"knot": KNOT, "nested": KNOT, "unknown": KNOT, "other": "."})
    careful = PeerAgent("careful", {"knot": NESTED})
    rows = evaluate_agents([eager, careful], [knot, nested, unknown])
    assert rows["agent"].tolist() == ["eager"] * 3 + ["careful"]
    assert rows["validity"].tolist() == [1] * 4 and rows["seconds"].isna().all()
    summary = summarise(rows).set_index("agent")
    assert summary["n"].tolist() == [3, 1]
    assert summary.loc["eager", "f1"] == pytest.approx((1 + 2 * 3 / 9) / 2)
    assert summary.loc["eager", "knotted_f1"] == pytest.approx(2 * 6 / (12 + 6))
    assert summary.loc["eager", "false_knots"] == 1  # of the nested one
    assert summary.loc["careful", "knotted_f1"] == 0
    assert np.isnan(summary.loc["careful", "false_knots"])


def test_a_bad_structure_of_a_peer_is_named_and_loses_no_other():
    instances = [instance_from_sequence("GGGAAAACCC", 4, name) for name in ("long", "open", "good")]
    structures = {"long": "." * 11, "open": "(" + "." * 9, "good": "(((....)))"}
    lines: list[str] = []
    rows = evaluate_agents([PeerAgent("tool", structures)], instances, None, lines.append)
    assert rows["id"].tolist() == ["good"]
    assert "long: tool failed: dot_bracket has 11 characters, the sequence 10" in lines[0]
    assert lines[1].startswith("open: tool failed: unbalanced") and len(lines) == 2


def test_tables_survive_a_csv(tmp_path):
    knot = instance_from_sequence(KNOT_SEQ, 8, "knot", KNOT)
    rows = evaluate_agents([PeerAgent("tool", {"knot": KNOT}), ExactAgent()], [knot])
    rows.to_csv(tmp_path / "r.csv", index=False)
    again = summarise(pd.read_csv(tmp_path / "r.csv")).set_index("agent")
    assert again.loc["tool", ["f1", "knotted_f1"]].tolist() == [1, 1]
    assert again.loc["exact", "knotted_f1"] == 0
