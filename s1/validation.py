"""How a network does on validation examples: the 20 box metrics, and stem recall of the ends."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from boxfold.features.box import stem_base_pairs
from boxfold.features.channels import canonical_mask
from boxfold.features.structure import IntArray
from boxfold.s1.batches import Example, example_tensors, length_batches
from boxfold.s1.box_targets import BoxTargets, batch_targets, box_targets
from boxfold.s1.ends import PAIRED, decode_ends
from boxfold.s1.metrics import BoxMetrics, selection_score
from boxfold.s1.network import BoxNet

BATCH_PIXELS = 16 * 64 * 64

STEM_RECALL = "ends/stem_recall"
"""Share of the target stems among the best L boxes of method ``ends``, mean over examples."""

PAIR_F1 = "ends/pair_f1"
"""F1 of the canonical pairs more likely than not, mean over examples."""


def stack_box_targets(examples: Sequence[Example], length: int, offset: int) -> BoxTargets:
    """Targets of the boxes heads of a padded batch; see `batch_targets`."""
    single = [box_targets(example.boxes, len(example.seq), offset) for example in examples]
    return batch_targets(single, length)


def found_boxes(targets: IntArray, proposed: IntArray) -> np.ndarray:
    """Which target boxes are among the proposed ones, exactly.

    Parameters
    ----------
    targets : ndarray, dtype=int, shape (N, 5)
    proposed : ndarray, dtype=int, shape (M, 5)

    Returns
    -------
    ndarray, dtype=bool, shape (N,)
    """
    return (targets[:, None] == proposed[None]).all(axis=2).any(axis=1)


def validation_metrics(
    network: BoxNet, examples: Sequence[Example], offset: int
) -> dict[str, float]:
    """Metrics in evaluation mode: batch statistics are those of training, no gradients.

    Parameters
    ----------
    network : BoxNet
    examples : sequence of Example
    offset : int
        Pixels around boxes at which *on* is measured.

    Returns
    -------
    dict
        `METRIC_NAMES` (of the boxes heads), `STEM_RECALL`, `PAIR_F1` and ``score``: the sum of the
        former two, L1 differences negated; without boxes heads the sum of the latter two.
    """
    metrics, recalls, pair_f1 = BoxMetrics(), [], []
    network.eval()
    with torch.inference_mode():
        for batch in _batches(examples):
            grid, valid, _ = example_tensors(batch, network.config.prior)
            features = network(grid, valid)
            if network.boxes is not None:
                targets = stack_box_targets(batch, grid.shape[-1], offset)
                metrics.add(network.boxes(features).permute(0, 3, 1, 2).numpy(), targets)
            maps = torch.sigmoid(network.ends(features)).permute(0, 3, 1, 2).numpy()
            recalls += [_stem_recall(m, e) for m, e in zip(maps, batch, strict=True)]
            pair_f1 += [_pair_f1(m, e) for m, e in zip(maps, batch, strict=True)]
    result = metrics.summary() if network.boxes is not None else {}
    result[STEM_RECALL] = float(np.nanmean(recalls))
    result[PAIR_F1] = float(np.mean(pair_f1))
    best = result[PAIR_F1] if network.boxes is None else selection_score(result)
    result["score"] = best + result[STEM_RECALL]
    return result


def _batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    lengths = np.array([len(example.seq) for example in examples])
    for batch in length_batches(lengths, BATCH_PIXELS):
        yield [examples[index] for index in batch]


def _stem_recall(maps: np.ndarray, example: Example) -> float:
    length = len(example.seq)
    if not len(example.stems):
        return float("nan")
    boxes, _ = decode_ends(maps[:, :length, :length], example.seq, max_boxes=length)
    return float(found_boxes(example.stems, boxes).mean())


def _pair_f1(maps: np.ndarray, example: Example) -> float:
    length = len(example.seq)
    found = (maps[PAIRED, :length, :length] > 0.5) & canonical_mask(example.seq)
    known = stem_base_pairs(example.stems)
    shared = int(found[known[:, 0], known[:, 1]].sum())
    return 2 * shared / max(int(found.sum()) + len(known), 1)
