import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from boxfold.features.loops import structure_boxes
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.box_losses import box_loss
from boxfold.s1.box_targets import BOX_HEADS, batch_targets, box_targets
from boxfold.s1.per_example import mean_per_example

HEADS = {head.name: head for head in BOX_HEADS}


def targets_of(*structures, length, offset=10):
    boxes = [structure_boxes(base_pairs_from_dot_bracket(s)) for s in structures]
    single = [box_targets(b, len(s), offset) for b, s in zip(boxes, structures, strict=True)]
    return batch_targets(single, length)


def loss_of_logits(logits, targets):
    """Terms of logits (B, 123, L, L): the features are the logits, the head passes them on."""
    head = nn.Sequential(nn.Identity(), nn.Linear(123, 123))
    nn.init.eye_(head[-1].weight)
    nn.init.zeros_(head[-1].bias)
    return box_loss(head, logits.permute(0, 2, 3, 1), targets)


def test_terms_of_a_hand_made_map():
    # "(...)": one stem pixel (0, 4), one hairpin of size 5 with ten upper pixels, no interior loop.
    targets = targets_of("(...)", length=5)
    logits = torch.zeros(1, 123, 5, 5)
    logits[0, HEADS["stem/on"].channels, 0, 4] = 2.0
    logits[0, HEADS["stem/location_x"].channels.start, 0, 4] = 1.0  # class 0 is right
    logits[0, HEADS["stem/size_l1"].channels, 0, 4] = 3.5  # size 1
    logits[0, HEADS["hairpin/size_l1"].channels] = 7.0  # size 5
    logits[0, HEADS["hairpin/size"].channels.start + 4] = 1.0  # right everywhere
    terms = loss_of_logits(logits, targets)
    assert len(terms) == 17
    log_2, e = np.log(2), np.e
    expected = {
        "stem/on": (9 * log_2 + np.log1p(np.exp(-2))) / 10,  # ten pixels are unmasked
        "stem/location_x": np.log((e + 11) / e),
        "stem/location_y": np.log(12),
        "stem/size": np.log(11),
        "stem/size_l1": 2.5,
        "interior_loop/on": log_2,
        "interior_loop/location_x": 0,
        "interior_loop/size_y_l1": 0,
        "hairpin/on": log_2,
        "hairpin/location_y": np.log(12),
        "hairpin/size": np.log((e + 10) / e),
        "hairpin/size_l1": 2.0,
    }
    for name, value in expected.items():
        assert terms[f"boxes/{name}"].item() == pytest.approx(value, rel=1e-5), name


def test_terms_average_pixels_then_examples():
    structures = ["((((....))))", "(...).(....)", "............"]
    targets = targets_of(*structures, length=14, offset=2)
    logits = torch.randn(3, 123, 14, 14, generator=torch.Generator().manual_seed(3))
    terms = loss_of_logits(logits, targets)
    for name in ("stem/on", "hairpin/location_x", "stem/size", "hairpin/size_l1"):
        head, means = HEADS[name], []
        for example in range(3):
            mask = targets.inside[example, head.kind]
            if head.output == "on":
                mask = targets.on_mask[example]
            i, j = np.nonzero(mask)
            values = [
                _pixel_loss(head, logits[example, head.channels, a, b], targets, (example, a, b))
                for a, b in zip(i, j, strict=True)
            ]
            means.append(np.mean(values) if values else 0.0)
        assert means[2] == 0
        assert terms[f"boxes/{name}"].item() == pytest.approx(np.mean(means), rel=1e-5), name


def _pixel_loss(head, output, targets, place):
    example, i, j = place
    if head.output == "on":
        wanted = torch.tensor(float(targets.on[example, head.kind, i, j]))
        return functional.binary_cross_entropy_with_logits(output[0], wanted).item()
    if head.output == "size_l1":
        return abs(output[0].item() - targets.size[example, head.kind, head.axis, i, j])
    wanted = targets.location[example, head.kind, head.axis, i, j]
    if head.output == "size":
        wanted = targets.size[example, head.kind, head.axis, i, j] - 1
    return -functional.log_softmax(output, dim=0)[int(wanted)].item()


def test_masked_pixels_get_no_gradient():
    targets = targets_of("(...).....", length=12, offset=1)
    logits = torch.zeros(1, 123, 12, 12, requires_grad=True)
    torch.stack(list(loss_of_logits(logits, targets).values())).sum().backward()
    touched = (logits.grad[0] != 0).any(dim=0).numpy()
    np.testing.assert_array_equal(touched, targets.on_mask[0] | targets.inside[0].any(axis=0))


def test_mean_per_example():
    values, example = torch.tensor([1.0, 3.0, 10.0]), torch.tensor([0, 0, 2])
    assert mean_per_example(values, example, 4).item() == (2 + 0 + 10 + 0) / 4
    columns = torch.stack([values, -2 * values], dim=1)
    assert mean_per_example(columns, example, 4).tolist() == [3.0, -6.0]
    assert mean_per_example(values[:0], example[:0], 2).item() == 0


def test_loss_is_that_of_the_whole_head_on_every_pixel():
    targets = targets_of("((((....))))", "(...).(....)", length=12, offset=2)
    torch.manual_seed(1)
    head = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 123))
    features = torch.randn(2, 12, 12, 5)
    found = box_loss(head, features, targets)
    expected = loss_of_logits(head(features).permute(0, 3, 1, 2), targets)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item(), rel=1e-5), name
    sum(found.values()).backward()
    assert all((p.grad != 0).any() for p in head.parameters())
