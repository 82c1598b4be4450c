"""What a user gives becomes recordings: sequences, tables of proposals, structures."""

import argparse
import gzip

import numpy as np
import pandas as pd
import pytest

from boxfold.features.errors import InputError
from boxfold.s1.tables import read_proposals
from boxfold.scripts.recordings import add_recording_arguments, read_recordings

TWO = ">first a word\nGGGGAAAACCCC\n>second\nGGGAAACCC\n"
KNOWN = ">first\nGGGGAAAACCCC\n((((....))))\n>second\nGGGAAACCC\n(((...)))\n"


@pytest.fixture
def read(tmp_path):
    """Recordings and error lines of a text (or a path) and flags."""

    def reader(given, *flags):
        if isinstance(given, str):
            path = tmp_path / "input"
            path.write_text(given)
        else:
            path = given
        parser = argparse.ArgumentParser()
        add_recording_arguments(parser)
        parser.add_argument("--seed", type=int, default=0)
        lines: list[str] = []
        args = parser.parse_args([str(path), *map(str, flags)])
        return list(read_recordings(args, lines.append)), lines

    return reader


@pytest.fixture
def fast(untrained_s1):
    return ["--s1", untrained_s1, "--agent", "best-score", "--max-boxes", "8"]


def test_sequences_are_predicted(read, fast):
    (first, second), lines = read(TWO, *fast)
    assert (first.id, first.seq, second.id) == ("first", "GGGGAAAACCCC", "second")
    assert first.agent == "best-score" and first.s1 == fast[1].__fspath__()
    assert 0 < len(first.boxes) and len(first.base_confidence) == 12 and lines == []


def test_the_same_structure_as_predict(read, fast, call, tmp_path):
    path = tmp_path / "in.fa"
    path.write_text(TWO)
    assert call("predict", path, "--out", tmp_path / "out.dbn", *fast).code == 0
    predicted, _ = read(tmp_path / "out.dbn")
    recorded, _ = read(path, *fast)
    for one, other in zip(predicted, recorded, strict=True):
        assert one.base_pairs.tolist() == other.base_pairs.tolist()
        assert one.free_energy == other.free_energy


def test_a_sequence_too_short_for_a_pair_is_an_open_chain(read, fast):
    (found,), lines = read(">a\nACGU\n", *fast)
    assert (len(found.base_pairs), found.steps, lines) == (0, (), [])


@pytest.mark.parametrize("packed", [False, True])
def test_structures_are_shown_as_they_are(read, tmp_path, packed):
    path = tmp_path / "known.dbn"
    path.write_bytes(gzip.compress(KNOWN.encode()) if packed else KNOWN.encode())
    (first, second), lines = read(path)
    assert first.base_pairs.tolist() == [[0, 11], [1, 10], [2, 9], [3, 8]]
    assert (first.free_energy, first.agent, first.steps, second.id) == (-5.4, None, (), "second")
    assert lines == []


def test_a_table_is_assembled_in_its_order(read, proposals):
    frame = read_proposals(proposals)
    chosen = frame["id"].iloc[[5, 2]].tolist()
    found, lines = read(proposals, "--agent", "beam", "--id", *chosen)
    assert [each.id for each in found] == chosen[::-1] and lines == []
    assert all(each.reference is not None and each.s1 is None for each in found)
    # Runs hold all bases of the optimum, which beam finds in windows of this size.
    row = frame.set_index("id").loc[found[0].id]
    assert found[0].free_energy == pytest.approx(found[0].steps[-1].energy)
    assert len(found[0].boxes) == len(row["box_n"]) + len(row["loop_kind"])


def test_a_table_of_agents_that_draw_is_the_same_for_the_same_seed(read, proposals):
    name = read_proposals(proposals)["id"].iloc[0]
    flags = ["--agent", "random", "--id", name]
    picks = [read(proposals, *flags, "--seed", seed)[0][0].picks for seed in (1, 1, 2, 3, 4)]
    assert picks[0] == picks[1] and len(set(picks)) > 1


def test_known_structures_come_by_id(read, fast, tmp_path):
    known = tmp_path / "known.dbn"
    known.write_text(KNOWN.replace("second", "other"))
    (first, second), lines = read(TWO, *fast, "--reference", known)
    assert first.reference.tolist() == [[0, 11], [1, 10], [2, 9], [3, 8]]
    assert second.reference is None and lines == []


def test_a_known_structure_of_another_length_is_named(read, tmp_path):
    known = tmp_path / "known.dbn"
    known.write_text(">first\nGGGAAACCC\n(((...)))\n")
    (second,), lines = read(KNOWN, "--reference", known)
    assert second.id == "second"
    assert lines == [f"{known}: record 'first': 9 bases, the sequence has 12"]


def test_long_records_are_named_and_the_others_shown(read, proposals, fast):
    for given, flags in ((KNOWN, []), (TWO, fast)):
        (found,), lines = read(given, "--max-length", 9, *flags)
        assert found.id == "second" and len(lines) == 1 and "'first'" in lines[0]
    found, lines = read(proposals, "--max-length", 39, "--max-records", 3, "--agent", "beam")
    assert found == [] and len(lines) == 3


def test_only_so_many_records(read, capsys):
    (found,), lines = read(KNOWN, "--max-records", 1)
    assert found.id == "first" and lines == []
    assert "only the first 1 records (--max-records)" in capsys.readouterr().err


@pytest.mark.parametrize("given", [TWO, KNOWN])
def test_an_id_that_is_missing_is_refused(read, given):
    with pytest.raises(InputError, match="no record 'third'"):
        read(given, "--id", "first", "third")


def test_a_structure_without_a_sequence_is_named(read, tmp_path):
    path = tmp_path / "known.csv"
    pd.DataFrame({"id": ["a"], "dot_bracket": ["(((...)))"]}).to_csv(path, index=False)
    found, lines = read(path)
    assert found == [] and lines == [f"{path}: record 'a' has no sequence"]


def test_reactivities_reach_the_chain(read, fast, tmp_path):
    profile = tmp_path / "profile.csv"
    values = " ".join(["0.1"] * 12)
    profile.write_text(f"id,reactivity\nfirst,{values}\n")
    found, _ = read(TWO, *fast, "--reactivities", profile)
    assert [each.id for each in found] == ["first", "second"]
    profile.write_text("id,reactivity\nfirst,0.1 0.2\n")
    _, lines = read(TWO, *fast, "--reactivities", profile)
    assert len(lines) == 1 and "'first'" in lines[0]
    assert np.isfinite(found[0].layout).all()
