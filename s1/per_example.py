"""Losses averaged per example, so that every sequence weighs the same."""

import torch
from torch import Tensor


def mean_per_example(values: Tensor, example: Tensor, n_examples: int) -> Tensor:
    """Mean over the pixels of each example, then over examples; an empty one counts as 0.

    Parameters
    ----------
    values : Tensor, float32, shape (P,) or (P, C)
    example : Tensor, int64, shape (P,)
        Which example each value belongs to.
    n_examples : int

    Returns
    -------
    Tensor, float32, shape () or (C,)
    """
    count = torch.bincount(example, minlength=n_examples).clamp(min=1)
    total = values.new_zeros((n_examples, *values.shape[1:])).index_add(0, example, values)
    return (total / count.view(-1, *[1] * (values.dim() - 1))).mean(dim=0)
