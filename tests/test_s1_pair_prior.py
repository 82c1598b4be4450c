"""Pair probabilities as input of S1: sparse and back, in the network, through the verbs."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from boxfold.rewards.ensemble import pair_probabilities
from boxfold.s1 import pair_prior
from boxfold.s1.batches import Example, example_tensors, input_tensors
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.pair_prior import MIN_PROBABILITY, PairPrior
from boxfold.s1.reshaping import with_inputs_and_heads
from boxfold.s1.tables import read_dataset
from boxfold.scripts import cli
from boxfold.scripts.s1_data import examples

SETS = ("turner2004", "andronescu2007")
SEQ = "GGCUAGCUAUGCAUGCCUAGGAUUCGACUUGCAUGCUAGCUUGACC"
TINY = NetworkConfig(channels=8, n_blocks=2, pixel_channels=4, hidden=8)
SMALL = "--channels 8 --n-blocks 1 --hidden 8 --pixel-channels 4 --epochs 1 --no-boxes"


def random_network(config, seed=0):
    torch.manual_seed(seed)
    network = BoxNet(config)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.eval()


def test_channels_are_the_probability_and_its_logarithm():
    channels = PairPrior.of(SEQ, SETS).to_channels(len(SEQ) + 2)
    assert channels.shape == (4, len(SEQ) + 2, len(SEQ) + 2)
    for index, name in enumerate(SETS):
        exact = np.pad(pair_probabilities(SEQ, name), (0, 2))
        likely = exact >= MIN_PROBABILITY
        np.testing.assert_allclose(channels[2 * index][likely], exact[likely], rtol=1e-3)
        logs = channels[2 * index + 1]
        np.testing.assert_allclose(logs[likely], 1 + np.log10(exact[likely]) / 3, atol=1e-3)
    assert -1e-6 <= channels.min() and channels.max() <= 1


def test_long_sequences_have_short_pairs(monkeypatch):
    free = PairPrior.of(SEQ, SETS)
    monkeypatch.setattr(pair_prior, "MAX_UNLIMITED", len(SEQ) - 1)
    monkeypatch.setattr(pair_prior, "MAX_SPAN", 20)
    limited = PairPrior.of(SEQ, SETS)
    assert (free.col - free.row).max() > 20 > (limited.col - limited.row).max() > 10


def test_rows_round_trip_and_lack_sets_that_were_not_kept():
    prior = PairPrior.of(SEQ, SETS)
    row = prior.to_columns(SETS)
    for one, two in zip(PairPrior.from_row(row, SETS), prior, strict=True):
        np.testing.assert_array_equal(one, two)
    only = PairPrior.from_row(row, SETS[1:])
    np.testing.assert_array_equal(only.probability[0], prior.probability[1])
    assert PairPrior.from_row(row, ["turner1999"]) is None
    assert PairPrior.from_row(row, []) is None


def test_a_batch_takes_known_priors_and_computes_the_others():
    seqs = [SEQ, "GGGAAAACCC"]
    computed = input_tensors(seqs, SETS)[0]
    made_up = PairPrior(np.array([0]), np.array([9]), np.ones((2, 1), dtype=np.float16))
    no_boxes = np.zeros((0, 5), int)
    batch = [Example(SEQ, no_boxes), Example(seqs[1], no_boxes, None, made_up)]
    known = example_tensors(batch, SETS)[0]
    assert computed.shape == known.shape == (2, 20, len(SEQ), len(SEQ))
    assert torch.equal(computed[0], known[0])
    assert known[1, 16:].nonzero().tolist() == [[channel, 0, 9] for channel in range(4)]


def test_a_reshaped_network_says_the_same_until_it_is_trained():
    narrow = random_network(TINY)
    wanted = dataclasses.replace(TINY, prior=SETS, boxes=False)
    reshaped = with_inputs_and_heads(narrow, wanted).eval()
    assert reshaped.config == wanted and reshaped.boxes is None
    before = next(S1Model(narrow).maps([SEQ]))[1]
    after = next(S1Model(reshaped).maps([SEQ]))[1]
    np.testing.assert_allclose(after.ends, before.ends, atol=1e-6)
    np.testing.assert_allclose(after.loops.inner_logits, before.loops.inner_logits, atol=1e-5)
    assert not after.on.any() and not len(after.voted.boxes)
    assert with_inputs_and_heads(reshaped, TINY) is reshaped  # nothing is taken away again


def test_the_prior_reaches_the_maps_and_strips_change_nothing():
    network = random_network(dataclasses.replace(TINY, prior=SETS))
    whole = next(S1Model(network).maps([SEQ]))[1]
    tiled = next(S1Model(network, max_whole=8, tile_rows=16).maps([SEQ]))[1]
    np.testing.assert_allclose(tiled.ends, whole.ends, atol=1e-5)
    with torch.no_grad():
        network.trunk.stem.weight[:, 64:] = 0
        for head in (network.ends, network.loops):
            head[0].weight[:, -4:] = 0
    without = next(S1Model(network).maps([SEQ]))[1]
    assert np.abs(without.ends - whole.ends).max() > 1e-3


def test_the_prior_network_of_run_7_sees_bases_alone():
    with pytest.raises(ValueError, match="sees the bases alone"):
        NetworkConfig(name="run7", prior=SETS)


def test_training_from_a_network_without_a_prior_is_resumed_and_proposes(tmp_path, windows, capsys):
    start, out, boxes = (tmp_path / name for name in ("start", "out", "boxes.parquet"))
    flags = ["--data", str(windows), *SMALL.split(), "--epoch-examples", "6"]
    assert cli.main(["train-s1", *flags, "--boxes", "--out", str(start)]) == 0
    flags += ["--prior", "turner2004", "--init", str(start), "--out", str(out)]
    assert cli.main(["train-s1", *flags]) == 0
    assert S1Model.load(out).network.config.prior == ("turner2004",)
    assert cli.main(["propose", "--data", str(windows), "--s1", str(out), "--out", str(boxes)]) == 0
    assert cli.main(["train-s1", *flags[:-1], str(tmp_path / "x"), "--prior", "vienna"]) == 2
    assert "--prior 'vienna' is unknown (choose from turner2004" in capsys.readouterr().err


def test_examples_carry_the_priors_of_their_rows(tmp_path):
    table, out = tmp_path / "known.csv", tmp_path / "known.parquet"
    table.write_text("id,sequence,dot_bracket\na,GGGGAAAACCCC,((((....))))\n")
    flags = ["--train", str(table), "--prior", *SETS, "--out", str(out)]
    assert cli.main(["dataset-known", *flags]) == 0
    (example,) = examples(read_dataset(out), SETS)
    np.testing.assert_array_equal(example.prior.row, PairPrior.of("GGGGAAAACCCC", SETS).row)
    assert examples(read_dataset(out))[0].prior is None


def test_longer_training_sequences_can_be_left_out(tmp_path, capsys):
    table, data, out = tmp_path / "known.csv", tmp_path / "known.parquet", tmp_path / "run"
    rows = [f"{n},{'G' * n}AAAA{'C' * n},{'(' * n}....{')' * n}\n" for n in (4, 5, 6, 7)]
    table.write_text("id,sequence,dot_bracket\n" + "".join(rows[:3]))
    held_out = tmp_path / "held_out.csv"
    held_out.write_text("id,sequence,dot_bracket\n" + rows[3])
    tables = ["--train", str(table), "--validation", str(held_out), "--out", str(data)]
    assert cli.main(["dataset-known", *tables]) == 0
    flags = ["train-s1", "--data", str(data), *SMALL.split(), "--max-length", "14"]
    assert cli.main([*flags, "--out", str(out)]) == 0
    assert "2 training and 1 validation examples" in capsys.readouterr().out
    assert json.loads((out / "config.json").read_text())["max_length"] == 14


def test_many_are_as_each_alone_whatever_was_asked_before():
    seqs = [SEQ[:length] for length in range(12, 12 + 40)] + [SEQ[:12]]
    together = PairPrior.of_each(seqs, SETS)
    for seq, prior in zip(seqs, together, strict=True):
        for row, grid in zip(prior.to_grids(len(seq)), SETS, strict=True):
            exact = pair_probabilities(seq, grid)
            kept = np.zeros_like(exact)
            kept[prior.row, prior.col] = exact[prior.row, prior.col]
            assert row == pytest.approx(kept, abs=1e-3)
