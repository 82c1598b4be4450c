"""Bad input gets one clear line, and loses nothing else."""

import gzip
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from boxfold.features.formats import from_dbn
from boxfold.scripts import cli

GOOD = b">good\nGGGGAAAACCCC\n"
BOXFOLD = [sys.executable, "-m", "boxfold.scripts.cli"]


@pytest.fixture
def call(capsys):
    """Runs `boxfold` with flags; gives exit code, stdout, stderr."""

    def run(*flags):
        code = cli.main([str(flag) for flag in flags])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def predict(call, untrained_s1):
    def run(source, *flags):
        return call("predict", source, "--s1", untrained_s1, "--agent", "beam", *flags)

    return run


def assert_one_line(result, verb: str, *parts: str) -> None:
    code, _, err = result
    assert code == 2, err
    assert err.startswith(f"boxfold {verb}: error: "), err
    assert err.count("\n") == 1, err
    for part in parts:
        assert part in err


# Files that are no FASTA file at all: content, part of the message.
BAD_FILES = {
    "empty": (b"", "empty"),
    "blank": (b"\n\n", "empty"),
    "binary": (b"\x7fELF\0\0\1\2" * 100, "binary"),
    "utf16": (">a\nACGU\n".encode("utf-16"), "UTF-16"),
    "truncated gzip": (gzip.compress(b">a\n" + b"ACGU" * 5000)[:40], "gzip"),
    "damaged gzip": (b"\x1f\x8b\x08\x00" + b"\x55" * 60, "gzip"),
    "fastq": (b"@read\nACGU\n+\nIIII\n", "FASTQ"),
    "plain text": (b"hello there\n", "'>'"),
}


@pytest.mark.parametrize("content, part", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_predict_of_a_bad_file(content, part, tmp_path, predict):
    path = tmp_path / "input.fa"
    path.write_bytes(content)
    result = predict(path)
    assert_one_line(result, "predict", str(path), part)
    assert result[1] == ""


@pytest.mark.parametrize("content, part", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_propose_of_a_bad_file(content, part, tmp_path, call):
    path, out = tmp_path / "input.fa", tmp_path / "out.parquet"
    path.write_bytes(content)
    result = call("propose", "--data", path, "--method", "runs", "--out", out)
    assert_one_line(result, "propose", str(path))
    assert not out.exists()


def test_a_missing_file_and_a_folder(tmp_path, predict, call):
    assert_one_line(predict(tmp_path / "absent.fa"), "predict", "no such file")
    assert_one_line(predict(tmp_path), "predict", "folder")
    out = tmp_path / "out"
    for source in (tmp_path / "absent.parquet", tmp_path):
        assert_one_line(call("evaluate", "--data", source, "--out", out), "evaluate", str(source))
        assert_one_line(call("train-s1", "--data", source, "--out", out), "train-s1", str(source))
        assert_one_line(
            call("train-agent", "--data", source, "--algorithm", "clone", "--out", out),
            "train-agent",
            str(source),
        )
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
    "too long": (b">bad\n" + b"A" * 401 + b"\n" + GOOD, "401 nt, allowed are 400", 1),
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
    path.write_bytes(gzip.compress(text)[:-500])
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
        gzip.compress(GOOD),
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


@pytest.mark.parametrize("verb", cli.VERBS)
@pytest.mark.parametrize(
    "flags, part",
    [
        (["--threads", "0"], "'0' is too small (at least 1)"),
        (["--threads", "many"], "'many' is not an integer"),
        (["--seed", "-3"], "'-3' is too small (at least 0)"),
        (["--colour", "red"], ""),
    ],
    ids=["no thread", "threads", "seed", "unknown flag"],
)
def test_bad_shared_flags(verb, flags, part, call):
    assert_one_line(call(verb, *flags), verb, part)


@pytest.mark.parametrize(
    "flags, part",
    [
        (["--length", "200-20"], "reversed"),
        (["--length", "0"], "too small"),
        (["--count", "0"], "too small"),
        (["--count", "x"], "not an integer"),
        (["--min-mfe-frequency", "1.5"], "out of range"),
        (["--split", "2"], "out of range"),
        (["--jobs", "0"], "too small"),
        (["--limit", "0"], "too small"),
        (["--genome", "g.fa"], "--annotation"),
    ],
)
def test_bad_flags_of_dataset(flags, part, tmp_path, call):
    out = tmp_path / "out.parquet"
    base = [] if "--genome" in flags else ["--synthetic"]
    count = [] if "--count" in flags else ["--count", "3"]
    assert_one_line(call("dataset", *base, *count, *flags, "--out", out), "dataset", part)
    assert not out.exists()


def test_dataset_without_a_source(tmp_path, call):
    result = call("dataset", "--count", "3", "--out", tmp_path / "out.parquet")
    assert_one_line(result, "dataset", "no source")


def test_more_windows_than_exist_ends_with_counts(tmp_path, call):
    fasta, out = tmp_path / "small.fa", tmp_path / "out.parquet"
    fasta.write_text(">t\n" + "GGGCCAAAGACCUUGAAAGGUCAACCUGGCCCUUAAGCGAUCGAUUAGCC" * 2 + "\n")
    flags = ["--length", "40", "--count", "50", "--split", "1"]
    code, text, err = call("dataset", "--fasta", fasta, *flags, "--out", out)
    assert code == 0, err
    assert "50" in text + err
    assert 0 < len(pd.read_parquet(out)) < 50


def test_exons_past_the_end_of_their_sequence(tmp_path, call):
    genome, gtf = tmp_path / "genome.fa", tmp_path / "genes.gtf"
    genome.write_text(">chr9\n" + "GGGCCAAAGACCUUGAAAGGUCAACCUGGCCCUUAAGCGAUCGA" * 5 + "\n")
    line = 'chr9\tx\texon\t{}\t{}\t.\t+\t.\tgene_id "{g}"; transcript_id "{g}t";\n'
    gtf.write_text(line.format(1, 120, g="good") + line.format(100, 9999, g="beyond"))
    out = tmp_path / "out.parquet"
    flags = ["--genome", genome, "--annotation", gtf, "--length", "40", "--count", "2"]
    code, _, err = call("dataset", *flags, "--split", "1", "--out", out)
    assert code == 1, err
    assert "beyond" in err
    assert len(pd.read_parquet(out)) == 2


# CSV input of evaluate-s1 and propose: the dot_bracket column.
BAD_STRUCTURES = {
    "unbalanced": ("((....)", "unbalanced"),
    "wrong length": ("((....))", "8"),
    "other character": ("((.x...", "x"),
}


@pytest.mark.parametrize("structure, part", BAD_STRUCTURES.values(), ids=BAD_STRUCTURES.keys())
def test_bad_dot_brackets(structure, part, tmp_path, call):
    path, out = tmp_path / "table.csv", tmp_path / "out.parquet"
    path.write_text(f"id,sequence,dot_bracket\na,GGAAACC,((...))\nbad,GGAAACC,{structure}\n")
    code, _, err = call("propose", "--data", path, "--method", "runs", "--out", out)
    assert code in (1, 2)
    assert "bad" in err and part in err
    assert "Traceback" not in err


def test_csv_without_the_columns(tmp_path, call):
    path = tmp_path / "table.csv"
    path.write_text("name,seq\na,GGAAACC\n")
    result = call("propose", "--data", path, "--method", "runs", "--out", tmp_path / "o.parquet")
    assert_one_line(result, "propose", "sequence")


def test_a_parquet_of_another_schema(tmp_path, windows, call):
    other = tmp_path / "other.parquet"
    pd.DataFrame({"id": ["a"], "sequence": ["GGAAACC"]}).to_parquet(other)
    out = tmp_path / "out"
    for path in (other, windows):
        assert_one_line(call("evaluate", "--data", path, "--out", out), "evaluate", "schema")
        assert_one_line(
            call("train-agent", "--data", path, "--algorithm", "clone", "--out", out),
            "train-agent",
            "schema",
        )
        assert_one_line(
            call("train-supervised", "--data", path, "--out", out), "train-supervised", "schema"
        )
    assert_one_line(call("train-s1", "--data", other, "--out", out), "train-s1", "schema")


@pytest.mark.parametrize("damage", ["truncated", "text", "missing", "of an agent"])
def test_bad_weights(damage, tmp_path, untrained_s1, call):
    fasta, weights = tmp_path / "good.fa", tmp_path / "w.safetensors"
    fasta.write_bytes(GOOD)
    content = untrained_s1.read_bytes()
    if damage == "truncated":
        weights.write_bytes(content[: len(content) // 2])
    elif damage == "text":
        weights.write_text("no weights")
    elif damage == "of an agent":
        weights.write_bytes(content.replace(rb"\"kind\": \"s1\"", rb"\"kind\": \"xx\""))
    result = call("predict", fasta, "--s1", weights, "--agent", "beam")
    assert_one_line(result, "predict", str(weights))
    if damage != "of an agent":  # an S1 file is no agent either
        assert_one_line(
            call("predict", fasta, "--s1", untrained_s1, "--agent", weights), "predict", "w.safe"
        )


def test_weights_of_another_version(tmp_path, untrained_s1, predict, call):
    fasta, weights = tmp_path / "good.fa", tmp_path / "w.safetensors"
    fasta.write_bytes(GOOD)
    content = untrained_s1.read_bytes()
    newer = content.replace(rb"\"format_version\": 1", rb"\"format_version\": 9")
    assert newer != content
    weights.write_bytes(newer)
    result = call("predict", fasta, "--s1", weights, "--agent", "beam")
    assert_one_line(result, "predict", "format 9", "needed: 1")


def test_s1_weights_are_no_agent(tmp_path, untrained_s1, call):
    fasta = tmp_path / "good.fa"
    fasta.write_bytes(GOOD)
    result = call("predict", fasta, "--s1", untrained_s1, "--agent", untrained_s1)
    assert_one_line(result, "predict", "untrained.safetensors")


def test_an_unknown_agent_lists_the_choices(tmp_path, predict, call, proposals, untrained_s1):
    fasta = tmp_path / "good.fa"
    fasta.write_bytes(GOOD)
    result = call("predict", fasta, "--s1", untrained_s1, "--agent", "beem")
    assert_one_line(result, "predict", "'beam'", "greedy-energy")
    result = call("evaluate", "--data", proposals, "--agents", "beem", "--out", tmp_path / "o")
    assert_one_line(result, "evaluate", "'beam'")


def test_output_that_cannot_be_written(tmp_path, predict, call, windows):
    fasta, blocker = tmp_path / "good.fa", tmp_path / "file"
    fasta.write_bytes(GOOD)
    blocker.write_text("in the way")
    for out in (tmp_path, blocker / "below.dbn"):
        assert_one_line(predict(fasta, "--out", out), "predict", str(out))
    flags = ["--data", windows, "--method", "runs", "--out", blocker / "p.parquet"]
    assert_one_line(call("propose", *flags), "propose", "can't be written")
    assert blocker.read_text() == "in the way"


def test_finished_runs_and_other_configs_do_not_resume(tmp_path, windows, call):
    out = tmp_path / "run"
    small = ["--channels", "4", "--n-blocks", "1", "--epochs", "1", "--epoch-examples", "8"]
    flags = ["train-s1", "--data", windows, *small, "--out", out]
    assert call(*flags)[0] == 0
    assert_one_line(call(*flags, "--resume"), "train-s1", "finished")
    assert_one_line(call(*flags), "train-s1", "exists already")
    (out / "finished").unlink()
    result = call(*flags, "--resume", "--learning-rate", "0.5")
    assert_one_line(result, "train-s1", "another config", "learning_rate")


def test_resume_of_a_folder_that_is_no_run(tmp_path, windows, call):
    (tmp_path / "notes.txt").write_text("mine")
    result = call("train-s1", "--data", windows, "--out", tmp_path, "--resume")
    assert_one_line(result, "train-s1", "no run folder")
    result = call("train-s1", "--data", windows, "--out", tmp_path, "--overwrite")
    assert_one_line(result, "train-s1", "exists already")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_loss_that_is_no_number_stops_with_one_line(tmp_path, windows, call):
    small = ["--channels", "4", "--n-blocks", "1", "--epochs", "2", "--epoch-examples", "40"]
    rate = ["--learning-rate", "1e30", "--gradient-clip", "1e30"]
    result = call("train-s1", "--data", windows, *small, *rate, "--out", tmp_path / "run")
    assert_one_line(result, "train-s1", "loss")


def run_boxfold(*flags, **options) -> subprocess.CompletedProcess:
    command = [*BOXFOLD, *map(str, flags)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def many(path: Path, n: int) -> Path:
    path.write_text("".join(f">r{k}\nGGGGAAAACCCC\n" for k in range(n)))
    return path


def test_closed_pipe_is_quiet(tmp_path, untrained_s1):
    fasta = many(tmp_path / "many.fa", 3000)
    flags = ["predict", str(fasta), "--s1", str(untrained_s1), "--agent", "greedy-s1"]
    command = [*BOXFOLD, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b">r0\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


@pytest.mark.parametrize(
    "number, code, word",
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_signals_leave_one_line_and_no_half_file(number, code, word, tmp_path, untrained_s1):
    fifo, out = tmp_path / "slow.fa", tmp_path / "out.dbn"
    os.mkfifo(fifo)
    writer = os.open(fifo, os.O_RDWR)  # the reader waits for more until the signal comes
    os.write(writer, b"".join(b">r%d\nACGU\n" % k for k in range(1000)))
    flags = ["predict", fifo, "--s1", untrained_s1, "--agent", "greedy-s1", "--out", out]
    # Background shells start their children with Ctrl-C ignored; a handler here undoes that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen([*BOXFOLD, *map(str, flags)], stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    try:
        while not any(path.stat().st_size for path in tmp_path.glob(".out.dbn.*")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(writer)
    assert process.returncode == code
    assert err == f"boxfold predict: {word}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["slow.fa"]


def test_exit_codes_and_streams_of_the_command(tmp_path, untrained_s1):
    fasta = tmp_path / "mixed.fa"
    fasta.write_bytes(b">bad\nACG-U\n" + GOOD)
    done = run_boxfold("predict", fasta, "--s1", untrained_s1, "--agent", "beam")
    assert done.returncode == 1
    assert done.stdout == ">good\nGGGGAAAACCCC\n((((....)))) ( -5.40)\n"
    assert done.stderr == (
        f"boxfold: {fasta}: record 'bad' (line 1): gap '-' at position 4: "
        "remove the gaps of aligned sequences\n"
    )


def test_a_verb_file_runs_directly(tmp_path):
    file = Path(cli.__file__).parent / "predict.py"
    done = subprocess.run(
        [sys.executable, str(file), str(tmp_path / "absent.fa"), "--agent", "beam"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("boxfold predict: error: ")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path, untrained_s1):
    fasta = many(tmp_path / "few.fa", 3)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*BOXFOLD, "predict", fasta, "--s1", untrained_s1, "--agent", "greedy-s1"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == "boxfold predict: error: No space left on device\n"


def test_standard_input_may_be_empty(predict, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert_one_line(predict("-"), "predict", "standard input", "empty")
