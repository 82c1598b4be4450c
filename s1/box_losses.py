"""The customer's 17 loss terms over the *boxes* heads."""

import torch
from torch import Tensor
from torch.nn import functional

from boxfold.features.box import BoxKind
from boxfold.s1.box_targets import BOX_HEADS, N_SIZE, BoxHead, BoxTargets

ON_CHANNELS = [head.channels.start for head in BOX_HEADS if head.output == "on"]


def box_loss(logits: Tensor, targets: BoxTargets) -> dict[str, Tensor]:
    """Loss of each head: cross-entropy of on and of the classes, L1 of the scalar sizes.

    Each term is summed over the unmasked pixels of an example and divided by their number, then
    averaged over the batch; an example without unmasked pixels adds 0 and is counted.

    Parameters
    ----------
    logits : Tensor, float32, shape (B, 123, L, L)
    targets : BoxTargets
        Of `batch_targets`, same L.

    Returns
    -------
    dict of str to Tensor
        ``boxes/<head name>``, scalars; their plain sum is the prior project's loss.
    """
    terms = _on_losses(logits, targets)
    inside = torch.as_tensor(targets.inside, device=logits.device)
    for kind in BoxKind:
        heads = [head for head in BOX_HEADS if head.kind is kind and head.output != "on"]
        b, i, j = inside[:, kind].nonzero(as_tuple=True)
        first, last = heads[0].channels.start, heads[-1].channels.stop
        # Only the pixels of boxes are looked at, a few per cent of the grid.
        pixels = logits[:, first:last][b, :, i, j]  # (P, channels of the kind)
        at = tuple(index.cpu().numpy() for index in (b, i, j))
        location = torch.as_tensor(targets.location[at[0], kind, :, at[1], at[2]]).to(b)
        size = torch.as_tensor(targets.size[at[0], kind, :, at[1], at[2]]).to(b)
        for head in heads:
            output = pixels[:, head.channels.start - first : head.channels.stop - first]
            loss = _pixel_loss(head, output, location[:, head.axis], size[:, head.axis])
            terms[f"boxes/{head.name}"] = mean_per_example(loss, b, len(logits))
    return {f"boxes/{head.name}": terms[f"boxes/{head.name}"] for head in BOX_HEADS}


def _on_losses(logits: Tensor, targets: BoxTargets) -> dict[str, Tensor]:
    mask = torch.as_tensor(targets.on_mask, device=logits.device)
    wanted = torch.as_tensor(targets.on, device=logits.device)
    b, i, j = mask.nonzero(as_tuple=True)
    loss = functional.binary_cross_entropy_with_logits(
        logits[:, ON_CHANNELS][b, :, i, j], wanted[b, :, i, j].to(logits), reduction="none"
    )  # (P, 3)
    return {
        f"boxes/{kind.label}/on": mean_per_example(loss[:, kind], b, len(logits))
        for kind in BoxKind
    }


def _pixel_loss(head: BoxHead, output: Tensor, location: Tensor, size: Tensor) -> Tensor:
    """Loss per pixel: outputs (P, width), classes and sizes (P,) -> (P,)."""
    if head.output == "size_l1":
        return (output[:, 0] - size).abs()
    classes = location if head.output == "location" else size.clamp(1, N_SIZE) - 1
    return functional.cross_entropy(output, classes, reduction="none")


def mean_per_example(values: Tensor, example: Tensor, n_examples: int) -> Tensor:
    """Mean over the pixels of each example, then over examples; an empty one counts as 0.

    Parameters
    ----------
    values : Tensor, float32, shape (P,)
    example : Tensor, int64, shape (P,)
        Which example each value belongs to.
    n_examples : int

    Returns
    -------
    Tensor, float32, scalar
    """
    count = torch.bincount(example, minlength=n_examples).clamp(min=1)
    total = values.new_zeros(n_examples).index_add(0, example, values)
    return (total / count).mean()
