"""Windows that may enter a data set, in the order in which they are tried."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from boxfold.features.shuffle import dinucleotide_shuffle
from boxfold.features.synthetic import synthetic_sequence
from boxfold.features.transcripts import Transcript
from boxfold.features.windows import Content, Window, WindowSampler

_TIRED = 1000
"""So many synthetic sequences in a row that repeat earlier ones: there are hardly any others."""

# First numbers of the seeds, so that no two streams of random numbers are the same.
_POSITIONS, _SYNTHETIC, _SHUFFLES = range(3)

Family = tuple[Window, ...]
"""A window, then its shuffles."""


class Candidates:
    """Windows of all sources, none of which repeats an earlier one or shares a 20-mer with it.

    Windows of transcripts come first, in random order; synthetic ones supply what they don't.

    Parameters
    ----------
    transcripts : sequence of Transcript
        With genes and groups.
    lengths : (int, int)
    shuffles : int
        Dinucleotide-preserving shuffles of each window, with the window's group.
    synthetic : bool
    seed : int

    Attributes
    ----------
    counts : collections.Counter
        Why a window was drawn again; see `Content.reason_against` and `WindowSampler`. The
        same of shuffles as ``shuffle unknown``, ... and of synthetic ones.

    Examples
    --------
    >>> candidates = Candidates([], (12, 12), shuffles=1, synthetic=True, seed=1)
    >>> [window.id for window in next(iter(candidates))]
    ['synthetic:0', 'synthetic:0/shuffle1']
    """

    def __init__(
        self,
        transcripts: Sequence[Transcript],
        lengths: tuple[int, int],
        shuffles: int,
        synthetic: bool,
        seed: int,
    ) -> None:
        self._content = Content()
        self._lengths = lengths
        self._n_shuffles = shuffles
        self._synthetic = synthetic
        self._seed = seed
        rng = np.random.default_rng([seed, _POSITIONS])
        self._sampler = WindowSampler(transcripts, lengths, rng, self._content)
        self._own_counts: Counter[str] = Counter()

    @property
    def counts(self) -> Counter[str]:
        """See the class."""
        return self._sampler.counts + self._own_counts

    def __iter__(self) -> Iterator[Family]:
        """Draw until nothing is left; never ends by itself if synthetic windows are wanted."""
        number = 0
        for windows in (self._sampler, self._synthetic_windows()):
            for window in windows:
                yield (window, *self._shuffles_of(window, number))
                number += 1

    def _synthetic_windows(self) -> Iterator[Window]:
        number, rejected = 0, 0
        while self._synthetic and rejected < _TIRED:
            rng = np.random.default_rng([self._seed, _SYNTHETIC, number])
            low, high = self._lengths
            seq = synthetic_sequence(int(rng.integers(low, high + 1)), rng)
            name = f"synthetic:{number}"
            number += 1
            if self._joins(seq, "synthetic"):
                rejected = 0
                yield Window(name, seq, name, "synthetic")
            else:
                rejected += 1

    def _shuffles_of(self, window: Window, number: int) -> Iterator[Window]:
        rng = np.random.default_rng([self._seed, _SHUFFLES, number])
        for index in range(1, self._n_shuffles + 1):
            seq = dinucleotide_shuffle(window.seq, rng)
            if self._joins(seq, "shuffle"):
                name = f"{window.id}/shuffle{index}"
                yield window._replace(id=name, seq=seq, source="shuffle")

    def _joins(self, seq: str, kind: str) -> bool:
        reason = self._content.reason_against(seq)
        if reason is not None:
            self._own_counts[f"{kind} {reason}"] += 1
            return False
        self._content.add(seq)
        return True
