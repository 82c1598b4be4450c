"""Windows cut from transcripts at random, no two of which share a 20-mer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from boxfold.features.kmers import KmerSet, windows_with
from boxfold.features.sequence import UNKNOWN
from boxfold.features.structure import IntArray
from boxfold.features.transcripts import Transcript

SHARED_WORD = 20
"""Two windows that share a word of this length never come together in one data set."""

_MISSES = 10
"""A transcript is left alone after so many lengths that found no room in it."""


class Window(NamedTuple):
    """A piece of a transcript.

    Attributes
    ----------
    id : str
        ``transcript:start-end``, 0-based, half-open: ``seq[start:end]`` of the transcript.
    seq : str
    group : str
        Windows of one group stay on one side of a split.
    source : str
        ``transcript``, ``synthetic`` or ``shuffle``.
    chromosome : str
        Empty where it is not known.
    """

    id: str
    seq: str
    group: str
    source: str
    chromosome: str = ""


class Content:
    """What the windows of a data set hold so far; says why another one can't join them.

    Examples
    --------
    >>> content = Content()
    >>> content.add("ACGUACCAGUUGCAUUACGGCAUACGAUUC")
    >>> content.reason_against("ACGUACCAGUUGCAUUACGG"), content.reason_against("ACGUN")
    ('shared', 'unknown')
    """

    def __init__(self) -> None:
        self._words = KmerSet(SHARED_WORD)
        self._windows: set[str] = set()

    def add(self, seq: str) -> None:
        """Take in a window."""
        self._windows.add(seq)
        self._words.add(seq)

    def reason_against(self, seq: str) -> str | None:
        """Return ``unknown`` (holds N), ``duplicate``, ``shared`` (a 20-mer), or None."""
        if UNKNOWN in seq:
            return "unknown"
        if seq in self._windows:
            return "duplicate"
        return "shared" if self._words.shares(seq) else None

    def free_starts(self, seq: str, length: int) -> IntArray:
        """Positions where a window would hold neither N nor a 20-mer of an earlier one."""
        unknown = np.frombuffer(seq.encode(), np.uint8) == ord(UNKNOWN)
        blocked = windows_with(unknown, length)
        if length >= SHARED_WORD:  # a shorter window has no such word
            blocked |= windows_with(self._words.marks(seq), length - SHARED_WORD + 1)
        return np.flatnonzero(~blocked)


class WindowSampler:
    """Draws windows gene by gene until nothing is left that shares no 20-mer with earlier ones.

    First a gene is drawn, then one of its transcripts, then a length and a position, all
    uniform. A window that holds ``N``, repeats an earlier one or shares a 20-mer with one is
    counted and drawn again from the positions of that transcript which are still free.

    Parameters
    ----------
    transcripts : sequence of Transcript
    lengths : (int, int)
        Shortest and longest window, both included; a length is drawn for each window.
    rng : numpy.random.Generator
    content : Content
        What no window may repeat; the windows are added.

    Attributes
    ----------
    counts : collections.Counter
        ``drawn``, ``unknown`` (with N), ``duplicate``, ``shared`` (20-mer), ``no_room``.

    Examples
    --------
    >>> one = Transcript("t", "gene", "chr1", "ACGUACCAGUUGCAUUACGGCAUACGAUUC", "gene")
    >>> sampler = WindowSampler([one], (25, 25), np.random.default_rng(0), Content())
    >>> [window.id for window in sampler]
    ['t:5-30']
    """

    def __init__(
        self,
        transcripts: Sequence[Transcript],
        lengths: tuple[int, int],
        rng: np.random.Generator,
        content: Content,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._lengths = lengths
        self._rng = rng
        self._content = content
        self._misses: Counter[int] = Counter()
        genes: dict[str, list[int]] = {}
        for number, transcript in enumerate(transcripts):
            if len(transcript.seq) >= lengths[0]:
                genes.setdefault(transcript.gene, []).append(number)
        self._transcripts = transcripts
        self._genes = list(genes.values())

    def __iter__(self) -> Iterator[Window]:
        """Draw until no transcript has room."""
        while self._genes:
            place = int(self._rng.integers(len(self._genes)))
            gene = self._genes[place]
            at = int(self._rng.integers(len(gene)))
            window = self._draw(gene[at])
            if window is not None:
                yield window
            elif self._exhausted(gene[at]):
                _swap_out(gene, at)
                if not gene:
                    _swap_out(self._genes, place)

    def _draw(self, number: int) -> Window | None:
        transcript = self._transcripts[number]
        length = int(self._rng.integers(self._lengths[0], self._lengths[1] + 1))
        start = self._start(transcript.seq, length)
        if start is None:
            self.counts["no_room"] += 1
            return None
        seq = transcript.seq[start : start + length]
        self.counts["drawn"] += 1
        self._content.add(seq)
        name = f"{transcript.id}:{start}-{start + length}"
        return Window(name, seq, transcript.group, "transcript", transcript.chromosome)

    def _start(self, seq: str, length: int) -> int | None:
        if length > len(seq):
            return None
        start = int(self._rng.integers(len(seq) - length + 1))
        reason = self._content.reason_against(seq[start : start + length])
        if reason is None:
            return start
        self.counts[reason] += 1
        free = self._content.free_starts(seq, length)
        if not len(free):
            return None
        start = int(self._rng.choice(free))
        # Only a window too short for a 20-mer can still be a repeat.
        return None if self._content.reason_against(seq[start : start + length]) else start

    def _exhausted(self, number: int) -> bool:
        # A transcript that has no room for the one length there is will never have any.
        self._misses[number] += 1
        fixed = self._lengths[0] == self._lengths[1] >= SHARED_WORD
        return fixed or self._misses[number] >= _MISSES


def _swap_out(items: list, place: int) -> None:
    """Remove an item in constant time; the order of the others doesn't matter."""
    items[place] = items[-1]
    items.pop()
