"""Soft targets of the ends heads: sparse and back, in files, through the verbs, into batches."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.rewards.ensemble import end_probabilities
from boxfold.s1.batches import Example, stack_end_targets
from boxfold.s1.ends import end_targets
from boxfold.s1.soft_ends import MIN_PROBABILITY, SOFT_TYPES, SoftEnds
from boxfold.s1.tables import DATASET_TYPES, read_dataset, read_proposals, write_dataset
from boxfold.scripts import cli
from boxfold.scripts.s1_data import examples

SEQ = "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAUAAGGGUGAGGUCGCUGAUUCGAAUUCAGCAUAGCCCA"


def assert_rounded(maps, exact):
    """Are `maps` those of the ensemble, in half precision and without rare pairs?"""
    assert maps.dtype == np.float32 and maps.shape == exact.shape
    kept = np.broadcast_to(exact[0] >= MIN_PROBABILITY, exact.shape)
    assert (maps[~kept] == 0).all()
    np.testing.assert_allclose(maps[kept], exact[kept], rtol=2**-11, atol=2**-25)


def assert_same(one, two):
    for name in SoftEnds._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)
        assert getattr(one, name).dtype == getattr(two, name).dtype


@settings(max_examples=20)
@given(st.text("ACGUN", min_size=1, max_size=60))
def test_maps_round_trip_but_for_rounding_and_rare_pairs(seq):
    exact = end_probabilities(seq)
    soft = SoftEnds.from_maps(exact)
    assert_rounded(soft.to_maps(len(seq)), exact)
    assert_same(SoftEnds.from_maps(soft.to_maps(len(seq))), soft)
    assert_same(SoftEnds.from_row(soft.to_columns()), soft)
    assert [array.dtype for array in soft] == [np.int16, np.int16, np.float16]
    assert (soft.probability[1:] <= soft.probability[0]).all()


def test_rare_pairs_are_left_out_whatever_their_ends():
    maps = np.zeros((3, 12, 12), dtype=np.float32)
    maps[:, 0, 9] = 0.0009, 0.0009, 0.0009
    maps[:, 1, 8] = 0.0011, 0.0, 0.0005
    soft = SoftEnds.from_maps(maps)
    assert (soft.row.tolist(), soft.col.tolist()) == ([1], [8])
    assert soft.probability[:, 0].tolist() == np.float16([0.0011, 0.0, 0.0005]).tolist()
    padded = soft.to_maps(20)
    assert padded.shape == (3, 20, 20) and (padded[:, 1, 8] > 0).tolist() == [True, False, True]
    assert np.count_nonzero(padded) == 2


def test_data_set_round_trip_with_and_without_soft_targets(tmp_path):
    seqs = [SEQ, "GGGAAACCC", "AAAAAA"]  # the last one has no pair
    soft = [SoftEnds.from_maps(end_probabilities(seq)) for seq in seqs]
    frame = pd.DataFrame([{"id": seq, "sequence": seq} for seq in seqs])
    columns = [ends.to_columns() for ends in soft]
    write_dataset(frame.assign(**{n: [c[n] for c in columns] for n in SOFT_TYPES}), tmp_path / "s")
    table = read_dataset(tmp_path / "s")
    assert list(table) == [*DATASET_TYPES, *SOFT_TYPES]
    for row, ends in zip(table.to_dict("records"), soft, strict=True):
        assert_same(SoftEnds.from_row(row), ends)
    schema = pq.read_schema(tmp_path / "s")
    assert {name: schema.field(name).type for name in SOFT_TYPES} == SOFT_TYPES
    write_dataset(table, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "s").read_bytes()
    write_dataset(frame, tmp_path / "hard")
    rows = read_dataset(tmp_path / "hard").to_dict("records")
    assert list(rows[0]) == list(DATASET_TYPES)
    assert [SoftEnds.from_row(row) for row in rows] == [None] * 3


@pytest.fixture(scope="module")
def soft_windows(tmp_path_factory):
    path = tmp_path_factory.mktemp("soft") / "windows.parquet"
    flags = ["--synthetic", "--length", "30-45", "--count", "12", "--shuffles", "1"]
    assert cli.main(["dataset", *flags, "--soft", "--split", "0.75", "--out", str(path)]) == 0
    return path


def test_the_verb_keeps_the_ensemble_of_every_row(soft_windows):
    table = read_dataset(soft_windows)
    assert list(table) == [*DATASET_TYPES, *SOFT_TYPES]
    assert (table["source"] == "shuffle").any() and table["sequence"].str.len().nunique() > 1
    for row in table.to_dict("records"):
        seq = row["sequence"]
        assert_rounded(SoftEnds.from_row(row).to_maps(len(seq)), end_probabilities(seq))


def test_soft_changes_nothing_else_and_jobs_no_byte(call, tmp_path, soft_windows):
    flags = ("--synthetic", "--length", "30-45", "--count", 12, "--shuffles", 1, "--split", 0.75)
    for out, more in {"hard": (), "two": ("--soft", "--jobs", 2)}.items():
        assert call("dataset", *flags, *more, "--out", tmp_path / out).code == 0
    soft, hard = read_dataset(soft_windows), read_dataset(tmp_path / "hard")
    pd.testing.assert_frame_equal(soft[[*DATASET_TYPES]], hard)
    assert (tmp_path / "two").read_bytes() == soft_windows.read_bytes()


def test_sampled_structures_share_their_ensemble(call, tmp_path):
    flags = ("--synthetic", "--length", 30, "--count", 4, "--structures", 3, "--soft")
    assert call("dataset", *flags, "--out", tmp_path / "d").code == 0
    table = read_dataset(tmp_path / "d")
    assert len(table) > 4
    for row in table.to_dict("records"):
        assert_rounded(SoftEnds.from_row(row).to_maps(30), end_probabilities(row["sequence"]))


def test_propose_carries_soft_targets_along(call, tmp_path, soft_windows):
    flags = ("--data", soft_windows, "--method", "runs", "--out", tmp_path / "p.parquet")
    assert call("propose", *flags).code == 0
    rows = read_proposals(tmp_path / "p.parquet").to_dict("records")
    for found, row in zip(rows, read_dataset(soft_windows).to_dict("records"), strict=True):
        assert_same(SoftEnds.from_row(found), SoftEnds.from_row(row))


def test_batches_take_soft_targets_where_wanted_and_known():
    short = "GGGAAACCC"
    soft = SoftEnds.from_maps(end_probabilities(SEQ))
    n = len(SEQ)
    batch = [
        Example.from_dot_bracket(SEQ, "(((....)))" + "." * (n - 10), soft),
        Example.from_dot_bracket(short, "(((...)))"),
    ]
    hard = [end_targets(example.stems, n) for example in batch]
    for targets in (stack_end_targets(batch, n), stack_end_targets(batch, n, soft=False)):
        np.testing.assert_array_equal(targets.numpy(), np.stack(hard))
    targets = stack_end_targets(batch, n + 3, soft=True).numpy()
    assert targets.shape == (2, 3, n + 3, n + 3) and targets.dtype == np.float32
    assert_rounded(targets[0, :, :n, :n], end_probabilities(SEQ))
    assert (targets[0, :, n:] == 0).all() and (targets[0, :, :, n:] == 0).all()
    np.testing.assert_array_equal(targets[1, :, :n, :n], hard[1])


def test_rows_of_mixed_data_sets(call, tmp_path, soft_windows):
    flags = ("--synthetic", "--length", 25, "--count", 4, "--seed", 1)
    assert call("dataset", *flags, "--out", tmp_path / "hard").code == 0
    tables = [read_dataset(path) for path in (soft_windows, tmp_path / "hard")]
    frame = pd.concat(tables, ignore_index=True)  # as `train-s1` reads several
    batch = examples(frame)
    known = [example.soft is not None for example in batch]
    assert known == [True] * len(tables[0]) + [False] * len(tables[1])
    targets = stack_end_targets(batch, 45, soft=True)
    assert ((targets > 0) & (targets < 1)).flatten(1).any(dim=1).tolist() == known
    write_dataset(frame, tmp_path / "both")
    again = examples(read_dataset(tmp_path / "both"))
    assert [example.soft is not None for example in again] == known
