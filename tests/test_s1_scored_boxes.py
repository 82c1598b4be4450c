import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from boxfold.features.box import BoxKind
from boxfold.features.channels import canonical_mask
from boxfold.s1.batches import Example
from boxfold.s1.ends import INNER, OUTER, decode_ends, end_targets
from boxfold.s1.loop_ends import (
    INTERIOR,
    N_FACES,
    N_GAP,
    N_SIDE,
    LoopEnds,
    decode_loops,
    loop_targets,
)
from boxfold.s1.model import Maps, S1Model
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.rescoring import LOOP_FEATURES, N_ROUNDS, STEM_FEATURES, Rescorer
from boxfold.s1.rescoring_fit import BoxSample, RescoringConfig, with_rescorer
from boxfold.s1.run_folder import load_tensors, save_tensors
from boxfold.s1.scored_boxes import CANDIDATES, MIN_LOG_PROBABILITY, Candidates, scored_boxes
from boxfold.s1.tables import read_dataset, read_proposals, write_dataset
from boxfold.s1.validation import found_boxes
from boxfold.s1.votes import sigmoid
from boxfold.scripts.train_s1 import examples

TINY = NetworkConfig(channels=8, n_blocks=2, pixel_channels=4, hidden=8)
FAST = RescoringConfig(hidden=8, steps=20, batch_boxes=256)
SEQ = "GGGGAAGGGGAAAACCCCAAACCCC"
LONG = "GGCAUCGAUUGCAAGCUAGCAUUCGGAUAGCGCGAUAUCCGAAUUGGCAUGC"
SEQS = [LONG, SEQ, "GGGAAAACCC", LONG[::-1], "ACGU", "A", SEQ + LONG]


def noisy(network):
    """Every weight random, so that no part is silent; hairpins and interior loops are level."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            if value.ndim > 1 and not name.startswith("rescorer"):
                value.normal_(std=1 / value[0].numel() ** 0.5)
        network.loops[-1].bias[[INTERIOR, N_SIDE + INTERIOR]] += 5
    return network


@pytest.fixture(scope="module")
def plain():
    torch.manual_seed(2)
    return noisy(BoxNet(TINY))


@pytest.fixture(scope="module")
def rescored():
    torch.manual_seed(2)
    return noisy(BoxNet(dataclasses.replace(TINY, rescoring=8)))


@pytest.fixture(scope="module")
def weights(plain, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    meta = {"kind": "s1", "network": dataclasses.asdict(plain.config)}
    save_tensors(path, plain.state_dict(), meta)
    return path


def maps_by_seq(model, seqs):
    return {seqs[index]: maps for index, maps in model.maps(seqs, votes=False)}


def test_without_rescorer_scores_are_those_of_the_chain(plain):
    for seq, maps in maps_by_seq(S1Model(plain), SEQS).items():
        assert maps.rescorer is None
        for size in (None, 7):
            found = scored_boxes(seq, maps, size)
            size = len(seq) ** 3 if size is None else size
            wanted = [*decode_ends(maps.ends, seq, size), *decode_loops(maps.loops, size)]
            for got, expected in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("max_boxes", [None, 1000, 9, 0])
def test_rescored_boxes_are_few_and_fall(rescored, max_boxes):
    for seq, maps in maps_by_seq(S1Model(rescored), SEQS).items():
        found = scored_boxes(seq, maps, max_boxes)
        most = CANDIDATES * len(seq) if max_boxes is None else max_boxes
        for boxes, score in (found[:2], found[2:]):
            assert len(boxes) == len(score) <= min(most, 4 * len(seq))
            assert boxes.dtype == np.int64 and score.dtype == np.float32
            assert ((score >= 0) & (score <= 1)).all() and (np.diff(score) <= 0).all()
            assert len(np.unique(boxes, axis=0)) == len(boxes)
        assert (found.stems[:, 0] == BoxKind.STEM).all()
        assert (found.loops[:, 0] != BoxKind.STEM).all()
        all_boxes = scored_boxes(seq, maps)
        for few, all_ in zip(found, all_boxes, strict=True):
            np.testing.assert_array_equal(few, all_[: len(few)])
        # Those of the best chain scores, whatever the rescorer says.
        stems, _ = decode_ends(maps.ends, seq, 4 * len(seq))
        assert sorted(all_boxes.stems.tolist()) == sorted(stems.tolist())
        loops, _ = decode_loops(maps.loops, 4 * len(seq))
        assert sorted(all_boxes.loops.tolist()) == sorted(loops.tolist())


def test_the_last_round_gives_the_score(rescored):
    maps = maps_by_seq(S1Model(rescored), [SEQ])[SEQ]
    candidates = Candidates(SEQ, maps)
    chain = decode_ends(maps.ends, SEQ, 100)
    np.testing.assert_array_equal(candidates.best(1000).stem_score, chain[1])
    widths = (len(STEM_FEATURES), len(LOOP_FEATURES), len(LOOP_FEATURES))
    for number in range(N_ROUNDS):
        seen = {kind: candidates.features(kind) for kind in BoxKind}
        for kind, width in zip(BoxKind, widths, strict=True):
            assert seen[kind].shape == (len(candidates.boxes(kind)), (number + 1) * width)
        expected = {k: rescored.rescorer.log_probability(number, k, seen[k]) for k in BoxKind}
        candidates.rescore(rescored.rescorer, number)
        if number == 0:
            for kind, width in zip(BoxKind, widths, strict=True):
                now = candidates.features(kind)
                np.testing.assert_allclose(now[:, 0], expected[kind] / 5, rtol=1e-6)
                np.testing.assert_array_equal(now[:, width:], seen[kind])
    found = scored_boxes(SEQ, maps)
    for kind, boxes, score in (
        (BoxKind.STEM, found.stems, found.stem_score),
        (BoxKind.HAIRPIN, found.loops, found.loop_score),
        (BoxKind.INTERIOR_LOOP, found.loops, found.loop_score),
    ):
        at = boxes[:, 0] == kind
        by_box = dict(zip(map(tuple, boxes[at].tolist()), score[at].tolist(), strict=True))
        lines = map(tuple, candidates.boxes(kind).tolist())
        wanted = dict(zip(lines, np.exp(expected[kind]).tolist(), strict=True))
        assert by_box == pytest.approx(wanted) and len(wanted) > 0


def test_scores_are_bounded_below(rescored):
    maps = maps_by_seq(S1Model(rescored), [SEQ])[SEQ]
    torch.manual_seed(0)
    never = Rescorer(4)
    with torch.no_grad():
        for name, value in never.named_parameters():
            if name.endswith("layers.4.bias"):
                value.fill_(-1000)
    found = scored_boxes(SEQ, maps._replace(rescorer=never))
    for score in (found.stem_score, found.loop_score):
        np.testing.assert_allclose(score, np.exp(MIN_LOG_PROBABILITY), rtol=1e-6)


def by_box(found):
    lines = [tuple(line) for line in [*found.stems.tolist(), *found.loops.tolist()]]
    return dict(zip(lines, [*found.stem_score, *found.loop_score], strict=True))


def test_rescoring_is_deterministic(rescored):
    first, second = (maps_by_seq(S1Model(rescored), SEQS) for _ in range(2))
    for seq in SEQS:
        for a, b in zip(scored_boxes(seq, first[seq]), scored_boxes(seq, second[seq]), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("how", ["alone", "tiled"])
def test_alone_in_a_batch_and_tiled_scores_are_the_same(rescored, how):
    together = maps_by_seq(S1Model(rescored), SEQS)
    for seq in SEQS:
        other = S1Model(rescored, max_whole=1, tile_rows=16) if how == "tiled" else None
        alone = maps_by_seq(other or S1Model(rescored), [seq])[seq]
        found = by_box(scored_boxes(seq, alone))
        expected = by_box(scored_boxes(seq, together[seq]))
        assert found == pytest.approx(expected, abs=1e-4)
        if len(seq) > 20:
            assert len(found) > 2 * len(seq) and np.std(list(found.values())) > 1e-3


class Blurred:
    """Stands for a trained network: the truth, and noise that hides some of it."""

    def __init__(self, known, seed):
        self._known, self._rng = {example.seq: example for example in known}, seed

    def maps(self, seqs, votes):
        assert not votes
        for index, seq in enumerate(seqs):
            yield index, self.maps_of(self._known[seq], np.random.default_rng([self._rng, index]))

    def maps_of(self, example, rng):
        n, mask = len(example.seq), canonical_mask(example.seq)
        logits = 5 * end_targets(example.stems, n) - 3 + 1.5 * rng.normal(size=(3, n, n))
        ends = np.where(mask, sigmoid(logits), 0).astype(np.float32)
        targets, sides = loop_targets(example.boxes), []
        for side, channel in enumerate((INNER, OUTER)):
            pairs = np.argwhere(ends[channel] > 0.05)
            faces = 1.5 * rng.normal(size=(len(pairs), N_SIDE))
            of = {}
            for line in np.flatnonzero(targets.side == side).tolist():
                of[tuple(targets.pairs[line].tolist())] = line
            for row, pair in enumerate(map(tuple, pairs.tolist())):
                if pair in of:
                    faces[row, targets.face[of[pair]]] += 3
                    for axis, gap in enumerate(targets.gaps[of[pair]].tolist()):
                        faces[row, N_FACES + N_GAP * axis + min(max(gap, 0), 15)] += 3
            sides.append((pairs, np.log(ends[channel][tuple(pairs.T)]), faces))
        loops = LoopEnds(*(part for pair in zip(*sides, strict=True) for part in pair))
        return Maps(ends, loops, np.zeros((3, n, n), dtype=np.float32), None)


@pytest.fixture(scope="module")
def folded(windows):
    return examples(read_dataset(windows))


def cross_entropy(score, truth):
    score = np.clip(score.astype(float), 1e-9, 1 - 1e-6)
    return float(-np.where(truth, np.log(score), np.log1p(-score)).mean())


def quality(model, known, rescorer):
    """Of stems, then loops, among the candidates that are rescored.

    Cross-entropy; the same of guessing the share of true ones; share of the target boxes among as
    many best ones; expected number of true ones by their number.
    """
    results = []
    for part in (0, 1):
        scores, truths, found, wanted = [], [], 0, 0
        for index, maps in model.maps([example.seq for example in known], votes=False):
            example = known[index]
            is_stem = example.boxes[:, 0] == BoxKind.STEM
            boxes = example.boxes[is_stem == (part == 0)]
            size = CANDIDATES * len(example.seq)
            result = scored_boxes(example.seq, maps._replace(rescorer=rescorer), size)
            proposed, score = result[2 * part : 2 * part + 2]
            scores.append(score)
            truths.append(found_boxes(proposed, boxes))
            found += found_boxes(boxes, proposed[: len(boxes)]).sum()
            wanted += len(boxes)
        score, truth = np.concatenate(scores), np.concatenate(truths)
        share = np.full(len(truth), truth.mean())
        losses = cross_entropy(score, truth), cross_entropy(share, truth)
        results.append((*losses, found / wanted, float(score.sum() / truth.sum())))
    return results


def test_fitting_improves_on_the_chain_score(folded, plain):
    """On sequences that it was not fitted to."""
    seen, unseen = folded[:40], folded[40:]
    sample = BoxSample(Blurred(seen, 0), seen)
    config = RescoringConfig(hidden=16, steps=200, learning_rate=0.02)
    network = with_rescorer(plain, sample, config)
    before = quality(Blurred(unseen, 1), unseen, None)
    after = quality(Blurred(unseen, 1), unseen, network.rescorer)
    for old, new in zip(before, after, strict=True):
        (old_loss, of_share, old_recall, _), (loss, _, recall, calls) = old, new
        assert loss < 0.25 * min(old_loss, of_share)
        assert recall > max(0.9, old_recall + 0.2)
        assert 0.8 < calls < 1.25  # true boxes are as many as the probabilities add up to


def states(network):
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


def test_all_other_weights_stay_and_a_seed_gives_the_same_bytes(folded, plain, tmp_path):
    model = S1Model(plain)
    before = states(plain)

    def fitted(name, seed):
        network = with_rescorer(
            plain, BoxSample(model, folded[:6]), dataclasses.replace(FAST, seed=seed)
        )
        meta = {"kind": "s1", "network": dataclasses.asdict(network.config)}
        save_tensors(tmp_path / name, network.state_dict(), meta)
        return network

    first = fitted("a", 1)
    torch.manual_seed(99)  # what was drawn before must not matter
    second, other = fitted("b", 1), fitted("c", 2)
    assert states(plain) == before and plain.rescorer is None and plain.config.rescoring == 0
    assert first.config == dataclasses.replace(TINY, rescoring=8) and not first.training
    after = states(first)
    assert {name: after[name] for name in before} == before
    assert all(name.startswith("rescorer.") for name in after.keys() - before.keys())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert states(second) == after
    assert (
        states(other)["rescorer.rounds.0.0.layers.0.weight"]
        != (after["rescorer.rounds.0.0.layers.0.weight"])
    )


def test_features_are_normalised_by_the_sample(folded, plain):
    sample = BoxSample(S1Model(plain), folded[:6])
    first = {kind: sample.tensors(kind) for kind in BoxKind}
    network = with_rescorer(plain, sample, FAST)
    for kind in BoxKind:
        features, truth = first[kind]
        boxes = [found.boxes(kind) for found in sample.candidates]
        expected = [
            found_boxes(some, example.boxes)
            for some, example in zip(boxes, folded[:6], strict=True)
        ]
        assert truth.tolist() == np.concatenate(expected).tolist()
        perceptron = network.rescorer.perceptron(0, kind)
        assert torch.equal(perceptron.mean, features.mean(dim=0))
        assert torch.equal(perceptron.scale, 1 / (features.std(dim=0) + 1e-3))
        later = network.rescorer.perceptron(1, kind)
        width = features.shape[1]
        torch.testing.assert_close(later.mean[width:], perceptron.mean)
        assert not torch.equal(later.mean[:width], perceptron.mean)


def test_a_rescored_network_can_be_fitted_again(folded, rescored):
    again = with_rescorer(rescored, BoxSample(S1Model(rescored), folded[:6]), FAST)
    old = {n: v for n, v in rescored.state_dict().items() if not n.startswith("rescorer.")}
    assert all(torch.equal(again.state_dict()[name], value) for name, value in old.items())
    # The old rescorer leaves no trace: the sample is of what the heads say alone.
    torch.manual_seed(3)
    bare = BoxNet(TINY)
    bare.load_state_dict(old)
    from_bare = with_rescorer(bare, BoxSample(S1Model(bare), folded[:6]), FAST)
    assert states(from_bare) == states(again)
    other_size = dataclasses.replace(FAST, hidden=4)
    smaller = with_rescorer(rescored, BoxSample(S1Model(rescored), folded[:6]), other_size)
    assert smaller.config.rescoring == 4
    assert smaller.rescorer.perceptron(0, 0).layers[0].out_features == 4


def test_weights_on_disk_score_the_same(rescored, tmp_path):
    path = tmp_path / "w.safetensors"
    meta = {"kind": "s1", "network": dataclasses.asdict(rescored.config)}
    save_tensors(path, rescored.state_dict(), meta)
    model = S1Model.load(path)
    assert states(model.network) == states(rescored)
    found, expected = (maps_by_seq(m, [LONG])[LONG] for m in (model, S1Model(rescored)))
    for a, b in zip(scored_boxes(LONG, found), scored_boxes(LONG, expected), strict=True):
        np.testing.assert_array_equal(a, b)


VERB = ("--steps", 15, "--hidden", 4, "--batch-boxes", 256)


def test_the_verb_from_weights_to_proposals(call, windows, weights, tmp_path):
    out = tmp_path / "deep" / "s1.safetensors"
    flags = ("rescore-s1", "--s1", weights, "--data", windows, *VERB, "--seed", 5)
    done = call(*flags, "--out", out)
    assert done.code == 0
    n = int((read_dataset(windows)["split"] == "validation").sum())
    assert done.out == f"fitted on the candidates of {n} sequences, wrote {out}\n"
    tensors, meta = load_tensors(out, "s1")
    old, old_meta = load_tensors(weights, "s1")
    assert meta["network"] == old_meta["network"] | {"rescoring": 4}
    assert meta["rescoring"] == {
        **{"hidden": 4, "steps": 15, "batch_boxes": 256, "seed": 5, "sequences": n},
        **{"learning_rate": 5e-3, "weight_decay": 1e-4},
    }
    assert all(torch.equal(tensors[name], value) for name, value in old.items())
    assert all(torch.isfinite(value).all() for value in tensors.values())
    again = tmp_path / "again.safetensors"
    assert call(*flags, "--out", again).code == 0
    assert again.read_bytes() == out.read_bytes()
    # Weights with a rescorer are weights like any other.
    assert call(*flags[:2], out, *flags[3:], "--out", again, "--overwrite").code == 0
    assert again.read_bytes() == out.read_bytes()
    table = tmp_path / "p.parquet"
    propose = ("propose", "--data", windows, "--method", "ends", "--max-boxes", 400)
    assert call(*propose, "--s1", out, "--out", table).code == 0
    for row in read_proposals(table).to_dict("records"):
        assert 0 < len(row["box_n"]) <= 4 * len(row["sequence"])
        for score in (row["box_score"], row["loop_score"]):
            assert (np.diff(score) <= 0).all() and ((score >= 0) & (score <= 1)).all()


def test_only_validation_rows_are_fitted_to(call, windows, weights, tmp_path):
    frame = read_dataset(windows)
    held_out = frame[frame["split"] == "validation"]
    paths = [tmp_path / name for name in ("validation.parquet", "train.parquet")]
    for path, part in zip(paths, (held_out, frame[frame["split"] == "train"]), strict=True):
        write_dataset(part, path)
    written = []
    for name, data in (("a", [windows]), ("b", paths[:1]), ("c", paths)):
        out = tmp_path / name
        flags = ("rescore-s1", "--s1", weights, "--data", *data, *VERB, "--out", out)
        assert call(*flags).code == 0
        written.append(out.read_bytes())
    assert written[0] == written[1] == written[2]
    done = call("rescore-s1", "--s1", weights, "--data", paths[1], "--out", tmp_path / "d")
    assert done.is_one_line("rescore-s1", str(paths[1]), "no rows of split 'validation'")
    assert not (tmp_path / "d").exists()


def test_the_verb_refuses_what_it_cannot_use(call, windows, weights, tmp_path):
    out = tmp_path / "w.safetensors"
    out.write_text("precious")
    flags = ("rescore-s1", "--s1", weights, "--data", windows, *VERB)
    assert call(*flags, "--out", out).is_one_line("rescore-s1", str(out), "exists already")
    assert out.read_text() == "precious"
    assert call(*flags, "--out", tmp_path).is_one_line("rescore-s1", "is a folder")
    new = ("--out", tmp_path / "new")
    missing = tmp_path / "none"
    done = call("rescore-s1", "--s1", missing, "--data", windows, *new)
    assert done.is_one_line("rescore-s1", str(missing), "no such weights")
    done = call("rescore-s1", "--s1", weights, "--data", missing, *new)
    assert done.is_one_line("rescore-s1", str(missing))
    done = call(*flags, "--steps", 0, *new)
    assert done.is_one_line("rescore-s1", "--steps 0 is too small")
    assert not new[1].exists()


@pytest.mark.parametrize("seq", ["AAAAAAAA", "GAAAAC"])
def test_too_few_boxes_of_a_kind_are_one_clear_line(call, weights, tmp_path, seq):
    """No candidate of some kind, or one alone, which has no spread."""
    path = tmp_path / "d.parquet"
    row = {"id": "a", "sequence": seq, "dot_bracket": "." * len(seq), "split": "validation"}
    write_dataset(pd.DataFrame([row]), path)
    flags = ("rescore-s1", "--s1", weights, "--data", path, *VERB)
    assert call(*flags, "--out", tmp_path / "w").is_one_line("rescore-s1")


def test_sequences_without_any_pair_are_no_obstacle(folded, plain):
    empty = [Example.from_dot_bracket(seq, "." * len(seq)) for seq in ("AAAA", "A", "ACGU")]
    model = S1Model(plain)
    with_empty = with_rescorer(plain, BoxSample(model, [*empty, *folded[:6]]), FAST)
    without = with_rescorer(plain, BoxSample(model, folded[:6]), FAST)
    for kind in BoxKind:
        found, expected = (n.rescorer.perceptron(0, kind).mean for n in (with_empty, without))
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    network = S1Model(with_empty)
    for seq, maps in maps_by_seq(network, [example.seq for example in empty]).items():
        result = scored_boxes(seq, maps)
        assert [len(part) for part in result] == [0] * 4, seq
