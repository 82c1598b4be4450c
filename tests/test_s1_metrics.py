import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from boxfold.features.loops import structure_boxes
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.batches import input_tensors
from boxfold.s1.box_targets import BOX_HEADS, batch_targets, box_targets
from boxfold.s1.metrics import METRIC_NAMES, BoxMetrics, on_metrics, selection_score
from boxfold.s1.network import BoxNet, NetworkConfig

STRUCTURES = ["((((..((((....))))...))))", "((((((....))))))........", "......................"]
HEADS = {head.name: head for head in BOX_HEADS}


@pytest.fixture(scope="module")
def targets():
    boxes = [structure_boxes(base_pairs_from_dot_bracket(s)) for s in STRUCTURES]
    single = [box_targets(b, len(s)) for b, s in zip(boxes, STRUCTURES, strict=True)]
    return batch_targets(single, 26)


@pytest.fixture
def logits():
    return np.random.default_rng(4).normal(size=(3, 123, 26, 26)).astype(np.float32)


def test_names_are_the_twenty():
    assert len(METRIC_NAMES) == 20
    assert METRIC_NAMES[:6] == tuple(
        f"stem/{n}" for n in "auroc auprc location_x location_y size size_l1".split()
    )
    assert METRIC_NAMES[6:14] == tuple(
        f"interior_loop/{n}"
        for n in "auroc auprc location_x location_y size_x size_y size_x_l1 size_y_l1".split()
    )


def test_areas_equal_scikit_learn_per_example(targets, logits):
    metrics = BoxMetrics()
    metrics.add(logits, targets)
    rows = dict(zip(METRIC_NAMES, metrics.per_example().T, strict=True))
    for kind, label in enumerate(("stem", "interior_loop", "hairpin")):
        areas = []
        for example in range(3):
            mask = targets.on_mask[example]
            truth = targets.on[example, kind][mask]
            score = logits[example, HEADS[f"{label}/on"].channels.start][mask]
            if truth.any():
                expected = roc_auc_score(truth, score), average_precision_score(truth, score)
                found = rows[f"{label}/auroc"][example], rows[f"{label}/auprc"][example]
                assert found == pytest.approx(expected, abs=1e-12)
                areas.append(expected[0])
            else:
                assert np.isnan(rows[f"{label}/auroc"][example])
        assert metrics.summary()[f"{label}/auroc"] == pytest.approx(np.mean(areas))
    assert len(rows["interior_loop/auroc"]) == 3
    assert np.isfinite(rows["interior_loop/auroc"]).tolist() == [True, False, False]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=30))
def test_ties_are_treated_as_scikit_learn_does(pairs):
    truth, score = np.array([t for t, _ in pairs]), np.array([float(s) for _, s in pairs])
    if truth.all() or not truth.any():
        assert np.isnan(on_metrics(truth, score)).all()
    else:
        expected = roc_auc_score(truth, score), average_precision_score(truth, score)
        assert on_metrics(truth, score) == pytest.approx(expected, abs=1e-12)


def test_accuracy_and_l1_by_hand(targets, logits):
    logits[:] = 0
    # Example 0 has 20 interior-loop pixels, sizes 4 x 5: say size x = 4 in its first row only.
    logits[0, HEADS["interior_loop/size_x"].channels.start + 3, 3] = 1
    logits[:, HEADS["interior_loop/size_x_l1"].channels.start] = 4.5
    logits[:, HEADS["interior_loop/size_y_l1"].channels.start] = 4.5
    # Stem sizes: 4 in example 0, 6 in example 1.
    logits[:, HEADS["stem/size_l1"].channels.start] = 5
    logits[:, HEADS["stem/size"].channels.start + 5] = 1
    metrics = BoxMetrics()
    metrics.add(logits, targets)
    found = metrics.summary()
    assert found["interior_loop/size_x"] == 5 / 20
    assert found["interior_loop/size_y"] == 0  # class 0 wins all ties, size 1
    assert found["interior_loop/size_x_l1"] == 0.5
    assert found["interior_loop/size_y_l1"] == 0.5
    assert found["stem/size"] == (0 + 1) / 2
    assert found["stem/size_l1"] == 1
    assert found["stem/location_x"] == (1 / 4 + 1 / 6) / 2  # distance 0 is right in one row
    assert found["hairpin/size"] == 0


def test_no_examples_are_undefined_without_a_warning():
    assert np.isnan(list(BoxMetrics().summary().values())).all()


def test_selection_subtracts_the_distances():
    metrics = dict.fromkeys(METRIC_NAMES, 1.0)
    assert selection_score(metrics) == 16 - 4
    metrics["stem/auroc"] = float("nan")
    metrics["hairpin/size_l1"] = 0.0
    assert selection_score(metrics) == 15 - 3


def test_untrained_networks_score_about_a_half():
    rng = np.random.default_rng(0)
    areas = []
    for seed in range(8):
        torch.manual_seed(seed)
        network = BoxNet(NetworkConfig(channels=8, n_blocks=1, pixel_channels=4, hidden=8)).eval()
        seqs = ["".join(rng.choice(list("ACGU"), size=len(s))) for s in STRUCTURES[:2]]
        metrics = BoxMetrics()
        with torch.inference_mode():
            grid, valid, _ = input_tensors(seqs)
            maps = network.boxes(network(grid, valid)).permute(0, 3, 1, 2).numpy()
        for line, structure in enumerate(STRUCTURES[:2]):
            n = len(structure)
            boxes = structure_boxes(base_pairs_from_dot_bracket(structure))
            metrics.add_example(maps[line, :, :n, :n], box_targets(boxes, n))
        areas += [metrics.summary()[f"{k}/auroc"] for k in ("stem", "interior_loop", "hairpin")]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.07)
