"""Variants of known structures: more to learn from than there is, above all of knots.

*mutated*: other bases, the same structure, as evolution would. *flanked*: a mutated one within
random bases, which are taken not to pair. *shuffled*: the same dinucleotides without the structure;
what stands for its own is that of minimum free energy, so it has no knot.
"""

from collections.abc import Callable

import numpy as np

from boxfold.features.shuffle import dinucleotide_shuffle
from boxfold.features.structure import IntArray, base_pairs_from_dot_bracket, dot_bracket
from boxfold.rewards.energy import mfe

Structure = tuple[str, str]
"""Sequence and dot-bracket."""

PAIR_RATE, BASE_RATE = 0.3, 0.15
"""Share of the pairs, and of the unpaired bases, that mutate."""

MIN_FLANK, MAX_FLANK = 5, 30
"""Bases on each side of a flanked variant."""


def mutated(seq: str, base_pairs: IntArray, rng: np.random.Generator) -> str:
    """Sequence for the same structure.

    A pair that mutates becomes any pair of this structure, in either direction, and an unpaired
    base any unpaired one: the composition stays about the same.

    Parameters
    ----------
    seq : str
    base_pairs : ndarray, dtype=int, shape (K, 2)
        Canonical.
    rng : numpy.random.Generator

    Examples
    --------
    >>> pairs = np.array([[0, 9], [1, 8], [2, 7]])
    >>> mutated("GCGAAAACGC", pairs, np.random.default_rng(3))
    'CCGAAAACGG'
    """
    bases = np.array(list(seq))
    paired = np.zeros(len(seq), dtype=bool)
    paired[base_pairs.ravel()] = True
    letters = bases[base_pairs]
    both = np.concatenate([letters, letters[:, ::-1]])
    new_pairs = rng.random(len(base_pairs)) < PAIR_RATE
    if new_pairs.any():
        bases[base_pairs[new_pairs]] = both[rng.integers(len(both), size=new_pairs.sum())]
    free = np.flatnonzero(~paired)
    new_bases = free[rng.random(len(free)) < BASE_RATE]
    if len(new_bases):
        bases[new_bases] = bases[rng.choice(free, len(new_bases))]
    return "".join(bases)


def mutated_variant(seq: str, text: str, rng: np.random.Generator) -> Structure:
    """A mutated sequence, and the same structure."""
    return mutated(seq, base_pairs_from_dot_bracket(text), rng), text


def flanked_variant(seq: str, text: str, rng: np.random.Generator) -> Structure:
    """A mutated sequence within random bases of its composition."""
    seq, text = mutated_variant(seq, text, rng)
    before, behind = rng.integers(MIN_FLANK, MAX_FLANK + 1, 2).tolist()
    flanks = ["".join(rng.choice(list(seq), size)) for size in (before, behind)]
    return f"{flanks[0]}{seq}{flanks[1]}", "." * before + text + "." * behind


def shuffled_variant(seq: str, text: str, rng: np.random.Generator) -> Structure:
    """A shuffled sequence, and its structure of minimum free energy."""
    shuffled = dinucleotide_shuffle(seq, rng)
    return shuffled, dot_bracket(mfe(shuffled).base_pairs, len(shuffled))


VARIANTS: dict[str, Callable[[str, str, np.random.Generator], Structure]] = {
    "mutated": mutated_variant,
    "flanked": flanked_variant,
    "shuffled": shuffled_variant,
}
