"""Every reader of files and texts, as a function of bytes: what hypothesis and atheris feed.

A reader may return or raise `InputError` with one line. Anything else is a defect: another
exception, a warning, a line break in a message, a call that takes `LONGEST_CALL`.
"""

import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import fuzz_seeds
from fuzz_binary import read_agent_weights, read_run_folder, read_s1_weights, read_table

from boxfold.agents.peers import read_peers
from boxfold.features.errors import InputError
from boxfold.features.fasta import read_fasta
from boxfold.features.formats import (
    StructureRecord,
    from_bpseq,
    from_ct,
    from_dbn,
    to_bpseq,
    to_ct,
    to_dbn,
)
from boxfold.features.genome import genome_transcripts, read_exons
from boxfold.features.reactivity import read_reactivities
from boxfold.features.record_tables import (
    CSV_COLUMNS,
    csv_line,
    from_csv,
    from_json,
    to_csv,
    to_json,
)
from boxfold.features.stockholm import from_stockholm, to_stockholm
from boxfold.features.text_file import read_text
from boxfold.features.transcripts import read_transcripts
from boxfold.rewards.reward_text import reward_config, reward_terms
from boxfold.s1.structure_files import read_structures
from boxfold.s1.tables import read_sequences
from boxfold.scripts.common import int_range, non_negative_int, positive_float, probability

LONGEST_CALL = 20  # seconds; a reader that needs more of a few kilobytes hangs
_TYPES = (int_range, non_negative_int, positive_float, probability)


class Target(NamedTuple):
    """What reads a file, files that it likes, and words of its format."""

    read: Callable[[Path], object]
    seeds: Callable[[], list[bytes]]
    words: tuple[str, ...] = ()
    name: str = "input"


def note(line: str) -> None:
    """A reader's way to name a bad record; verbs print it as `printable` says."""
    assert isinstance(line, str)


def _structures(
    read: Callable[[str], list[StructureRecord]],
    write: Callable[[StructureRecord], str],
    head: str = "",
) -> Callable[[Path], None]:
    """A reader whose records can be written as a file, and read again as they were."""

    def check(path: Path) -> None:
        for record in read(read_text(path)):
            (again,) = read((head + write(record)).encode().decode())
            assert (again.id, again.seq) == (record.id, record.seq)
            assert again.base_pairs.tolist() == record.base_pairs.tolist()

    return check


def _fasta(path: Path) -> None:
    for record in read_fasta(path, note, note):
        assert record.seq and not set(record.seq) - set("ACGUN")


def _genome(path: Path) -> None:
    annotation = path.with_name("annotation.gtf")
    annotation.write_bytes(fuzz_seeds.gtf()[0])
    genome_transcripts(path, annotation, note)


def _gtf(path: Path) -> None:
    read_exons(path)
    genome = path.with_name("genome.fa")
    genome.write_bytes(fuzz_seeds.genome()[0])
    genome_transcripts(genome, path, note)


def _reward_file(path: Path) -> None:
    reward_terms(str(path))


def _reward_text(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    if not text.endswith((".yaml", ".yml")):
        reward_config(text)


def _flag_values(path: Path) -> None:
    """Argument types answer with the error that argparse turns into one line."""
    from argparse import ArgumentTypeError

    text = path.read_bytes().decode("utf-8", "surrogateescape")
    for kind in _TYPES:
        try:
            kind(text)
        except ArgumentTypeError:
            continue


TARGETS = {
    "FASTA": Target(_fasta, fuzz_seeds.fasta, (">", ">a", ";", "\r", "\n", "ACGU", "N", "-")),
    "transcripts": Target(
        lambda path: read_transcripts([path], note),
        fuzz_seeds.fasta,
        ("chromosome:GRCh38:9:1:2:1", "gene:", "|", "range=chr9:1-4", ">"),
    ),
    "dot-bracket": Target(
        _structures(from_dbn, to_dbn),
        fuzz_seeds.dbn,
        ("(", ")", "[", "]", ".", ">", "(-1.5)", "rank=2", "confidence=0.5"),
    ),
    "ct": Target(
        _structures(from_ct, to_ct), fuzz_seeds.ct, ("ENERGY = ", "dG = ", "9" * 20, "0", "-1")
    ),
    "bpseq": Target(
        _structures(from_bpseq, to_bpseq),
        fuzz_seeds.bpseq,
        ("# ENERGY = 1", "#", "1 G 5", "9" * 30, "-1"),
    ),
    "Stockholm": Target(
        _structures(from_stockholm, to_stockholm),
        fuzz_seeds.stockholm,
        (
            "# STOCKHOLM 1.0",
            "#=GC SS_cons",
            "#=GR a SS",
            "#=GF ID",
            "//",
            "<",
            ">",
            "Aa",
            "energy=",
        ),
    ),
    "structures as CSV": Target(
        _structures(from_csv, to_csv, csv_line(CSV_COLUMNS)),
        fuzz_seeds.record_csv,
        ("id,sequence,dot_bracket", '"', ",", "\n", "rank", "confidence", "1e400"),
    ),
    "structures as JSON": Target(
        _structures(from_json, to_json),
        fuzz_seeds.record_json,
        ('"id":', '"rank":', "[", "]", "{", "}", '"\\ud800"', "NaN", "1e400", "null", "true"),
    ),
    "structures of any format": Target(
        lambda path: read_structures(path, note),
        fuzz_seeds.structures,
        ("id,dot_bracket", "set,tool", '"', ",", "\n", "((..))", "9" * 30),
    ),
    "sequence tables": Target(
        lambda path: read_sequences(path, note, note),
        fuzz_seeds.csv,
        ("id,sequence,dot_bracket", '"', ",", "\n", "sample", "free_energy", "nan", "1e400"),
    ),
    "peers": Target(lambda path: read_peers(path, None, note), fuzz_seeds.peers, (",", '"')),
    "reactivities": Target(
        read_reactivities,
        fuzz_seeds.reactivities,
        ("RDAT_VERSION", "SEQPOS", "OFFSET", "REACTIVITY:1", "\t", "NaN", "-999", "1e39", "["),
    ),
    "reward files": Target(
        _reward_file,
        fuzz_seeds.reward_files,
        ("energy: ", "weight: ", "!!", "&a", "*a", "<<: ", "2001-99-99", "[", "{", "0x", ":"),
        "input.yaml",
    ),
    "rewards": Target(_reward_text, fuzz_seeds.reward_texts, ("energy", "=", ",", "1e999", "nan")),
    "values of flags": Target(_flag_values, fuzz_seeds.flag_values, ("-", "1", "9" * 5000, "e")),
    "annotations": Target(
        _gtf,
        fuzz_seeds.gtf,
        ("exon", "transcript_id", "\t", ";", '"', "+", "-1", "##gff-version"),
    ),
    "genomes": Target(_genome, fuzz_seeds.genome, (">9", ">", "\n", "\r", "ACGT", "-", " ")),
    "tables as parquet": Target(read_table, fuzz_seeds.tables, ("PAR1", "boxfold.proposals/1")),
    "weights of S1": Target(read_s1_weights, fuzz_seeds.s1_weights, ('"F32"', '"shape":[', "[]")),
    "weights of agents": Target(read_agent_weights, fuzz_seeds.agent_weights, ('"F32"', "{}")),
    "run folders": Target(
        read_run_folder, fuzz_seeds.run_folders, ("{", "}", "[", "]", '"', "null", "NaN", "1e999")
    ),
}
"""Readers by name."""


@contextmanager
def no_hang() -> Iterator[None]:
    """Fails a block that takes `LONGEST_CALL`."""

    def ring(*_: object) -> None:
        raise AssertionError(f"a call took more than {LONGEST_CALL} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(LONGEST_CALL)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def feed(target: Target, data: bytes, folder: Path) -> bool:
    """Give bytes to a reader; False if it refused them.

    Raises
    ------
    Exception
        Whatever it must not raise.
    """
    path = folder / target.name
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            target.read(path)
        except InputError as error:
            assert str(error).isprintable()
            return False
    return True


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for inputs, in memory where the system has such a place."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)
