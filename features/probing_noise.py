"""Simulated reactivities: what a SHAPE experiment might say of a known structure.

The noise model has two distributions that were fitted to SHAPE data of RNAs of known structure, in
the form of Wu et al. 2015 (Nucleic Acids Research 43, 7247): a generalised extreme value
distribution for paired bases, a gamma distribution for unpaired ones. Bases are independent. By
default all pairs are alike, which is kinder than an experiment: `HARSH` has stems that fray and
loops that are protected.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from boxfold.features.reactivity import Reactivity
from boxfold.features.structure import IntArray


@dataclass(frozen=True)
class ProbingNoise:
    """Parameters of the noise model.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    paired_location: float = field(default=0.078, metadata={"help": "of paired bases (GEV)"})
    paired_scale: float = field(default=0.083, metadata={"help": "of paired bases, above 0"})
    paired_tail: float = field(default=0.774, metadata={"help": "shape of the GEV, in (0, 1)"})
    unpaired_shape: float = field(default=1.006, metadata={"help": "of the gamma distribution"})
    unpaired_rate: float = field(default=1.404, metadata={"help": "of the gamma distribution"})
    missing: float = field(default=0.0, metadata={"help": "share of bases without a value"})
    largest: float = field(default=4.0, metadata={"help": "higher reactivities are cut to this"})
    protected: float = field(
        default=0.0, metadata={"help": "share of unpaired bases that react like paired ones"}
    )
    frayed: float = field(
        default=0.0, metadata={"help": "share of bases at ends of stems that react like unpaired"}
    )

    def __post_init__(self) -> None:
        positive = (self.paired_scale, self.unpaired_shape, self.unpaired_rate, self.largest)
        shares = (self.missing, self.protected, self.frayed)
        in_range = 0 < self.paired_tail < 1 and 0 <= min(shares) <= max(shares) <= 1
        if min(positive) <= 0 or not in_range:
            raise ValueError("a parameter of the noise model is out of its range")


HARSH = ProbingNoise(protected=0.3, frayed=0.25)


def simulated_reactivity(
    base_pairs: IntArray,
    length: int,
    rng: np.random.Generator,
    noise: ProbingNoise | None = None,
) -> Reactivity:
    """Draw a profile for a structure.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
        May cross.
    length : int
        Of the sequence.
    rng : numpy.random.Generator
        Only source of randomness.
    noise : ProbingNoise, optional

    Returns
    -------
    ndarray, dtype=float32, shape (length,)
        In [0, `ProbingNoise.largest`]; NaN where missing.

    Examples
    --------
    >>> pairs = np.array([[0, 9], [1, 8], [2, 7]])
    >>> simulated_reactivity(pairs, 10, np.random.default_rng(0)).shape
    (10,)
    """
    noise = noise or ProbingNoise()
    uniform = rng.random(length)
    tail = noise.paired_tail
    stretched = (-np.log1p(-uniform)) ** -tail - 1  # inverse of the distribution function
    paired = noise.paired_location + noise.paired_scale / tail * stretched
    values = rng.gamma(noise.unpaired_shape, 1 / noise.unpaired_rate, length)
    is_paired = _seems_paired(base_pairs, length, rng, noise)
    values = np.clip(np.where(is_paired, paired, values), 0, noise.largest)
    values[rng.random(length) < noise.missing] = np.nan
    return values.astype(np.float32)


def _seems_paired(
    base_pairs: IntArray, length: int, rng: np.random.Generator, noise: ProbingNoise
) -> NDArray[np.bool_]:
    is_paired = np.zeros(length, dtype=bool)
    is_paired[base_pairs.ravel()] = True
    if not noise.protected and not noise.frayed:
        return is_paired
    partner = np.arange(length)
    partner[base_pairs] = base_pairs[:, ::-1]
    around = np.pad(partner, 1, constant_values=-2)
    stacked_before = is_paired & (around[:-2] == partner + 1)
    stacked_behind = is_paired & (around[2:] == partner - 1)
    is_end = is_paired & ~(stacked_before & stacked_behind)
    other = rng.random(length) < np.where(is_end, noise.frayed, noise.protected)
    return is_paired ^ (other & (is_end | ~is_paired))
