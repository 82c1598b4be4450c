"""Verb ``dataset-known``: what is cleaned, what is left out, and that every number is told."""

import pytest

from boxfold.s1.known_config import KnownConfig
from boxfold.s1.tables import read_dataset
from boxfold.scripts import cli

HEADER = "id,family,sequence,dot_bracket\n"
HAIRPIN = "GGGGGAAAACCCCC"
KNOT = "GGGGAACCCAACCCCAAAGGGAA"


def table(path, *lines):
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return str(path)


def test_pairs_are_cleaned_crossing_ones_stay_and_counts_are_told(tmp_path, capsys):
    train = table(
        tmp_path / "train.csv",
        "non_canonical,x,GGAGGAAAACCACC,(((((....)))))",  # A-A in the middle
        "short_hairpin,x,GGGGAACCCC,((((..))))",
        f"knot,x,{KNOT},((((..[[[..))))...]]]..",
        "no_pair,y,AAAAAAAAAA,..........",
        "unknown,y,GGNGGAAAACCNCC,(((((....)))))",
        "no_structure,y,GGGGGGAAAACCCC,",
        f"twin,z,{KNOT},((((.......))))........",
    )
    held_out = table(tmp_path / "valid.csv", f"v,z,{HAIRPIN},(((((....)))))")
    out = tmp_path / "known.parquet"
    assert (
        cli.main(["dataset-known", "--train", train, "--validation", held_out, "--out", str(out)])
        == 0
    )
    rows = read_dataset(out)
    assert dict(zip(rows["id"], rows["dot_bracket"], strict=True)) == {
        "non_canonical": "((.((....)).))",
        "short_hairpin": "(((....)))".replace("(((....)))", "(((....)))"),
        "knot": "((((..[[[..))))...]]]..",
        "unknown": "((.((....)).))",
        "v": "(((((....)))))",
    }
    assert rows["split"].tolist() == ["train"] * 4 + ["validation"]
    assert rows["family"].tolist() == ["x", "x", "x", "y", "z"]
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "structures: before 8, after 8 (length)",
        "structures: before 8, after 7 (no sequence twice)",
        "structures: before 7, after 5 (pairs)",
        f"wrote {out}: 5 rows",
    ]


def test_what_is_much_like_a_reporting_set_is_left_out(tmp_path, capsys):
    pytest.importorskip("edlib")
    like = HAIRPIN.replace("AAAA", "AAUA")
    train = table(
        tmp_path / "train.csv",
        f"like,x,{like},(((((....)))))",
        f"other,y,{KNOT},{'.' * 6}[[[{'.' * 9}]]]..",
    )
    reporting = table(tmp_path / "report.csv", f"r,x,{HAIRPIN},(((((....)))))")
    out = tmp_path / "known.parquet"
    flags = ["--train", train, "--exclude", reporting, "--out", str(out), "--overwrite"]
    assert cli.main(["dataset-known", *flags]) == 0
    assert read_dataset(out)["id"].tolist() == ["other"]
    assert "before 2, after 1 (less than 0.8 identical to the excluded)" in capsys.readouterr().out
    assert cli.main(["dataset-known", *flags, "--identity", "0.95"]) == 0
    assert read_dataset(out)["id"].tolist() == ["like", "other"]


def test_families_can_be_held_out(tmp_path, capsys):
    train = table(
        tmp_path / "train.csv",
        f"a,tRNA,{HAIRPIN},(((((....)))))",
        f"b,knot,{KNOT},((((.......)))){'.' * 8}",
    )
    out = str(tmp_path / "known.parquet")
    flags = ["dataset-known", "--train", train, "--out", out]
    assert cli.main([*flags, "--without", "family=tRNA"]) == 0
    assert read_dataset(out)["id"].tolist() == ["b"]
    assert "before 2, after 1 (not family=tRNA)" in capsys.readouterr().out
    assert cli.main([*flags, "--overwrite", "--without", "clan=1"]) == 2
    assert "'clan=1': COLUMN=VALUE is needed, with a column of id" in capsys.readouterr().err
    assert cli.main([*flags, "--overwrite", "--without", "family=tRNA", "family=knot"]) == 2
    assert "no structure is left" in capsys.readouterr().err


def test_bad_rows_are_named_and_lose_no_others(tmp_path, capsys):
    train = table(tmp_path / "train.csv", f"a,x,{HAIRPIN},(((((....)))))", "b,x,GGGG,((((")
    out = str(tmp_path / "known.parquet")
    assert cli.main(["dataset-known", "--train", train, "--out", out]) == 1
    assert "row 3 ('b')" in capsys.readouterr().err
    assert read_dataset(out)["id"].tolist() == ["a"]


def test_identity_has_bounds():
    with pytest.raises(ValueError, match="allowed: above 0"):
        KnownConfig(train=("x",), identity=1.5)
