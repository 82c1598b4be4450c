"""The customer's 17 loss terms over the *boxes* heads."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from boxfold.features.box import BoxKind
from boxfold.s1.box_targets import BOX_HEADS, N_SIZE, BoxHead, BoxTargets
from boxfold.s1.per_example import mean_per_example

ON_CHANNELS = [head.channels.start for head in BOX_HEADS if head.output == "on"]


def box_loss(head: nn.Sequential, features: Tensor, targets: BoxTargets) -> dict[str, Tensor]:
    """Loss of each head: cross-entropy of on and of the classes, L1 of the scalar sizes.

    Each term is summed over the unmasked pixels of an example and divided by their number, then
    averaged over the batch; an example without unmasked pixels adds 0 and is counted.

    Parameters
    ----------
    head : Sequential
        Features to 123 logits, its last layer linear.
    features : Tensor, float32, shape (B, L, L, F)
    targets : BoxTargets
        Of `batch_targets`, same L.

    Returns
    -------
    dict of str to Tensor
        ``boxes/<head name>``, scalars; their plain sum is the prior project's loss.
    """
    mask, inside = torch.from_numpy(targets.on_mask), torch.from_numpy(targets.inside)
    b, i, j = mask.nonzero(as_tuple=True)
    hidden, last = head[:-1](features[b, i, j]), head[-1]
    assert isinstance(last, nn.Linear)
    # The other 120 outputs are wanted inside boxes only, a few per cent of these pixels.
    on = functional.linear(hidden, last.weight[ON_CHANNELS], last.bias[ON_CHANNELS])
    wanted = torch.from_numpy(targets.on)[b, :, i, j].to(on)
    on_loss = functional.binary_cross_entropy_with_logits(on, wanted, reduction="none")  # (P, 3)
    on_loss = mean_per_example(on_loss, b, len(features))
    terms = {f"boxes/{kind.label}/on": on_loss[kind] for kind in BoxKind}
    for kind in BoxKind:
        at = inside[b, kind, i, j].nonzero()[:, 0]
        logits = last(hidden[at])
        of = (b[at], kind, slice(None), i[at], j[at])
        location = torch.from_numpy(targets.location)[of].long()
        size = torch.from_numpy(targets.size)[of].long()
        for box_head in BOX_HEADS:
            if box_head.kind is kind and box_head.output != "on":
                output, axis = logits[:, box_head.channels], box_head.axis
                loss = _pixel_loss(box_head, output, location[:, axis], size[:, axis])
                terms[f"boxes/{box_head.name}"] = mean_per_example(loss, b[at], len(features))
    return {f"boxes/{head.name}": terms[f"boxes/{head.name}"] for head in BOX_HEADS}


def _pixel_loss(head: BoxHead, output: Tensor, location: Tensor, size: Tensor) -> Tensor:
    """Loss per pixel: outputs (P, width), classes and sizes (P,) -> (P,)."""
    if head.output == "size_l1":
        return (output[:, 0] - size).abs()
    classes = location if head.output == "location" else size.clamp(1, N_SIZE) - 1
    return functional.cross_entropy(output, classes, reduction="none")
