import dataclasses

import numpy as np
import pytest
import torch

from boxfold.features.box import BoxKind, inner_pairs, outer_pairs
from boxfold.features.sequence import encode_bases
from boxfold.s1.batches import input_tensors
from boxfold.s1.ends import decode_ends, ranked_stems
from boxfold.s1.loop_ends import INTERIOR, N_SIDE, decode_loops, loop_candidates
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.rescoring import loop_features, stem_features
from boxfold.s1.run_folder import save_tensors
from boxfold.s1.scored_boxes import (
    MAX_LOOPS,
    MAX_STEMS,
    MIN_LOG_PROBABILITY,
    Candidates,
    scored_boxes,
)

TINY = NetworkConfig(channels=8, n_blocks=2, pixel_channels=4, hidden=8)
SEQ = "GGGGAAGGGGAAAACCCCAAACCCC"
LONG = "GGCAUCGAUUGCAAGCUAGCAUUCGGAUAGCGCGAUAUCCGAAUUGGCAUGC"
EMPTY = ("A", "ACGU", "AAAAAAAA", "GGGGGG")
SEQS = [LONG, SEQ, "GGGAAAACCC", LONG[::-1], *EMPTY, SEQ + LONG]


def noisy(network):
    """Every weight random, so that no part is silent; hairpins and interior loops are level."""
    with torch.no_grad():
        for value in network.parameters():
            if value.ndim > 1:
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
    return noisy(BoxNet(dataclasses.replace(TINY, rescoring=8, rescoring_layers=2)))


def maps_by_seq(model, seqs):
    return {seqs[index]: maps for index, maps in model.maps(seqs, votes=False)}


def lines(boxes):
    return list(map(tuple, boxes.tolist()))


def by_box(found):
    scores = [*found.stem_score.tolist(), *found.loop_score.tolist()]
    return dict(zip(lines(np.concatenate([found.stems, found.loops])), scores, strict=True))


def test_without_rescorer_scores_are_those_of_the_chain(plain):
    for seq, maps in maps_by_seq(S1Model(plain), SEQS).items():
        assert maps.rescorer is None and maps.pixels is None
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
        for boxes, score, per_base in (
            (found.stems, found.stem_score, MAX_STEMS),
            (found.loops, found.loop_score, MAX_LOOPS),
        ):
            most = per_base * len(seq)
            assert len(boxes) == len(score) <= (most if max_boxes is None else min(max_boxes, most))
            assert boxes.dtype == np.int64 and score.dtype == np.float32
            assert ((score >= 0) & (score <= 1)).all() and (np.diff(score) <= 0).all()
            assert len(np.unique(boxes, axis=0)) == len(boxes)
        assert (found.stems[:, 0] == BoxKind.STEM).all()
        assert (found.loops[:, 0] != BoxKind.STEM).all()
        for few, all_ in zip(found, scored_boxes(seq, maps), strict=True):
            np.testing.assert_array_equal(few, all_[: len(few)])


def test_candidates_are_the_best_of_the_heads_whatever_the_rescorer_says(rescored, monkeypatch):
    cut = set()  # by what the lists end
    for seq, maps in maps_by_seq(S1Model(rescored), SEQS).items():
        everything = len(seq) ** 3
        for least in (MIN_LOG_PROBABILITY, -2.5):
            monkeypatch.setattr("boxfold.s1.scored_boxes.MIN_LOG_PROBABILITY", least)
            found = scored_boxes(seq, maps)
            for boxes, (all_, score), most in (
                (found.stems, decode_ends(maps.ends, seq, everything), MAX_STEMS * len(seq)),
                (found.loops, decode_loops(maps.loops, everything), MAX_LOOPS * len(seq)),
            ):
                wanted = all_[score >= np.exp(least)][:most]
                assert sorted(lines(boxes)) == sorted(lines(wanted))
                if len(wanted) < len(all_):
                    cut.add((bool(all_[0, 0]), len(wanted) == most))
    assert len(cut) == 4


def test_before_rescoring_the_heads_order_the_candidates(rescored):
    maps = maps_by_seq(S1Model(rescored), [LONG])[LONG]
    found = Candidates(LONG, maps).best(9)
    wanted = [*decode_ends(maps.ends, LONG, 9), *decode_loops(maps.loops, 9)]
    for got, expected in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("seq", [SEQ, LONG])
def test_the_graph_holds_what_is_known_of_the_candidates(rescored, seq):
    maps = maps_by_seq(S1Model(rescored), SEQS)[seq]
    graph, n = Candidates(seq, maps).graph, len(seq)
    np.testing.assert_array_equal(graph.codes, encode_bases(seq))
    stems, log = ranked_stems(maps.ends, seq, n**3)
    stems, log = (part[log >= MIN_LOG_PROBABILITY][: MAX_STEMS * n] for part in (stems, log))
    loops = loop_candidates(maps.loops).best(MAX_LOOPS * n)
    loops = loops.best(int((loops.score >= MIN_LOG_PROBABILITY).sum()))
    assert graph.n_stems == len(stems) > 20 and len(loops.boxes) > 20
    np.testing.assert_array_equal(graph.boxes, np.concatenate([stems, loops.boxes]))
    log = np.minimum(log, 0)
    expected = stem_features(seq, maps.ends, maps.loops, stems, log, loops)
    np.testing.assert_array_equal(graph.stem_numbers, expected)
    np.testing.assert_array_equal(graph.loop_numbers, loop_features(n, loops, stems, log))
    with torch.inference_mode():
        pixels = rescored(*input_tensors([seq])[:2])[0].numpy()
    for half, pairs in enumerate((outer_pairs(graph.boxes), inner_pairs(graph.boxes))):
        if half:
            is_hairpin = graph.boxes[:, 0] == BoxKind.HAIRPIN
            pairs[is_hairpin] = outer_pairs(graph.boxes)[is_hairpin]
        width = pixels.shape[-1]
        found = graph.pixels[:, half * width :][:, :width]
        np.testing.assert_allclose(found, pixels[tuple(pairs.T)], atol=1e-5)
    assert graph.pixels.shape[1] == 2 * rescored.trunk.n_out


def test_the_rescorer_gives_the_score(rescored):
    for seq, maps in maps_by_seq(S1Model(rescored), SEQS).items():
        graph = Candidates(seq, maps).graph
        log = rescored.rescorer.log_probability(graph)
        wanted = dict(zip(lines(graph.boxes), np.exp(log).tolist(), strict=True))
        assert by_box(scored_boxes(seq, maps)) == pytest.approx(wanted)
        assert bool(wanted) == (seq not in EMPTY)


def test_boxes_of_one_score_keep_the_order_of_the_heads(rescored):
    maps = maps_by_seq(S1Model(rescored), [LONG])[LONG]

    class Indifferent:
        def log_probability(self, graph):
            return np.full(len(graph.boxes), np.log(0.25), dtype=np.float32)

    found = scored_boxes(LONG, maps._replace(rescorer=Indifferent()))
    graph = Candidates(LONG, maps).graph
    np.testing.assert_array_equal(found.stems, graph.boxes[: graph.n_stems])
    np.testing.assert_array_equal(found.loops, graph.boxes[graph.n_stems :])
    np.testing.assert_allclose([*found.stem_score, *found.loop_score], 0.25, rtol=1e-6)


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


def test_weights_on_disk_score_the_same(rescored, tmp_path):
    path = tmp_path / "w.safetensors"
    meta = {"kind": "s1", "network": dataclasses.asdict(rescored.config)}
    save_tensors(path, rescored.state_dict(), meta)
    model = S1Model.load(path)
    assert model.network.config == rescored.config
    found, expected = (maps_by_seq(m, [LONG])[LONG] for m in (model, S1Model(rescored)))
    for a, b in zip(scored_boxes(LONG, found), scored_boxes(LONG, expected), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("seq", EMPTY)
def test_sequences_without_any_pair_have_no_boxes(rescored, seq):
    for model in (S1Model(rescored), S1Model(rescored, max_whole=0, tile_rows=2)):
        result = scored_boxes(seq, maps_by_seq(model, [seq])[seq])
        assert [part.shape for part in result] == [(0, 5), (0,), (0, 5), (0,)]
        assert [part.dtype for part in result] == [np.int64, np.float32] * 2
