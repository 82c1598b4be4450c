r"""Cut a FASTA file into shards of equal work, and sequences that are too long into windows.

python benchmarks/fasta_shards.py transcripts.fa.gz shards --shards 1000 --max-length 1000

Writes shards/0000.fa and so on; a shard is what one job does, and does again if it is lost. The
order is kept: the outputs one after the other are those of the whole file. Work is counted as the
square of the length. Windows of a sequence overlap by half and are called ID:START-END, 0-based and
half-open. Bad records are named and left out.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from boxfold.features.fasta import FastaRecord, read_fasta
from boxfold.features.files import atomic_path


def windows_of(length: int, max_length: int) -> list[tuple[int, int]]:
    """Start and end of the windows that cover a sequence: one if it is short enough.

    Examples
    --------
    >>> windows_of(10, 10), windows_of(25, 10)
    ([(0, 10)], [(0, 10), (5, 15), (10, 20), (15, 25)])
    """
    if length <= max_length:
        return [(0, length)]
    starts = [*range(0, length - max_length, max(max_length // 2, 1)), length - max_length]
    return [(start, start + max_length) for start in starts]


def pieces_of(record: FastaRecord, max_length: int) -> Iterator[tuple[str, str]]:
    """Id and sequence of a record, or of its windows."""
    windows = windows_of(len(record.seq), max_length)
    for start, end in windows:
        name = record.id if len(windows) == 1 else f"{record.id}:{start}-{end}"
        yield name, record.seq[start:end]


def shares(pieces: Iterable[tuple[str, str]], total: int, n: int) -> Iterator[list[str]]:
    """Consecutive pieces as FASTA text, in `n` lists of equal work; some may be empty."""
    share, done, number = list[str](), 0, 0
    for name, seq in pieces:
        while number < min(done * n // total, n - 1):
            yield share
            share, number = [], number + 1
        share.append(f">{name}\n{seq}\n")
        done += len(seq) ** 2
    yield share
    yield from ([] for _ in range(number + 1, n))


def write_shards(fasta: str, folder: Path, n_shards: int, max_length: int) -> list[int]:
    """Write the shards; the number of pieces in each. The file is read twice, a shard is held."""

    def pieces(on_error: Callable[[str], None]) -> Iterator[tuple[str, str]]:
        for record in read_fasta(fasta, on_error):
            yield from pieces_of(record, max_length)

    total = sum(len(seq) ** 2 for _, seq in pieces(lambda line: None))
    named = pieces(lambda line: print(line, file=sys.stderr))
    counts, width = [], max(4, len(str(n_shards - 1)))
    for number, share in enumerate(shares(named, total, n_shards)):
        with atomic_path(folder / f"{number:0{width}}.fa") as temporary:
            temporary.write_text("".join(share))
        counts.append(len(share))
    return counts


def main() -> None:
    """Write the shards and tell how many pieces there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fasta")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--max-length", type=int, default=600)
    args = parser.parse_args()
    counts = write_shards(args.fasta, args.folder, args.shards, args.max_length)
    print(f"{sum(counts)} pieces in {len(counts)} shards of {min(counts)} to {max(counts)}")


if __name__ == "__main__":
    main()
