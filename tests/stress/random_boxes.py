"""Random stems of random sequences: they overlap, cross and lie within each other."""

import numpy as np

from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.channels import canonical_mask
from boxfold.features.structure import IntArray


def random_stems(seq: str, most: int, rng: np.random.Generator) -> IntArray:
    """Up to `most` runs of canonical pairs, of one to six pairs."""
    can_pair = canonical_mask(seq)
    stems = []
    for i, j in rng.permutation(np.argwhere(can_pair))[:most].tolist():
        n, longest = 1, rng.integers(1, 7)
        while n < longest and j - n - (i + n) > 3 and can_pair[i + n, j - n]:
            n += 1
        stems.append(stem_box(i, j, n))
    return boxes_to_array(stems)
