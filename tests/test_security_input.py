"""Hostile ids, names, files and sizes do nothing but fail, in one line."""

import csv
import gzip
import io
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from boxfold.features import limits
from boxfold.features.csv_cells import plain_cell, safe_cell
from boxfold.features.errors import InputError, printable
from boxfold.features.fasta import read_fasta
from boxfold.features.formats import StructureRecord
from boxfold.features.record_id import check_id
from boxfold.features.record_tables import CSV_COLUMNS, csv_line, from_csv, to_csv
from boxfold.features.text_file import read_text
from boxfold.s1.parquet import read_table, write_table
from boxfold.s1.tables import read_sequences, write_dataset

CONTROLS = ["\x1b[31mred", "a\x07b", "bell\x00", "\u202etxt.exe", "zero\u200bwidth", "a\x9b2Jb"]
FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'=1", "''+x", "\tx", "=HYPERLINK()"]
MARKUP = ["<script>alert(1)</script>", "</script><img/src=x/onerror=alert(1)>", "&lt;b&gt;"]
PATHS = ["../../etc/passwd", "/etc/passwd", "..", "a/../../b", "C:\\x", "con"]
MATH = ["$\\frac$", "$x^", "a_{b", "\\begin{x}"]


@pytest.mark.parametrize("name", CONTROLS)
def test_ids_with_control_characters_are_bad_records(name, tmp_path, predict, call):
    path, out = tmp_path / "a.fa", tmp_path / "out.dbn"
    path.write_text(f">{name}\nGGGGAAAACCCC\n>good\nGGGGAAAACCCC\n")
    outcome = predict(path, "--out", out)
    assert outcome.code == (2 if "\0" in name else 1)  # NUL: no text file at all
    assert outcome.err.count("\n") == 1 and outcome.err.rstrip("\n").isprintable()
    assert "control character" in outcome.err or "binary" in outcome.err
    table = tmp_path / "a.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([CSV_COLUMNS[:3], [name, "GGAAACC", ""], ["g", "GGAAACC", ""]])
    outcome = call("propose", "--data", table, "--method", "runs", "--out", tmp_path / "p.parquet")
    assert outcome.code in (1, 2) and outcome.err.rstrip("\n").isprintable()
    with pytest.raises(InputError, match="row 1: its id holds"):
        frame = pd.DataFrame({"id": [name], "sequence": ["GGAAACC"]})
        write_dataset(frame, tmp_path / "d.parquet")
        read_sequences(tmp_path / "d.parquet")


def test_control_characters_behind_the_id_become_blanks(tmp_path):
    path = tmp_path / "a.fa"
    path.write_bytes(b">a first\x01second\x1b[2J gene:G\nACGU\n")
    (record,) = read_fasta(path, print)
    assert record.description == "first second [2J gene:G"


def test_names_of_files_and_flags_do_nothing_to_a_terminal(call, tmp_path):
    hostile = tmp_path / "\x1b]0;title\x07\u202e.fa"
    for flags in (["predict", hostile], ["propose", "--data", hostile, "--out", "x"]):
        outcome = call(*flags)
        assert outcome.code == 2 and outcome.err.rstrip("\n").isprintable()
    outcome = call("\x1b[31mverb")
    assert outcome.code == 2 and outcome.err.rstrip("\n").isprintable()
    outcome = call("predict", "a.fa", "--agent", "\x1b[31m", "--\x1b[0m")
    assert outcome.code == 2 and outcome.err.rstrip("\n").isprintable()


def test_messages_have_an_end():
    assert len(printable("\x1b" * 10**6)) < 25_000
    assert len(str(InputError("x" * 10**7))) < 6_000


def test_ids_are_no_paths_no_formulas_of_drawings_and_no_flags(
    tmp_path, call, untrained_s1, monkeypatch
):
    folder = tmp_path / "work" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    names = [*PATHS, *MARKUP, *MATH, "--out", "a" * limits.MAX_ID]
    rows = [csv_line([name, SEQ, "((((....))))"]) for name in names]
    (folder / "a.csv").write_text(csv_line(CSV_COLUMNS[:3]) + "".join(rows))
    for what, name in (("grid", MATH[0]), ("multiloops", PATHS[0]), ("shift", MARKUP[0])):
        model = [] if what == "multiloops" else ["--s1", untrained_s1]
        shown = [what, *model, f"--id={name}", "--data", "a.csv", "--out", f"{what}.svg"]
        assert call("plot-s1", *shown).code in (0, 2 * (what == "multiloops"))
    out = ["--method", "runs", "--out", "p.parquet"]
    assert call("propose", "--data", "a.csv", *out).code == 0
    assert call("evaluate", "--data", "p.parquet", "--agents", "beam", "--out", "t").code == 0
    assert pd.read_csv(folder / "t" / "per_sequence.csv")["id"].map(plain_cell).tolist() == names
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.split("/")[0] for path in found} == {"work"}
    assert {path.split("/")[1] for path in found} == {"here"}


SEQ = "GGGGAAAACCCC"


@pytest.mark.parametrize("text", [*FORMULAS, "plain", "-1.5", "+3e-4", "", "'", "a=b"])
def test_no_cell_is_a_formula_and_reading_gives_it_back(text):
    cell = safe_cell(text)
    assert plain_cell(cell) == text
    number = re.fullmatch(r"[+-][\d.e-]+", cell)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or number


def test_formulas_in_the_tables_of_verbs(tmp_path, call, predict):
    words = [name.replace(" ", "_") for name in FORMULAS if "\t" not in name]
    for word in words:
        row = to_csv(StructureRecord(word, SEQ, np.array([[0, 11]])))
        assert from_csv(csv_line(CSV_COLUMNS) + row)[0].id == word
    path, out = tmp_path / "a.fa", tmp_path / "o.csv"
    path.write_text("".join(f">{word}\n{SEQ}\n" for word in words))
    assert predict(path, "--format", "csv", "--out", out).code == 0
    rows = list(csv.reader(io.StringIO(out.read_text())))
    assert [row[0] for row in rows[1:]] == [f"'{word}" for word in words]
    assert read_sequences(out)["id"].tolist() == words
    flags = ["--method", "runs", "--out", tmp_path / "p.parquet"]
    assert call("propose", "--data", out, *flags).code == 0
    peers = tmp_path / "peers.csv"
    lines = [csv_line([word, "@x", "." * 12]) for word in words]
    peers.write_text(csv_line(["id", "tool", "dot_bracket"]) + "".join(lines))
    flags = ["--agents", "beam", "--peers", peers, "--out", tmp_path / "t"]
    outcome = call("evaluate", "--data", tmp_path / "p.parquet", *flags)
    assert outcome.code == 0, outcome.err
    table = pd.read_csv(tmp_path / "t" / "per_sequence.csv")
    assert set(table["id"]) == {f"'{word}" for word in words}
    assert set(table["agent"]) == {"beam", "'@x"}


def test_a_formula_as_the_name_of_a_run(tmp_path, proposals, chain_agent, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "=cmd").symlink_to(chain_agent)
    assert call("evaluate", "--data", proposals, "--agents", "=cmd", "--out", "t").code == 0
    assert pd.read_csv(tmp_path / "t" / "summary.csv")["agent"].tolist() == ["'=cmd"]
    flags = ["--table", "t/per_sequence.csv", "--runs", "=cmd"]
    assert call("compare", *flags).code == 0


def test_a_page_of_hostile_ids_holds_no_markup_of_theirs(tmp_path, call, untrained_s1):
    path, out = tmp_path / "a.fa", tmp_path / "page.html"
    ids = [text.replace(" ", "_") for text in (*MARKUP, *PATHS, *MATH, *FORMULAS[:4])]
    path.write_text("".join(f">{name}\n{SEQ}\n" for name in ids))
    flags = ["--s1", untrained_s1, "--agent", "beam", "--out", out]
    assert call("view", path, *flags).code == 0
    text = out.read_text()
    for name in MARKUP[:2]:
        assert name not in text
    scripts = re.findall(r"<(/?)script", text)
    assert len(scripts) % 2 == 0 and scripts == ["", "/"] * (len(scripts) // 2)
    assert "onerror" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


@pytest.fixture
def small_limits(monkeypatch):
    """Limits that a test can reach."""

    def set_limit(module, **values):
        for name, value in values.items():
            monkeypatch.setattr(f"boxfold.{module}.{name}", value)

    return set_limit


def test_long_headers_and_records(tmp_path, small_limits):
    small_limits("features.fasta", MAX_LINE=100, MAX_RECORD=1000)
    path, errors = tmp_path / "a.fa", []
    path.write_text(f">a\nACGU\n>long\n{'ACGU' * 251}\n>c\n{'A' * 999}\n>" + "x" * 200 + "\nACGU\n")
    found = {record.id: len(record.seq) for record in read_fasta(path, errors.append)}
    assert found == {"a": 4, "c": 999}
    assert errors[0].endswith(
        "record 'long' (line 3): more than 1000 letters, the most that is read"
    )
    assert "a header of more than" in errors[1] and "line 7" in errors[1]
    path.write_text(";" + "c" * 500 + ">no\n>a\n" + " " * 300 + "ACGU\n")
    assert [record.id for record in read_fasta(path, errors.append)] == ["a"]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [7, 16, 64])
def test_lines_in_pieces_are_the_same_records(ends, size, tmp_path, small_limits):
    text = ">a\n" + "ACGU" * 20 + "\n\n>b x\nAC\nGU\n; no\n>c\n" + "G" * 33 + "\n"
    path = tmp_path / "a.fa"
    path.write_bytes(text.replace("\n", ends).encode())
    whole = list(read_fasta(path, print))
    small_limits("features.fasta", MAX_LINE=size)
    assert list(read_fasta(path, print)) == whole and len(whole) == 3


def test_files_that_unpack_without_end(tmp_path, small_limits, call):
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(b"id,sequence,dot_bracket\n" + bytes([65]) * 3_000_000))
    assert bomb.stat().st_size < 4000
    with pytest.raises(InputError, match="more than 1 MB, the most that is read at once"):
        read_text(bomb, 1 << 20)
    for module in ("features.text_file",):
        small_limits(module, MAX_TEXT=1 << 20)
    small_limits("features.genome", MAX_GENOME=1 << 20)
    from boxfold.features.genome import read_exons

    with pytest.raises(InputError, match="more than 1 MB"):
        read_exons(bomb)
    fasta = tmp_path / "bomb.fa.gz"
    fasta.write_bytes(gzip.compress(b">a\n" + b"A" * 3_000_000 + b"\n>b\nACGU\n"))
    small_limits("features.fasta", MAX_RECORD=1 << 20)
    errors = []
    assert [record.id for record in read_fasta(fasta, errors.append)] == ["b"]
    assert len(errors) == 1


def test_transcripts_without_end(tmp_path, small_limits, call):
    small_limits("features.transcripts", MAX_LETTERS=100)
    path = tmp_path / "a.fa"
    path.write_text("".join(f">r{k}\n{'ACGU' * 10}\n" for k in range(9)))
    outcome = call("dataset", "--fasta", path, "--count", "2", "--out", tmp_path / "d.parquet")
    assert outcome.is_one_line("dataset", str(path), "more than 100 letters")


def test_tables_without_end(tmp_path, small_limits):
    table = pa.table({"x": pa.array(np.zeros(5000, dtype=np.int64))})
    write_table(table, tmp_path / "t.parquet")
    small_limits("s1.parquet", MAX_ROWS=4999)
    with pytest.raises(InputError, match="5000 rows, at most 4999 are read"):
        read_table(tmp_path / "t.parquet")
    small_limits("s1.parquet", MAX_ROWS=5000, MAX_TABLE=50)
    with pytest.raises(InputError, match="the most that is read"):
        read_table(tmp_path / "t.parquet")


def test_yaml_that_grows(tmp_path, proposals, call):
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 12)
    )
    settings = "energy: {weight: *a11}\n"
    out = ["--agents", "beam", "--out", tmp_path / "out"]
    for text in (laughs + settings, "[" * 100_000, "energy: !!python/object/apply:os.getcwd []"):
        (tmp_path / "r.yaml").write_text(text)
        outcome = call("evaluate", "--data", proposals, "--reward", tmp_path / "r.yaml", *out)
        assert outcome.is_one_line("evaluate", "r.yaml")
        assert len(outcome.err) < 6000
    (tmp_path / "r.yaml").write_text("energy: 1\n#" + "x" * (1 << 20))
    outcome = call("evaluate", "--data", proposals, "--reward", tmp_path / "r.yaml", *out)
    assert outcome.is_one_line("evaluate", "more than 1 MB")


def test_ids_have_an_end():
    check_id("x" * limits.MAX_ID)
    with pytest.raises(InputError, match="1001 characters, at most 1000"):
        check_id("x" * (limits.MAX_ID + 1))


def test_the_name_of_a_search_is_no_option_of_its_database(tmp_path):
    from sqlalchemy import make_url

    from boxfold.s1.database import sqlite_address

    for name in ("a?mode=ro&uri=true", "a%20b", "a#b", "../x", "é \x1b"):
        path = tmp_path / name / "study.sqlite3"
        url = make_url(sqlite_address(path))
        assert url.database == str(path) and not url.query
