import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxfold.features.errors import InputError
from boxfold.features.identity import allowed_edits, similar_to

pytest.importorskip("edlib")
RNA = st.text("ACGUN", min_size=1, max_size=12)


def edit_distance(first: str, second: str) -> int:
    """The textbook recurrence, row by row."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        previous, row = row, [i]
        for j, b in enumerate(second, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (a != b)))
    return row[-1]


@given(st.lists(RNA, max_size=4), st.lists(RNA, max_size=4), st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_same_as_all_distances_by_the_textbook(seqs, others, identity):
    expected = [
        any(
            edit_distance(seq, other) <= allowed_edits(max(len(seq), len(other)), identity)
            for other in others
        )
        for seq in seqs
    ]
    assert similar_to(seqs, others, identity).tolist() == expected


@pytest.mark.parametrize("n_edits, similar", [(19, True), (20, True), (21, False)])
def test_the_limit_of_80_percent_is_included(n_edits, similar):
    rng = np.random.default_rng(0)
    seq = "".join(rng.choice(list("AC"), size=100))
    places = rng.choice(100, size=n_edits, replace=False)
    other = "".join("G" if k in places else base for k, base in enumerate(seq))
    assert similar_to([seq], [other]).tolist() == [similar]


@pytest.mark.parametrize("n_more, similar", [(25, True), (26, False)])
def test_lengths_count_as_edits(n_more, similar):
    assert similar_to(["A" * 100], ["A" * (100 + n_more)]).tolist() == [similar]
    assert similar_to(["A" * (100 + n_more)], ["A" * 100]).tolist() == [similar]


def test_a_part_is_found_only_by_the_stricter_rule():
    part, whole = "GGGAAAACCC", "U" * 40 + "GGGAUAACCC" + "U" * 40
    for seq, other in ((part, whole), (whole, part)):
        assert similar_to([seq], [other], 0.9).tolist() == [False]
        assert similar_to([seq], [other], 0.9, within=True).tolist() == [True]
        assert similar_to([seq], [other], 0.95, within=True).tolist() == [False]


def test_nothing_to_compare_and_bad_settings():
    assert similar_to([], ["ACGU"]).tolist() == []
    assert similar_to(["ACGU"], []).tolist() == [False]
    with pytest.raises(ValueError, match="identity 0"):
        similar_to(["ACGU"], ["ACGU"], 0.0)


def test_without_edlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "edlib", None)
    with pytest.raises(InputError, match=r"edlib is not installed .*\[identity\]"):
        similar_to(["ACGU"], ["ACGU"])
