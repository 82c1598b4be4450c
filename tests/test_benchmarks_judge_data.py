"""Preparation of the judge's data: halves that stay the same, profiles of known structures."""

import sys

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("benchmarks")


def test_halves_do_not_depend_on_the_order_of_rows(tmp_path, monkeypatch):
    import halves

    rows = pd.DataFrame({"id": [f"r{n}" for n in range(60)], "sequence": ["ACGU"] * 60})
    parts = []
    for name, frame in (("a", rows), ("b", rows[::-1])):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        words = [tmp_path / f"{name}.csv", tmp_path / name / "1.csv", tmp_path / name / "2.csv"]
        monkeypatch.setattr(sys, "argv", ["halves.py", *map(str, words)])
        halves.main()
        parts.append([set(pd.read_csv(tmp_path / name / f"{k}.csv")["id"]) for k in (1, 2)])
    assert parts[0] == parts[1]
    first, second = parts[0]
    assert first | second == set(rows["id"]) and not first & second
    assert 10 < len(second) < 30


def test_a_share_of_known_structures_gets_a_profile():
    import probed_windows as probed

    text = "((((((....))))))" + "." * 20
    seq = "G" * 6 + "AAAA" + "C" * 6 + "A" * 20
    profiles = [probed.known_profile(f"r{n}", seq, text, 0.5, 1) for n in range(200)]
    some = [np.array(each) for each in profiles if each]
    assert 70 < len(some) < 130 and {len(each) for each in some} == {len(seq)}
    assert min(each.min() for each in some) >= 0
    paired = np.mean([each[:6].mean() / each.mean() for each in some])
    assert paired < 0.7  # less than the rest
    assert probed.known_profile("r1", seq, text, 1.0, 1) == pytest.approx(
        probed.known_profile("r1", seq, text, 1.0, 1)
    )
