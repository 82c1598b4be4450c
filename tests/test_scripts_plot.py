"""`boxfold plot`: files, names, what is refused."""

from pathlib import Path

import pytest

from boxfold.scripts.plot import paths_of

ONE = ">a\nGGGGAAAACCCC\n((((....))))\n"


@pytest.fixture
def known(tmp_path):
    path = tmp_path / "in" / "known.dbn"
    path.parent.mkdir()
    path.write_text(ONE)
    return path


def test_a_record_is_drawn_into_the_file(call, known, tmp_path):
    out = tmp_path / "a.svg"
    outcome = call("plot", known, "--what", "arcs", "--out", out)
    assert (outcome.code, outcome.out) == (0, f"wrote {out}\n")
    first = out.read_bytes()
    assert b"<svg" in first
    assert call("plot", known, "--what", "arcs", "--out", out).is_one_line("plot", "exists already")
    assert call("plot", known, "--what", "arcs", "--out", out, "--overwrite").code == 0
    assert out.read_bytes() == first


def test_an_episode_is_drawn_step_by_step(call, untrained_s1, tmp_path):
    fasta = tmp_path / "a.fa"
    fasta.write_text(">a\nGGGAAACCCAAGGGAAACCC\n")
    flags = ["--s1", untrained_s1, "--agent", "best-score", "--what", "steps", "--dpi", 50]
    outcome = call("plot", fasta, *flags, "--out", tmp_path / "a.png")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_hostile_ids_stay_in_the_folder(call, known, tmp_path):
    ids = ["../../escaped", "..", "/etc/passwd", "a\\b:c", "-rf", "a" * 300, "CON", "con"]
    known.write_text("".join(ONE.replace("a", id_, 1) for id_ in ids))
    out = tmp_path / "out" / "f.svg"
    assert call("plot", known, "--what", "arcs", "--out", out).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
    names = {path.name for path in out.parent.iterdir()}
    assert names == {
        *("f._.._escaped.svg", "f.record.svg", "f._etc_passwd.svg", "f.a_b_c.svg"),
        *("f.rf.svg", f"f.{'a' * 60}.svg", "f.CON.svg", "f.con-2.svg"),
    }


def test_names_are_different_whatever_ids_are():
    ids = ["a", "A", "a/", "a-2", "a-2", "a_"]
    names = [path.name for path in paths_of(ids, Path("f.png"))]
    assert names[0] == "f.a.png" and len({name.lower() for name in names}) == len(ids)


def test_what_can_not_be_drawn_is_named_and_the_rest_is(call, known, tmp_path):
    known.write_text(ONE + ">b\nGGGAAACC\n(((...)))\n" + ONE.replace("a", "c", 1))
    outcome = call("plot", known, "--out", tmp_path / "f.svg", "--what", "arcs")
    assert outcome.code == 1 and "9 brackets and dots for 8 bases" in outcome.err
    assert sorted(path.name for path in tmp_path.glob("f*")) == ["f.a.svg", "f.c.svg"]
    outcome = call("plot", known, "--id", "a", "--out", tmp_path / "s.svg", "--what", "steps")
    assert outcome.code == 1 and "record 'a': not made of picks" in outcome.err
    assert not (tmp_path / "s.svg").exists()


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--out", "a.bmp"], ["a.bmp", ".png, .svg, .pdf"]),
        (["--out", "a.png", "--what", "all"], ["--what", "structure"]),
        (["--out", "a.png", "--id", "z"], ["no record 'z'"]),
        (["--out", "a.png", "--max-length", "3"], ["no record to draw"]),
    ],
)
def test_bad_flags_are_one_line(call, known, tmp_path, monkeypatch, flags, parts):
    monkeypatch.chdir(tmp_path)
    outcome = call("plot", known, *flags)
    assert outcome.code == 2 and all(part in outcome.err for part in parts)
    assert outcome.err.splitlines()[-1].startswith("boxfold plot: error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
