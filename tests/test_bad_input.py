"""Bad sequences and files get one clear line, and lose nothing else."""

import functools
import gzip
import io

import pytest

from boxfold.features.formats import from_dbn

# Without a time stamp: parameters name tests, and xdist's workers must agree on the names.
zipped = functools.partial(gzip.compress, mtime=0)

READERS = [
    ["train-s1"],
    ["evaluate-s1"],
    ["propose"],
    ["train-supervised"],
    ["train-agent", "--algorithm", "clone"],
    ["evaluate"],
]
GOOD = b">good\nGGGGAAAACCCC\n"


# Files that are no FASTA file at all: content, part of the message.
BAD_FILES = {
    "empty": (b"", "empty"),
    "blank": (b"\n\n", "empty"),
    "binary": (b"\x7fELF\0\0\1\2" * 100, "binary"),
    "utf16": (">a\nACGU\n".encode("utf-16"), "UTF-16"),
    "truncated gzip": (zipped(b">a\n" + b"ACGU" * 5000)[:40], "gzip"),
    "damaged gzip": (b"\x1f\x8b\x08\x00" + b"\x55" * 60, "gzip"),
    "fastq": (b"@read\nACGU\n+\nIIII\n", "FASTQ"),
    "plain text": (b"hello there\n", "'>'"),
}


@pytest.mark.parametrize("content, part", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_predict_of_a_bad_file(content, part, tmp_path, predict):
    path = tmp_path / "input.fa"
    path.write_bytes(content)
    result = predict(path)
    assert result.is_one_line("predict", str(path), part)
    assert result[1] == ""


@pytest.mark.parametrize("content, part", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_propose_of_a_bad_file(content, part, tmp_path, call):
    path, out = tmp_path / "input.fa", tmp_path / "out.parquet"
    path.write_bytes(content)
    result = call("propose", "--data", path, "--method", "runs", "--out", out)
    assert result.is_one_line("propose", str(path))
    assert not out.exists()


def test_a_missing_file_and_a_folder(tmp_path, predict, call):
    assert predict(tmp_path / "absent.fa").is_one_line("predict", "no such file")
    assert predict(tmp_path).is_one_line("predict", "folder")
    out = tmp_path / "out"
    for source in (tmp_path / "absent.parquet", tmp_path):
        for verb, *flags in READERS:
            result = call(verb, "--data", source, *flags, "--out", out)
            assert result.is_one_line(verb, str(source))
    assert not out.exists()


# Records that are bad or odd among good ones: content, part of the message, exit code.
BAD_RECORDS = {
    "no sequence": (b">bad\n" + GOOD, "record 'bad' (line 1): no sequence", 1),
    "no sequence, last": (GOOD + b">bad\n", "record 'bad' (line 3): no sequence", 1),
    "gap": (b">bad\nACG-U\n" + GOOD, "gap '-' at position 4", 1),
    "other letter": (b">bad\nACGZ\n" + GOOD, "letter 'Z' at position 4", 1),
    "protein": (b">bad\nMKVLE\n" + GOOD, "record 'bad' (line 1): letter 'L'", 1),
    "not utf-8": (b">bad \xff\xfe\nACGU\n" + GOOD, "not UTF-8", 1),
    "duplicate id": (GOOD + b">good\nACGUA\n", "the id occurred before, in line 1", 1),
    "text before": (b"ACGU\n" + GOOD, "before the first '>'", 1),
    "too long": (b">bad\n" + b"A" * 601 + b"\n" + GOOD, "601 nt, allowed are 600", 1),
    "iupac": (GOOD + b">odd\nGGRYACC\n", "2 of 7 bases are unknown (N)", 0),
    "no name": (GOOD + b">\nGGRYACC\n", "no name, called 'record_2'", 0),
}


@pytest.mark.parametrize("content, part, code", BAD_RECORDS.values(), ids=BAD_RECORDS.keys())
def test_predict_finishes_the_good_records(content, part, code, tmp_path, predict):
    path = tmp_path / "input.fa"
    path.write_bytes(content)
    found, out, err = predict(path)
    assert found == code
    assert any(part in line for line in err.splitlines()), err
    assert all(line.startswith("boxfold: ") for line in err.splitlines())
    good = next(record for record in from_dbn(out) if record.id == "good")
    assert good.seq == "GGGGAAAACCCC"


def test_a_gzip_that_breaks_off_keeps_what_was_whole(tmp_path, predict):
    path = tmp_path / "input.fa.gz"
    text = b"".join(b">record_%d\nACGU\n" % k**9 for k in range(400))
    path.write_bytes(zipped(text)[:-500])
    code, out, err = predict(path)
    assert code == 1
    assert "truncated after" in err
    assert 100 < len(from_dbn(out)) < 400


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"\n", b"\r"),
        zipped(GOOD),
        b">good\nggggaaaa\ncccc\n",
        b">good\nGGGG AAAA CCCC",
        b"; comment\n\n" + GOOD,
    ],
    ids=["bom", "crlf", "cr", "gzip", "lower case", "blanks", "comment"],
)
def test_harmless_variants_are_read_alike(content, tmp_path, predict):
    plain, variant = tmp_path / "plain.fa", tmp_path / "variant.fa"
    plain.write_bytes(GOOD)
    variant.write_bytes(content)
    assert predict(variant) == predict(plain)
    assert predict(variant)[0] == 0


def test_t_is_read_as_u(tmp_path, predict):
    path = tmp_path / "dna.fa"
    path.write_text(">a\nGGTTAAAAaacc\n")
    assert predict(path)[1].splitlines()[1] == "GGUUAAAAAACC"


def test_n_never_pairs(tmp_path, predict):
    path = tmp_path / "n.fa"
    path.write_text(">a\nNNNNAAAANNNN\n")
    assert predict(path)[1].splitlines()[2] == "............ (  0.00)"


def test_standard_input_may_be_empty(predict, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert predict("-").is_one_line("predict", "standard input", "empty")
