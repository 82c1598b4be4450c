import json
import re

import numpy as np
import pytest

from boxfold.features.errors import InputError
from boxfold.features.formats import StructureRecord
from boxfold.features.record_tables import (
    CSV_COLUMNS,
    csv_line,
    from_csv,
    from_json,
    to_csv,
    to_json,
)

KNOT = StructureRecord(
    "knot, as said",
    "GGAACC",
    np.array([[0, 4], [1, 3], [2, 5]]),
    -1.5,
    0.5,
    2,
    np.array([1, 0.5, 0]),
)
HEAD = csv_line(CSV_COLUMNS)


def test_a_row_as_written() -> None:
    assert to_csv(KNOT) == '"knot, as said",GGAACC,(([))],-1.5,2,0.5,1 0.5 0\n'
    assert json.loads(to_json(KNOT)) == {
        "id": "knot, as said",
        "sequence": "GGAACC",
        "dot_bracket": "(([))]",
        "free_energy": -1.5,
        "rank": 2,
        "structure_confidence": 0.5,
        "confidence": [1.0, 0.5, 0.0],
        "base_pairs": [[0, 4], [1, 3], [2, 5]],
    }


def test_everything_comes_back() -> None:
    bare = StructureRecord("bare", "GN", np.zeros((0, 2), dtype=np.int64))
    for back in (
        from_csv(HEAD + to_csv(KNOT) + to_csv(bare)),
        from_json(f"[{to_json(KNOT)}, {to_json(bare)}]"),
    ):
        assert [record._replace(base_pairs=0, confidence=0) for record in back] == [
            record._replace(base_pairs=0, confidence=0) for record in (KNOT, bare)
        ]
        assert back[0].base_pairs.tolist() == KNOT.base_pairs.tolist()
        assert back[0].confidence.tolist() == [1, 0.5, 0]
        assert back[1].base_pairs.shape == (0, 2) and back[1].confidence is None


def test_tables_of_others_need_three_columns() -> None:
    (record,) = from_csv("tool,id,sequence,dot_bracket\nx,a,gtc,(.)\n")
    assert (record.id, record.seq, record.free_energy, record.rank) == ("a", "GUC", None, 1)
    (record,) = from_json('{"id": "a", "sequence": "GUC", "dot_bracket": "(.)"}')
    assert record.base_pairs.tolist() == [[0, 2]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": 3}, "entry 1: no id (needed: id, sequence, dot_bracket)"),
        ({"sequence": "GE"}, "entry 1: letter 'E' at position 2"),
        ({"dot_bracket": "(("}, "entry 1: unbalanced dot-bracket"),
        ({"dot_bracket": "..."}, "entry 1: 3 brackets and dots for 2 bases"),
        ({"base_pairs": [[0, 1]]}, "entry 1: base_pairs and dot_bracket are two structures"),
        ({"confidence": [0.5]}, "entry 1: confidence needs one number for each of 0 pairs"),
        ({"confidence": 7}, "entry 1: confidence needs one number"),
        ({"free_energy": "low"}, "entry 1: free_energy holds something that is no number"),
        ({"free_energy": float("nan")}, "entry 1: free_energy holds a number that is not finite"),
        ({"free_energy": [1]}, "entry 1: free_energy holds something that is no number"),
        ({"rank": 1.5}, "entry 1: rank 1.5 (allowed: 1, 2, ...)"),
    ],
)
def test_a_wrong_entry_is_named(row: dict, message: str) -> None:
    good = {"id": "a", "sequence": "GU", "dot_bracket": ".."}
    with pytest.raises(InputError, match=re.escape(message)):
        from_json(json.dumps([good | row]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[1]", "a list of JSON objects is needed"),
        ("3", "a list of JSON objects is needed"),
    ],
)
def test_no_records_of_other_json(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_json(text)


def test_a_wrong_row_is_named() -> None:
    with pytest.raises(InputError, match="line 2: unbalanced"):
        from_csv(HEAD + "a,GU,((,,1,,\n")
    with pytest.raises(InputError, match="line 2: no sequence"):
        from_csv("id,dot_bracket\na,..\n")
    with pytest.raises(InputError, match="line 2: no dot_bracket"):
        from_csv(HEAD + "a,GU\n")
    assert from_csv("") == from_csv(HEAD) == []
