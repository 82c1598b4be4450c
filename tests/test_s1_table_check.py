"""Tables of other programs: rows that nothing could be computed from are named."""

import numpy as np
import pandas as pd
import pytest

from boxfold.features.errors import InputError
from boxfold.features.proposals import run_proposals
from boxfold.s1.soft_ends import SOFT_TYPES, SoftEnds
from boxfold.s1.tables import (
    proposals_to_columns,
    read_dataset,
    read_proposals,
    write_dataset,
    write_proposals,
)

SEQ = "GGGGAAAACCCCAGGGAAACCC"


def table(**changes):
    """Two rows with boxes; a change replaces the cell of the second one."""
    cells = proposals_to_columns(run_proposals(SEQ, 4))
    rows = [{"id": name, "sequence": SEQ, **cells} for name in ("a", "b")]
    rows[1] |= {name: change(rows[1][name]) for name, change in changes.items()}
    return pd.DataFrame(rows)


def set_first(value):
    return lambda cell: np.array([value, *cell[1:]], dtype=cell.dtype)


def longer(cell):
    return np.append(cell, cell[:1])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": lambda _: None}, "row 2 has no id"),
        ({"sequence": lambda _: None}, "record 'b': a sequence of letters ACGUN is needed"),
        ({"sequence": str.lower}, "record 'b': a sequence of letters"),
        ({"box_row": lambda _: None}, "record 'b': no lists as long as box_row"),
        ({"evidence_votes_scalar": longer}, "record 'b': no lists as long as box_row"),
        ({"box_n": set_first(0)}, "record 'b': a stem that is none"),
        ({"box_row": set_first(-1)}, "record 'b': a stem that is none"),
        ({"box_n": set_first(22)}, "record 'b': a stem that is none"),
        ({"box_col": set_first(20)}, "record 'b': a stem that is none"),
        ({"box_score": set_first(np.nan)}, "record 'b': a score that is no number"),
        ({"loop_score": longer}, None),
        ({"loop_kind": lambda cell: np.array([1], cell.dtype)}, "no lists as long as loop_kind"),
    ],
)
def test_boxes_that_are_none_are_named(changes, reason, tmp_path):
    write_proposals(table(**changes), tmp_path / "p.parquet")
    if reason is None:  # there are no loops to double
        assert len(read_proposals(tmp_path / "p.parquet")) == 2
        return
    with pytest.raises(InputError, match=f"p.parquet: .*{reason}"):
        read_proposals(tmp_path / "p.parquet")


@pytest.mark.parametrize(
    ("loop", "is_good"),
    [
        ((1, 3, 14, 3, 2), True),
        ((2, 3, 3, 6, 6), True),
        ((0, 3, 14, 3, 2), False),
        ((1, 3, 21, 3, 2), False),
        ((2, -1, 3, 6, 6), False),
        ((2, 3, 3, 0, 0), False),
    ],
)
def test_loops_lie_on_the_grid(loop, is_good, tmp_path):
    names = ("loop_kind", "loop_row", "loop_col", "loop_n_rows", "loop_n_cols")
    cells = {name: [np.array([value])] * 2 for name, value in zip(names, loop, strict=True)}
    frame = table().assign(**cells, loop_score=[np.array([0.5])] * 2)
    write_proposals(frame, tmp_path / "p.parquet")
    if is_good:
        assert read_proposals(tmp_path / "p.parquet")["loop_kind"][1].tolist() == [loop[0]]
        return
    with pytest.raises(InputError, match=r"record 'a': a loop that is none"):
        read_proposals(tmp_path / "p.parquet")


@pytest.mark.parametrize(("i", "j"), [(3, 22), (5, 5), (-1, 4)])
def test_soft_targets_are_pairs_of_the_sequence(i, j, tmp_path):
    good = SoftEnds(np.array([3]), np.array([8]), np.full((3, 1), 0.5, np.float16)).to_columns()
    frame = pd.DataFrame({"id": ["a", "b"], "sequence": [SEQ, SEQ]})
    frame = frame.assign(**{name: [good[name], None] for name in SOFT_TYPES})
    write_dataset(frame, tmp_path / "d.parquet")
    assert read_dataset(tmp_path / "d.parquet")["soft_row"][0].tolist() == [3]
    cells = good | {"soft_row": np.array([i]), "soft_col": np.array([j])}
    frame = frame.assign(**{name: [good[name], cells[name]] for name in SOFT_TYPES})
    write_dataset(frame, tmp_path / "d.parquet")
    with pytest.raises(InputError, match="record 'b': soft_row and the lists beside it"):
        read_dataset(tmp_path / "d.parquet")
