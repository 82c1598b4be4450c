import numpy as np
import pytest

from boxfold.features.box import BoxKind, boxes_to_array, hairpin_box, interior_loop_box, stem_box
from boxfold.features.channels import canonical_mask
from boxfold.features.errors import InputError
from boxfold.features.loops import structure_boxes
from boxfold.features.proposals import EVIDENCE
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.batches import Example
from boxfold.s1.box_losses import ON_CHANNELS
from boxfold.s1.box_targets import BOX_HEADS, N_LOCATION, N_SIZE, box_targets, size_class
from boxfold.s1.ends import chain_scores, end_targets
from boxfold.s1.evaluation import RECALL_COLUMNS, BoxRecall, evaluate_s1, known_examples
from boxfold.s1.evidence import stem_evidence
from boxfold.s1.histograms import BoxHistogram, box_lengths
from boxfold.s1.loop_ends import N_FACES, N_GAP, LoopEnds, loop_targets
from boxfold.s1.metrics import METRIC_NAMES
from boxfold.s1.model import Maps
from boxfold.s1.proposal_report import ProposalReport
from boxfold.s1.propose import ProposeConfig, PruneConfig, propose_from_maps
from boxfold.s1.votes import METHODS, count_votes

SEQ = "GGGGAAGGGGAAAACCCCAAACCCC"
STRUCTURE = "((((..((((....))))...))))"
NETWORK_METHODS = METHODS[:-1]


@pytest.fixture(scope="module")
def example():
    return Example.from_dot_bracket(SEQ, STRUCTURE)


@pytest.fixture(scope="module")
def maps(example):
    """Sure of the structure of SEQ; outside boxes every pixel points into the catch-all."""
    targets = box_targets(example.boxes, len(SEQ))
    logits = np.zeros((123, len(SEQ), len(SEQ)), dtype=np.float32)
    for head in BOX_HEADS:
        inside = targets.inside[head.kind]
        if head.output == "on":
            logits[head.channels] = np.where(inside, 8, -8)
        elif head.output == "size_l1":
            logits[head.channels] = targets.size[head.kind, head.axis]
        else:
            is_location = head.output == "location"
            n_classes = N_LOCATION if is_location else N_SIZE
            wanted = (targets.location if is_location else size_class(targets.size))[head.kind]
            classes = np.where(inside, wanted[head.axis], n_classes - 1)
            logits[head.channels] = 30 * np.eye(n_classes)[classes].transpose(2, 0, 1)
    on = np.triu(1 / (1 + np.exp(-logits[ON_CHANNELS])), 1)
    ends = end_targets(example.stems, len(SEQ))
    return Maps(ends, certain_loop_ends(example.boxes), on, count_votes(logits), logits)


def certain_loop_ends(boxes):
    """Sure of what every end of a stem faces."""
    targets = loop_targets(boxes)
    parts = [np.eye(N_FACES)[targets.face], *np.eye(N_GAP)[targets.gaps.T]]
    logits = 30 * np.concatenate(parts, axis=1).astype(np.float32)
    inner, outer = (targets.side == side for side in (0, 1))
    sure = np.zeros(inner.sum(), dtype=np.float32)
    pairs = targets.pairs
    return LoopEnds(pairs[inner], pairs[outer], sure, sure, logits[inner], logits[outer])


@pytest.mark.parametrize("method", NETWORK_METHODS)
def test_perfect_maps_give_the_structure(example, maps, method):
    found = propose_from_maps(SEQ, maps, ProposeConfig(method, max_boxes=5)).proposals
    n = len(found.boxes) if method != "ends" else 2  # ends ranks all sub-runs, these two first
    assert sorted(found.boxes[:n].tolist()) == example.stems.tolist()
    np.testing.assert_allclose(found.score[:2], 1 if method == "ends" else 16 / 24, atol=1e-3)
    assert (np.diff(found.score) <= 0).all()
    loops = example.boxes[example.boxes[:, 0] != BoxKind.STEM]
    n = len(found.loops) if method != "ends" else 2  # so it does all loops
    assert sorted(found.loops[:n].tolist()) == loops.tolist()
    assert ((found.loop_score[:n] > 0.99) & (found.loop_score[:n] <= 1)).all()
    assert (found.loop_score[n:] < 1e-6).all() and (np.diff(found.loop_score) <= 0).all()


@pytest.mark.parametrize("method", NETWORK_METHODS)
def test_evidence_is_the_same_for_every_method(maps, method):
    found = propose_from_maps(SEQ, maps, ProposeConfig(method, max_boxes=2)).proposals
    columns = dict(zip(EVIDENCE, found.evidence.T, strict=True))
    for name in ("paired_outer", "paired_inner", "outer_end", "inner_end", "votes_scalar"):
        np.testing.assert_allclose(columns[name], 1)
    np.testing.assert_allclose(columns["on_probability"], 1 / (1 + np.exp(-8)), rtol=1e-5)
    np.testing.assert_allclose(columns["log_probability"], 0, atol=1e-2)


def test_evidence_by_hand():
    rng = np.random.default_rng(2)
    n = len(SEQ)
    ends = rng.uniform(0.1, 0.9, (3, n, n)).astype(np.float32)
    logits = rng.normal(size=(123, n, n)).astype(np.float32)
    boxes = boxes_to_array([stem_box(0, 24, 3), stem_box(7, 16, 2), stem_box(6, 17, 1)])
    voted = count_votes(logits)
    stems = voted.take(voted.boxes[:, 0] == BoxKind.STEM)
    canonical, on = canonical_mask(SEQ), 1 / (1 + np.exp(-logits[0]))
    columns = dict(zip(EVIDENCE, stem_evidence(boxes, ends, on, stems, canonical).T, strict=True))
    np.testing.assert_allclose(
        columns["on_probability"],
        [(on[0, 24] + on[1, 23] + on[2, 22]) / 3, (on[7, 16] + on[8, 15]) / 2, on[6, 17]],
        rtol=1e-5,
    )
    inner = ends[2]
    np.testing.assert_allclose(columns["inner_end"], [inner[2, 22], inner[8, 15], inner[6, 17]])
    expected = np.maximum(chain_scores(ends, boxes, canonical), -12)
    np.testing.assert_allclose(columns["log_probability"], expected, rtol=1e-5)
    lookup = {tuple(b): k for k, b in enumerate(stems.boxes.tolist())}
    known = [lookup.get(tuple(b)) for b in boxes.tolist()]
    expected = [0 if k is None else stems.share_scalar[k] for k in known]
    np.testing.assert_allclose(columns["votes_scalar"], expected)


def test_evaluation_of_perfect_maps_and_of_runs(example, maps):
    class Perfect:
        def maps(self, seqs, dense):
            assert dense
            yield from ((index, maps) for index in range(len(seqs)))

    configs = [ProposeConfig("ends", max_boxes=1), ProposeConfig("rank"), ProposeConfig("runs")]
    metrics, recall = evaluate_s1(Perfect(), [example, example], configs)
    assert metrics["stem"] == pytest.approx(
        dict(auroc=1, auprc=1, location_x=1, location_y=1, size=1, size_l1=0)
    )
    names = [f"{kind}/{name}" for kind in metrics for name in metrics[kind]]
    assert names[:20] == list(METRIC_NAMES)
    assert metrics["box_recall"]["stem"] == 0.5
    assert sorted(metrics["box_recall"].values()) == [0, 0.5, 1]  # one loop of two
    assert recall.columns.tolist() == list(RECALL_COLUMNS)
    rows = recall.set_index("method")
    assert rows.loc["ends", ["all_stems", "all_boxes"]].tolist() == [0, 0]
    assert rows.loc["rank", ["stem", "all_stems", "all_boxes"]].tolist() == [1, 1, 1]
    assert rows.loc["rank", ["stems_offered", "loops_offered"]].tolist() == [2, 2]
    assert rows.loc["runs", "loops_offered"] == 0


def test_recall_is_over_boxes_and_completeness_over_examples(example, maps):
    perfect = propose_from_maps(SEQ, maps, ProposeConfig("rank")).proposals
    nothing = perfect.best(0)
    recall = BoxRecall()
    assert recall.add(example, perfect).all()
    assert not recall.add(Example.from_dot_bracket("GGGAAAACCC", "(((....)))"), nothing).any()
    recall.add(Example.from_dot_bracket("AAAA", "...."), nothing)
    found = recall.summary()
    assert found["stem"] == 2 / 3 and found["hairpin"] == 1 / 2 and found["interior_loop"] == 1
    assert recall.n_complete == (2, 2)
    assert found["stems_offered"] == pytest.approx(2 / 3)


def test_histogram_by_hand(tmp_path):
    boxes = boxes_to_array(
        [
            stem_box(0, 24, 4),
            stem_box(0, 24, 4),
            interior_loop_box(3, 21, 6, 17),
            hairpin_box(9, 14),
        ]
    )
    assert box_lengths(boxes).tolist() == [4, 4, 5, 4]
    histogram = BoxHistogram()
    histogram.add(boxes, boxes[1:3])
    histogram.add(boxes[:1], boxes[:0])
    assert histogram.table().to_numpy().tolist() == [
        ["stem", 4, 3, 1],
        ["interior_loop", 5, 1, 1],
        ["hairpin", 4, 1, 0],
    ]
    assert histogram.totals()["before"].tolist() == [3, 1, 1]
    histogram.draw(tmp_path / "h.png")
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")


def test_report_adds_up(example, maps):
    report = ProposalReport()
    config = ProposeConfig("rank", max_boxes=1, prune=PruneConfig(min_hairpin=5))
    report.add(propose_from_maps(SEQ, maps, config), example)
    report.add(propose_from_maps(SEQ, maps, ProposeConfig("rank")), example)
    lines = {line[:17].strip(): line.split()[-3:] for line in report.lines()[:10]}
    assert lines["offered"] == ["4", "2", "2"]
    assert lines["- hairpin"] == ["-1", "0", "-1"]
    assert lines["- over max-boxes"] == ["0", "0", "0"]
    assert lines["kept"] == ["3", "2", "1"]
    assert report.lines()[10:] == [
        "2 sequences, 1.5 stems each, 0 without any",
        "share of target boxes found: stem 0.750, interior_loop 1.000, hairpin 0.500",
        "examples with all target stems found: before 2, after 1",
        "examples with all target boxes found: before 2, after 1",
    ]


def test_known_examples_name_the_bad_record():
    import pandas as pd

    frame = pd.DataFrame(
        {"id": ["a", "b"], "sequence": [SEQ, "ACGU"], "dot_bracket": [STRUCTURE, None]}
    )
    first, second = known_examples(frame)
    assert first is not None and second is None
    np.testing.assert_array_equal(
        first.boxes, structure_boxes(base_pairs_from_dot_bracket(STRUCTURE))
    )
    with pytest.raises(InputError, match="record 'b': dot_bracket has 3 characters"):
        known_examples(frame.assign(dot_bracket=[None, "..."]))
    with pytest.raises(InputError, match="record 'b': unbalanced"):
        known_examples(frame.assign(dot_bracket=[None, "(..."]))
