"""What a data set is made of, and where the counts of its making go."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class DatasetConfig:
    """What the bytes of a data set depend on, beside the content of the input files."""

    fasta: tuple[str, ...] = field(
        default=(), metadata={"help": "FASTA files of transcripts, plain or gzip"}
    )
    genome: str | None = field(default=None, metadata={"help": "genome FASTA, plain or gzip"})
    annotation: str | None = field(
        default=None, metadata={"help": "GTF of the genome; its exons are spliced"}
    )
    synthetic: bool = field(
        default=False,
        metadata={"help": "synthetic transcripts; beside others, as many as those lack"},
    )
    chromosomes: tuple[str, ...] = field(
        default=(), metadata={"help": "only transcripts of these; chr9 and 9 are the same"}
    )
    length: tuple[int, int] = field(
        default=(64, 64), metadata={"help": "of the windows: 64, or 20-200 for any in between"}
    )
    count: int = field(
        default=1000, metadata={"help": "accepted windows, their shuffles not counted"}
    )
    shuffles: int = field(
        default=0, metadata={"help": "dinucleotide-preserving shuffles of each accepted window"}
    )
    structures: int = field(
        default=0,
        metadata={"help": "a row for each of K sampled structures; 0: one for the MFE"},
    )
    soft: bool = field(
        default=False,
        metadata={"help": "keep the ensemble's end probabilities: soft targets of the ends heads"},
    )
    min_mfe_frequency: float = field(
        default=0.0, metadata={"help": "smallest share of the MFE structure in its ensemble"}
    )
    split: float = field(default=0.95, metadata={"help": "share of the training split"})
    limit: int | None = field(
        default=None, metadata={"help": "keep a seeded subset of so many of the training split"}
    )
    seed: int = field(default=0, metadata={"help": "of all random numbers"})


class Progress(Protocol):
    """Passes items on and shows how many there were."""

    def __call__(self, iterable: Iterable[None], total: int | None, label: str) -> Iterator[None]:
        """`total` is the number of items, if it is known."""


def silent(iterable: Iterable[None], total: int | None, label: str) -> Iterator[None]:
    """`Progress` that shows nothing."""
    yield from iterable


@dataclass(frozen=True)
class Reporters:
    """Where lines go: `count` gets counts, `error` bad records; `progress` shows progress."""

    count: Callable[[str], None] = print
    error: Callable[[str], None] = print
    progress: Progress = silent
