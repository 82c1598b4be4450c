"""Transcripts from FASTA files: where they come from, and which belong together.

A gene is what windows are drawn by; a group is what a split must not divide.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boxfold.features.errors import InputError
from boxfold.features.fasta import FastaRecord, read_fasta
from boxfold.features.kmers import kmer_codes
from boxfold.features.limits import MAX_LETTERS

GROUP_WORD = 30
"""Transcripts that share a word of this length belong to one group."""

_MAX_WORDS_AT_ONCE = 20_000_000  # sorted in one go: 8 bytes each, a few times over

# Ensembl: "chromosome:GRCh38:9:12134:13783:1"; others "chrom=chr9", UCSC "range=chr9:1-200".
_ENSEMBL_PLACE = re.compile(r"(?:^|\s)\w+:[^:\s]+:([^:\s]+):\d+:\d+:-?\d")
_NAMED_PLACE = re.compile(r"(?:^|[\s\[])(?:chromosome|chrom|chr|range)[=:]([^\s:;,\]|]+)", re.I)
_GENE = re.compile(r"(?:^|[\s\[])gene[=:]([^\s;,\]|]+)")
_NO_NAME = {"", ".", "-", "none", "na", "unknown"}
_USUAL_CHROMOSOME = re.compile(r"\d{1,2}[LR]?|[XYMWZ]", re.I)


class Transcript(NamedTuple):
    """A spliced transcript.

    Attributes
    ----------
    id : str
    gene : str
        Empty where no gene is named, until `grouped` fills it.
    chromosome : str
        As `chromosome_name` writes it; empty where it is not known.
    seq : str
        Letters ``ACGUN``, 5' to 3'.
    group : str
        Empty until `grouped` fills it.
    """

    id: str
    gene: str
    chromosome: str
    seq: str
    group: str = ""


def chromosome_name(text: str) -> str:
    """One spelling for each chromosome.

    Examples
    --------
    >>> [chromosome_name(text) for text in ("9", "chr9", "Chr9", "x", "MT", "KI270711.1")]
    ['chr9', 'chr9', 'chr9', 'chrX', 'chrM', 'KI270711.1']
    """
    bare = text[3:] if text[:3].lower() == "chr" else text
    if bare.upper() in ("M", "MT"):
        return "chrM"
    return f"chr{bare.upper()}" if _USUAL_CHROMOSOME.fullmatch(bare) else text


def transcript_of(record: FastaRecord) -> Transcript:
    """Read the header of a FASTA record.

    Known are Ensembl (``chromosome:GRCh38:9:1:200:1 gene:ENSG1``), GENCODE (fields between
    ``|``, which name no chromosome), ``chrom=chr9 gene=NAME`` and UCSC's ``range=chr9:1-200``.

    Examples
    --------
    >>> transcript_of(FastaRecord("T1|G1|-|-|N-201|N|4|", "", "ACGU", 0))
    Transcript(id='T1', gene='G1', chromosome='', seq='ACGU', group='')
    >>> transcript_of(FastaRecord("T2", "cdna chromosome:GRCh38:9:1:4:1 gene:G2", "ACGU", 0))
    Transcript(id='T2', gene='G2', chromosome='chr9', seq='ACGU', group='')
    """
    name, *fields = record.id.split("|")
    place = _ENSEMBL_PLACE.search(record.description) or _NAMED_PLACE.search(record.description)
    gene = _GENE.search(record.description)
    gene_name = gene[1] if gene else fields[0] if fields else ""
    return Transcript(
        name,
        "" if gene_name.lower() in _NO_NAME else gene_name,
        chromosome_name(place[1]) if place else "",
        record.seq,
    )


def read_transcripts(
    paths: Iterable[str | Path], on_error: Callable[[str], None]
) -> list[Transcript]:
    """Transcripts of several FASTA files; see `read_fasta` for bad records and files.

    An id that occurred in an earlier file is reported and skipped.
    """
    transcripts: list[Transcript] = []
    for path in paths:
        more = map(transcript_of, read_fasta(path, on_error))
        transcripts = joined(transcripts, more, path, on_error)
    return transcripts


def joined(
    transcripts: list[Transcript],
    more: Iterable[Transcript],
    path: str | Path,
    on_error: Callable[[str], None],
) -> list[Transcript]:
    """Transcripts and those of another file, `path`; ids that are there already are reported.

    Raises
    ------
    InputError
        If there are more letters than `boxfold.features.limits.MAX_LETTERS`.
    """
    known = {transcript.id for transcript in transcripts}
    result = list(transcripts)
    n_letters = sum(len(transcript.seq) for transcript in transcripts)
    for transcript in more:
        n_letters += len(transcript.seq)
        if n_letters > MAX_LETTERS:
            raise InputError(f"{path}: more than {MAX_LETTERS} letters, the most that is read")
        if transcript.id in known:
            on_error(f"{path}: record '{transcript.id}': the id occurred before")
        else:
            known.add(transcript.id)
            result.append(transcript)
    return result


def on_chromosomes(transcripts: Sequence[Transcript], names: Iterable[str]) -> list[Transcript]:
    """Transcripts of the named chromosomes; ``chr9`` and ``9`` are the same.

    Raises
    ------
    InputError
        If a chromosome has no transcript; the message lists those that have.
    """
    wanted = {chromosome_name(name) for name in names}
    there = {transcript.chromosome for transcript in transcripts} - {""}
    missing = sorted(wanted - there)
    if missing:
        listed = ", ".join(sorted(there, key=_natural)[:40]) or "none, no header names one"
        raise InputError(f"no transcript on {', '.join(missing)}; chromosomes there are: {listed}")
    return [transcript for transcript in transcripts if transcript.chromosome in wanted]


def grouped(transcripts: Sequence[Transcript]) -> list[Transcript]:
    """Fill `group`, and `gene` where none is named.

    Transcripts belong to one group if they share their gene or a 30-mer, directly or through
    others, so that no 30-mer occurs in two groups. A group is called after its first
    transcript. Where no gene is named, each transcript takes the place of one: groups won't do,
    since the repeats of a genome tie half of its transcripts into one.
    """
    links = shared_word_links([transcript.seq for transcript in transcripts])
    genes: dict[str, int] = {}
    same_gene = [
        (genes.setdefault(transcript.gene, number), number)
        for number, transcript in enumerate(transcripts)
        if transcript.gene
    ]
    first = _components([*same_gene, *links.tolist()], len(transcripts))
    return [
        transcript._replace(
            gene=transcript.gene or f"transcript {transcript.id}",
            group=transcripts[first[number]].id,
        )
        for number, transcript in enumerate(transcripts)
    ]


def shared_word_links(seqs: Sequence[str], k: int = GROUP_WORD) -> NDArray[np.int64]:
    """Pairs of sequences that join, directly or in chains, all that share a word of length `k`.

    Parameters
    ----------
    seqs : sequence of str
        Letters ``ACGUN``; words with ``N`` don't count.
    k : int

    Returns
    -------
    ndarray, dtype=int64, shape (M, 2)
        Not every sharing pair, but enough of them to connect each set that shares a word.

    Examples
    --------
    >>> shared_word_links(["ACGUA", "GGCGU", "AAAAA"], k=3).tolist()
    [[0, 1]]
    """
    n_words = sum(len(seq) for seq in seqs)
    n_passes = n_words // _MAX_WORDS_AT_ONCE + 1
    found = [np.zeros(0, dtype=np.int64)]
    for part in range(n_passes):  # words are dealt out over passes to bound the memory
        codes, owners = _words(seqs, k, part, n_passes)
        order = np.argsort(codes, kind="stable")
        codes, owners = codes[order], owners[order]
        same = (codes[1:] == codes[:-1]) & (owners[1:] != owners[:-1])
        # A pair as one number: sorting numbers is much faster than sorting pairs.
        found.append(np.unique(owners[:-1][same] * len(seqs) + owners[1:][same]))
    pairs = np.unique(np.concatenate(found))
    return np.stack(np.divmod(pairs, max(len(seqs), 1)), axis=1)


def _words(
    seqs: Sequence[str], k: int, part: int, n_parts: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Codes of every n-th word and the number of the sequence each stands in."""
    codes, owners = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for number, seq in enumerate(seqs):
        words = kmer_codes(seq, k)
        words = words[(words >= 0) & (words % n_parts == part)]
        codes.append(words)
        owners.append(np.full(len(words), number))
    return np.concatenate(codes), np.concatenate(owners)


def _components(links: Iterable[Sequence[int]], size: int) -> list[int]:
    """Smallest member of the connected set of each item (union-find)."""
    parent = list(range(size))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in links:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(item) for item in range(size)]


def _natural(name: str) -> tuple[int, str]:
    digits = "".join(filter(str.isdigit, name))
    return (int(digits) if digits else 10**9), name
