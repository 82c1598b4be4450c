"""The pictures of the README: the RNA is what the table says, every pair has its arc."""

import importlib.util
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Arc

from boxfold.agents.pictures.style import SURE
from boxfold.agents.recording import Recording
from boxfold.features.fasta import FastaRecord
from boxfold.features.knots import is_knotted
from boxfold.features.pair_confidence import Confidence
from boxfold.features.structure import base_pairs_from_dot_bracket

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("BOXFOLD_DATA", ROOT.parent / "shared/data"))
SEQ, KNOT, NESTED = "GGGAACCCAACCCAAGGG", "(((..[[[..)))..]]]", "(((.......)))....."


@pytest.fixture(scope="module")
def figures():
    spec = importlib.util.spec_from_file_location("docs_figures", ROOT / "docs/figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_riboswitch_is_a_known_rna_with_a_knot(figures):
    known = figures.known_rnas()
    assert not known.isna().any(axis=None) and known.index.is_unique
    row = known.loc["ztp_riboswitch"]
    pairs = base_pairs_from_dot_bracket(row["dot_bracket"])
    assert is_knotted(pairs, both=True)
    letters = {frozenset(row["sequence"][k] for k in pair) for pair in pairs}
    assert letters <= {frozenset("GC"), frozenset("AU"), frozenset("GU")}


@pytest.mark.skipif(not DATA.is_dir(), reason="set BOXFOLD_DATA to the folder of the tables")
def test_the_riboswitch_equals_the_table(figures):
    row = figures.RIBOSWITCH
    table = pd.read_csv(DATA / f"{row['table']}.csv.gz").set_index("id")
    known = table.loc[row["record"]]
    assert known["sequence"] == row["sequence"]
    assert known["dot_bracket_canonical"] == row["dot_bracket"]


def drawn(figures, predicted, reference):
    """The arcs of a figure, as drawn, and its texts."""
    predicted, reference = map(base_pairs_from_dot_bracket, (predicted, reference))
    sure = np.linspace(0, 1, len(predicted))
    found = Recording("x", SEQ, predicted, -1.0, confidence=Confidence(sure, 0.5))
    chain = SimpleNamespace(record=lambda records, on_error: iter([found]))
    figure = figures.arc_figure(chain, FastaRecord("x", "source", SEQ, 0), reference, "name")
    arcs = [each for each in figure.axes[0].patches if isinstance(each, Arc)]
    return arcs, [each.get_text() for each in figure.axes[0].texts]


def test_a_pair_of_one_side_is_dashed(figures):
    arcs, texts = drawn(figures, NESTED, KNOT)
    assert [arc.theta1 for arc in arcs] == [0] * 3 + [180] * 6
    assert [arc.get_linestyle() == "-" for arc in arcs] == [True] * 6 + [False] * 3
    assert "".join(texts[:18]) == SEQ and "the stem that knots" not in texts


def test_colours_follow_the_confidence_and_the_knot_is_named(figures):
    arcs, texts = drawn(figures, KNOT, KNOT)
    assert [arc.get_edgecolor() for arc in arcs[:6]] == [
        SURE(each) for each in np.linspace(0, 1, 6)
    ]
    assert "the stem that knots" in texts and "known, source (dashed: missed)" in texts


def test_no_pair_at_all_can_be_drawn(figures):
    arcs, _ = drawn(figures, "." * 18, "." * 18)
    assert arcs == []


@pytest.mark.parametrize("flags", [[], ["--grid"]])
def test_the_command_writes_a_small_picture(figures, flags, untrained_s1, tmp_path, monkeypatch):
    out = tmp_path / "x.png"
    flags = [*flags, "--s1", str(untrained_s1), "--agent", "best-score", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["figures.py", *flags])
    figures.main()
    assert out.read_bytes().startswith(b"\x89PNG") and out.stat().st_size < 150_000
