import functools
import gzip

import pytest

from boxfold.features.errors import InputError
from boxfold.features.genome import genome_transcripts

# Without a time stamp: parameters name tests, and xdist's workers must agree on the names.
zipped = functools.partial(gzip.compress, mtime=0)

GENOME = ">9 test\nacgtACGTAC\nGGGGGTTTTT\nNNRAA\n>chrX\nAAAACCCC\n"


def exon(chromosome: str, start: int, end: int, strand: str, name: str, kind: str = "exon") -> str:
    names = f'gene_id "gene_{name}"; transcript_id "{name}"; gene_name "G";'
    return f"{chromosome}\ttest\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{names}\n"


@pytest.fixture
def files(tmp_path):
    genome, annotation = tmp_path / "g.fa", tmp_path / "a.gtf"
    genome.write_text(GENOME)

    def write(text: str):
        annotation.write_text("# a comment\n" + text)
        return genome, annotation

    return write


GTF = (
    exon("chr9", 1, 20, "+", "plus", "transcript")
    + exon("chr9", 11, 16, "+", "plus")
    + exon("chr9", 3, 4, "+", "plus")
    + exon("chr9", 20, 24, "-", "minus")
    + exon("chr9", 1, 3, "-", "minus")
    + exon("X", 4, 6, "-", "on_x")
)
SPLICED = {"plus": "GUGGGGGU", "minus": "UNNNACGU", "on_x": "GGU"}


def test_exons_are_joined_in_order_and_reversed_on_the_minus_strand(files):
    errors: list[str] = []
    transcripts = genome_transcripts(*files(GTF), errors.append)
    assert {t.id: t.seq for t in transcripts} == SPLICED
    assert [(t.gene, t.chromosome) for t in transcripts] == [
        ("gene_plus", "chr9"),
        ("gene_minus", "chr9"),
        ("gene_on_x", "chrX"),
    ]
    assert errors == []


def test_gzip_whatever_the_name_and_nothing_left_beside(files, tmp_path):
    for path in files(GTF):
        path.write_bytes(zipped(path.read_bytes()))
    before = sorted(tmp_path.iterdir())
    transcripts = genome_transcripts(*before[::-1], print)
    assert {t.id: t.seq for t in transcripts} == SPLICED
    assert sorted(tmp_path.iterdir()) == before


def test_transcripts_that_cannot_be_spliced_are_named_and_the_others_read(files):
    bad = (
        exon("chr9", 24, 26, "+", "too_far")
        + exon("chr9", 0, 3, "+", "too_early")
        + exon("chr7", 1, 3, "+", "elsewhere")
        + exon("chr9", 1, 3, ".", "unstranded")
    )
    errors: list[str] = []
    transcripts = genome_transcripts(*files(bad + GTF), errors.append)
    assert {t.id: t.seq for t in transcripts} == SPLICED
    expected = [
        "transcript 'too_far': exon 24-26 lies outside chr9 (1-25)",
        "transcript 'too_early': exon 0-3 lies outside chr9 (1-25)",
        "transcript 'elsewhere': its chromosome chr7 is not in the genome",
        "transcript 'unstranded': its strand is '.' (+ or - is needed)",
    ]
    assert [line.partition("a.gtf: ")[2] for line in errors] == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a.gtf: no "),
        (exon("chr9", 1, 3, "+", "t", "gene"), "no exon with a transcript_id"),
        (GTF + "chr9\tbroken line\n", "line 8: no start or end"),
        (">this\nACGU\n", "a.gtf: no "),
        ('chr9\ttest\texon\tone\t5\t.\t+\t.\ttranscript_id "t";\n', "no GTF at its start"),
    ],
)
def test_annotations_that_are_none(files, text, reason):
    with pytest.raises(InputError, match=reason) as caught:
        genome_transcripts(*files(text), print)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "g.fa: the file is empty"),
        (b"ACGT\n", "g.fa: no "),
        (b">a\nACGT\nAC\nACGT\n", "g.fa: no FASTA that can be indexed"),
        (zipped(GENOME.encode() * 50)[:-12], "truncated or damaged"),
    ],
)
def test_genomes_that_are_none(files, content, reason):
    genome, annotation = files(GTF)
    genome.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        genome_transcripts(genome, annotation, print)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(files, tmp_path):
    genome, annotation = files(GTF)
    with pytest.raises(InputError, match="is a folder"):
        genome_transcripts(tmp_path, annotation, print)
    with pytest.raises(InputError, match=r"no_such.gtf: can't be read"):
        genome_transcripts(genome, tmp_path / "no_such.gtf", print)
