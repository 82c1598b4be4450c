"""Spliced transcripts from a genome FASTA and its GTF annotation."""

import gzip
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from boxfold.features.errors import InputError
from boxfold.features.limits import MAX_GENOME, in_words
from boxfold.features.sequence import normalize_sequence
from boxfold.features.transcripts import Transcript, chromosome_name

if TYPE_CHECKING:
    from gffutils import Feature
    from pyfaidx import Fasta

_GZIP_MAGIC = b"\x1f\x8b"
_BLOCK = 1 << 20
_COMPLEMENT = str.maketrans("ACGUN", "UGCAN")


class Exons(NamedTuple):
    """Exons of one transcript.

    Attributes
    ----------
    transcript : str
    gene : str
    chromosome : str
        As `chromosome_name` writes it.
    strand : str
        ``+`` or ``-``.
    spans : list of (int, int)
        0-based, half-open, on the plus strand, in any order.
    """

    transcript: str
    gene: str
    chromosome: str
    strand: str
    spans: list[tuple[int, int]]


def genome_transcripts(
    genome: str | Path, annotation: str | Path, on_error: Callable[[str], None]
) -> list[Transcript]:
    """Splice every transcript of an annotation out of its genome.

    Parameters
    ----------
    genome : str or Path
        FASTA, plain, bgzip or gzip.
    annotation : str or Path
        GTF, plain or gzip; ``chr9`` there is ``9`` in the genome.
    on_error : callable
        Gets one line for each transcript that can't be spliced: its chromosome is not in the
        genome, or an exon lies past the end.

    Returns
    -------
    list of Transcript
        5' to 3'; N where the genome has another letter than ACGT.

    Raises
    ------
    InputError
        If a file can't be read or the annotation has no exon.
    """
    models = read_exons(annotation)
    with open_genome(genome) as fasta:
        names = {chromosome_name(name): name for name in fasta.keys()}
        transcripts = []
        for exons in models:
            try:
                transcripts.append(_spliced(exons, fasta, names))
            except InputError as error:
                on_error(f"{annotation}: transcript '{exons.transcript}': {error}")
    return transcripts


def splice(exons: list[str], strand: str) -> str:
    """Join exons given in plus-strand order; reverse complement on the minus strand.

    Parameters
    ----------
    exons : list of str
        Letters ``ACGUN``, as they stand on the plus strand.
    strand : str
        ``+`` or ``-``.

    Examples
    --------
    >>> splice(["AAC", "GU"], "+"), splice(["AAC", "GU"], "-")
    ('AACGU', 'ACGUU')
    """
    joined = "".join(exons)
    return joined if strand == "+" else joined[::-1].translate(_COMPLEMENT)


def read_exons(annotation: str | Path) -> list[Exons]:
    """Exons of a GTF file by transcript, in the order of the file.

    Raises
    ------
    InputError
        If the file can't be read or has no exon with a transcript_id.
    """
    found: dict[tuple[str, str], Exons] = {}
    for feature in _features(annotation):
        names = feature.attributes
        if feature.featuretype != "exon" or not names.get("transcript_id"):
            continue
        transcript, chromosome = names["transcript_id"][0], chromosome_name(feature.seqid)
        gene = (names.get("gene_id") or names.get("gene_name") or [""])[0]
        # A transcript of both X and Y (pseudoautosomal) may have one id.
        exons = found.setdefault(
            (transcript, chromosome), Exons(transcript, gene, chromosome, feature.strand, [])
        )
        exons.spans.append((feature.start - 1, feature.end))
    if not found:
        raise InputError(f"{annotation}: no exon with a transcript_id (GTF is needed)")
    return list(found.values())


@contextmanager
def open_genome(path: str | Path) -> Iterator["Fasta"]:
    """Indexed genome. Neither the index nor an unpacked genome is left beside the file.

    Raises
    ------
    InputError
        If the file can't be read or is no FASTA.
    """
    from pyfaidx import Fasta

    with _plain_copy(path) as plain:
        try:
            fasta = Fasta(str(plain), as_raw=True, sequence_always_upper=True)
        except Exception as error:  # pyfaidx has many classes, without a common one
            reason = " ".join(str(error).replace(str(plain), "the file").split())
            raise InputError(f"{path}: no FASTA that can be indexed ({reason})") from None
        with fasta:
            if not len(fasta.keys()):
                raise InputError(f"{path}: no line starts with '>' (FASTA is needed)")
            yield fasta


def _spliced(exons: Exons, fasta: "Fasta", names: dict[str, str]) -> Transcript:
    if exons.chromosome not in names:
        raise InputError(f"its chromosome {exons.chromosome} is not in the genome")
    if exons.strand not in ("+", "-"):
        raise InputError(f"its strand is '{exons.strand}' (+ or - is needed)")
    chromosome = fasta[names[exons.chromosome]]
    spans = sorted(exons.spans)
    for start, end in spans:
        if not 0 <= start < end <= len(chromosome):
            raise InputError(
                f"exon {start + 1}-{end} lies outside {exons.chromosome} (1-{len(chromosome)})"
            )
    try:
        pieces = [normalize_sequence(chromosome[start:end])[0] for start, end in spans]
    except UnicodeDecodeError:
        raise InputError(f"{exons.chromosome} has bytes that are no text there") from None
    seq = splice(pieces, exons.strand)
    return Transcript(exons.transcript, exons.gene, exons.chromosome, seq)


def _features(annotation: str | Path) -> Iterator["Feature"]:
    from gffutils import DataIterator

    with _plain_copy(annotation) as plain:
        line = 0
        try:
            features = DataIterator(str(plain))
            for feature in features:
                line = features.current_item_number + 1
                if feature.start is None or feature.end is None:
                    raise InputError(f"{annotation}: line {line}: no start or end")
                yield feature
        except InputError:
            raise
        except Exception:  # whatever its parser stumbles over
            place = f"behind line {line}" if line else "at its start"
            raise InputError(f"{annotation}: no GTF {place}") from None


@contextmanager
def _plain_copy(path: str | Path) -> Iterator[Path]:
    """Path of the unpacked file, or of a link to a plain one, in a folder of its own."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder, a file is needed")
    with tempfile.TemporaryDirectory(prefix="boxfold-") as folder:
        plain = Path(folder) / "plain"
        try:
            _unpack(path, plain)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise InputError(f"{path}: the gzip file is truncated or damaged") from None
        except OSError as error:
            raise InputError(f"{path}: can't be read ({error.strerror})") from None
        yield plain


def _unpack(path: Path, plain: Path) -> None:
    with open(path, "rb") as handle:
        start = handle.read(2)
    if not start:
        raise InputError(f"{path}: the file is empty")
    if start != _GZIP_MAGIC:
        plain.symlink_to(path.resolve())
        return
    size = 0
    with gzip.open(path) as packed, open(plain, "wb") as unpacked:
        while block := packed.read(_BLOCK):
            size += len(block)
            if size > MAX_GENOME:
                limit = in_words(MAX_GENOME)
                raise InputError(
                    f"{path}: more than {limit} (unpack it, plain files have no limit)"
                )
            unpacked.write(block)
