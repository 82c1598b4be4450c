import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import boxfold.features.transcripts as transcripts_module
from boxfold.features.errors import InputError
from boxfold.features.fasta import FastaRecord
from boxfold.features.transcripts import (
    Transcript,
    chromosome_name,
    grouped,
    on_chromosomes,
    read_transcripts,
    shared_word_links,
    transcript_of,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ENST1 chrom=chr9 gene=WASHC1", ("ENST1", "WASHC1", "chr9")),
        ("ENST1 chrom=chr21 gene=.", ("ENST1", "", "chr21")),
        (
            "ENST1.2 cdna chromosome:GRCh38:9:12134:13783:-1 gene:ENSG1.3 gene_biotype:lncRNA "
            "gene_symbol:DDX11L5 description:gene of the chromosome 7",
            ("ENST1.2", "ENSG1.3", "chr9"),
        ),
        (
            "ENST1.2 cdna scaffold:GRCh38:KI270711.1:4612:29626:-1 gene:ENSG9",
            ("ENST1.2", "ENSG9", "KI270711.1"),
        ),
        ("ENST1 cdna primary_assembly:GRCm39:MT:1:20:1 gene:G", ("ENST1", "G", "chrM")),
        ("ENST4.2|ENSG2.5|-|-|DDX-202|DDX|1657|lncRNA|", ("ENST4.2", "ENSG2.5", "")),
        ("hg38_known_T7 range=chrX:11-50 5'pad=0 strand=+", ("hg38_known_T7", "", "chrX")),
        ("lcl|NC_1 [gene=ABC1] [protein=p]", ("lcl", "ABC1", "")),
        ("plain", ("plain", "", "")),
    ],
)
def test_headers(header, expected):
    name, _, description = header.partition(" ")
    transcript = transcript_of(FastaRecord(name, description, "ACGU", 0))
    assert (transcript.id, transcript.gene, transcript.chromosome) == expected


@pytest.mark.parametrize("text", ["9", "chr9", "CHR9"])
def test_one_spelling_of_a_chromosome(text):
    assert chromosome_name(text) == "chr9"


def test_chromosomes_are_selected_in_any_spelling():
    several = [Transcript(name, "g", name, "A") for name in ("chr1", "chr9", "chrX", "")]
    assert [t.id for t in on_chromosomes(several, ["9", "chrx"])] == ["chr9", "chrX"]
    with pytest.raises(InputError, match=r"no transcript on chr22; .* chr1, chr9, chrX$"):
        on_chromosomes(several, ["chr22", "9"])
    with pytest.raises(InputError, match="none, no header names one"):
        on_chromosomes(several[3:], ["9"])


def test_reading_several_files_names_repeated_ids(tmp_path):
    (tmp_path / "a.fa").write_text(">t1 chrom=1 gene=x\nACGT\n>t2 chrom=1 gene=x\nAC!T\n")
    (tmp_path / "b.fa").write_text(">t1 chrom=2 gene=y\nGGGG\n>t3\nCCCC\n")
    errors: list[str] = []
    read = read_transcripts([tmp_path / "a.fa", tmp_path / "b.fa"], errors.append)
    assert [(t.id, t.seq) for t in read] == [("t1", "ACGU"), ("t3", "CCCC")]
    assert "t2" in errors[0] and "b.fa: record 't1': the id occurred before" in errors[1]


def random_seq(seed: int, length: int = 60) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), length))


def test_groups_by_gene_by_shared_words_and_across():
    a, b, c, d, e = (random_seq(seed) for seed in range(5))
    differs = next(base for base in "ACGU" if base not in (b[9], c[39]))
    several = [
        Transcript("named1", "G", "", a),
        Transcript("named2", "G", "", b),
        Transcript("like_b", "", "", c[:40] + b[10:40]),  # 30 bases of named2
        Transcript("nearly", "", "", d + differs + b[10:39]),  # 29 bases are not enough
        Transcript("other", "H", "", e + c[5:35]),  # 30 bases of like_b
        Transcript("alone", "", "", random_seq(9)),
    ]
    result = grouped(several)
    assert [t.group for t in result] == ["named1"] * 3 + ["nearly", "named1", "alone"]
    genes = ["G", "G", "transcript like_b", "transcript nearly", "H", "transcript alone"]
    assert [t.gene for t in result] == genes
    assert [t._replace(gene="", group="") for t in result] == [
        t._replace(gene="", group="") for t in several
    ]


def test_no_transcripts_no_groups():
    assert grouped([]) == []


def connected(links: list[list[int]], size: int) -> list[frozenset[int]]:
    sets = [{item} for item in range(size)]
    for a, b in links:
        merged = sets[a] | sets[b]
        for item in merged:
            sets[item] = merged
    return [frozenset(members) for members in sets]


@given(st.lists(st.text("ACGN", max_size=14), max_size=7), st.sampled_from([1, 10, 10_000]))
def test_links_connect_what_shares_a_word(seqs, words_at_once):
    brute = [
        [a, b]
        for a in range(len(seqs))
        for b in range(a)
        if any(
            "N" not in (w := seqs[a][s : s + 4]) and len(w) == 4 and w in seqs[b] for s in range(14)
        )
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcripts_module, "_MAX_WORDS_AT_ONCE", words_at_once)
        links = shared_word_links(seqs, k=4).tolist()
    assert connected(links, len(seqs)) == connected(brute, len(seqs))
