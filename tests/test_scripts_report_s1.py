import pandas as pd
import pytest

from boxfold.s1.inspection.reports import MAKERS
from boxfold.scripts.markdown import markdown_table
from boxfold.scripts.report_s1 import WHATS

ONE_PASS = ("recall", "complete", "missed", "votes", "methods", "filter", "numbers", "calibration")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


def test_every_report_has_a_maker():
    assert list(WHATS) == list(MAKERS)


def test_all_reports_of_one_pass(call, windows, untrained_s1, folder):
    flags = ("--data", windows, "--tune-data", windows, "--tune-split", "train")
    outcome = call(
        "report-s1", *ONE_PASS, *flags, "--count", 6, "--s1", untrained_s1, "--out", folder
    )
    assert outcome.code == 0, outcome.err
    for what in ONE_PASS:
        assert (folder / f"{what}.png").read_bytes().startswith(b"\x89PNG")
        assert len(pd.read_csv(folder / f"{what}.csv")) > 0
        assert f"## {what}: {WHATS[what]}, 6 sequences\n\n| " in outcome.out
    complete = pd.read_csv(folder / "complete.csv").set_index(["setting", "measured_on"])
    assert complete.loc[("ends, tuned", "tune"), "boxes"] <= 64
    recall = pd.read_csv(folder / "recall.csv")
    exact = recall[(recall["method"] == "ensemble") & (recall["budget"] == 3)]
    assert exact["recall"].min() > 0.9


def test_same_flags_same_bytes(call, windows, untrained_s1, tmp_path):
    for name in ("a", "b"):
        flags = ("--data", windows, "--count", 4, "--s1", untrained_s1, "--out", tmp_path / name)
        assert call("report-s1", "methods", "missed", *flags).code == 0
    for name in ("methods.csv", "methods.png", "missed.csv", "missed.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_receptive_measures_in_a_process_of_its_own(call, windows, untrained_s1, tmp_path):
    flags = ("--data", windows, "--count", 3, "--cost-lengths", 20, "--s1", untrained_s1)
    outcome = call("report-s1", "receptive", *flags, "--out", tmp_path)
    assert outcome.code == 0, outcome.err
    table = pd.read_csv(tmp_path / "receptive.csv")
    assert table[table["part"] == "cost"]["length"].tolist() == [20]
    assert (table[table["part"] == "cost"]["seconds"] > 0).all()


def test_sequences_with_hairpins_only(call, untrained_s1, tmp_path):
    source = tmp_path / "d.csv"
    source.write_text("id,sequence,dot_bracket\none,GGGGAAAACCCC,((((....))))\ntwo,AAAA,\n")
    whats = [what for what in ONE_PASS if what != "complete"]
    outcome = call("report-s1", *whats, "--data", source, "--s1", untrained_s1, "--out", tmp_path)
    assert outcome.code == 0, outcome.err
    assert "1 sequences without dot_bracket, left out" in outcome.err
    missed = pd.read_csv(tmp_path / "missed.csv")
    assert set(missed["kind"]) == {"stem", "hairpin"}


def test_bad_input_is_one_line(call, windows, untrained_s1, tmp_path):
    common = ("--data", windows, "--s1", untrained_s1, "--out", tmp_path)
    assert call("report-s1", "complete", *common).is_one_line("report-s1", "--tune-data")
    assert call("report-s1", "recal", *common).is_one_line("report-s1", "invalid choice: 'recal'")
    source = tmp_path / "d.csv"
    source.write_text("id,sequence,dot_bracket\none,AAAAAAAA,........\n")
    flags = ("--data", source, "--s1", untrained_s1, "--out", tmp_path)
    outcome = call("report-s1", "recall", *flags)
    assert outcome.is_one_line("report-s1", "d.csv: no sequence has a dot_bracket with base pairs")
    split = ("--tune-data", source, "--tune-split", "validation")
    outcome = call("report-s1", "complete", *common, *split)
    assert outcome.is_one_line("report-s1", "no sequence of split validation has a dot_bracket")
    (tmp_path / "recall.csv").touch()
    assert call("report-s1", "recall", *common).is_one_line("report-s1", "exists already")


def test_markdown_of_mixed_columns():
    frame = pd.DataFrame({"a": ["x", None], "n": [3, 40], "share": [0.25, float("nan")]})
    assert markdown_table(frame, digits=2).splitlines() == [
        "| a | n | share |",
        "|---|---|---|",
        "| x | 3 | 0.25 |",
        "| - | 40 | - |",
    ]
