"""Programs that other people draw and align with, where they are installed."""

import os
import shutil
from pathlib import Path

import pytest

from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.features.structure_record import StructureRecord
from boxfold.scripts.layouts import LAYOUTS

NESTED = StructureRecord("flat", "GGGGAAAACCCC", base_pairs_from_dot_bracket("((((....))))"), -5.4)
KNOT = StructureRecord(
    "knot", "GGGCAAAGGGACCCAGCCCA", base_pairs_from_dot_bracket("(((....[[[.)))..]]]."), 1.0
)
FORNAC = os.environ.get("BOXFOLD_FORNAC")


@pytest.fixture
def readers(benchmarks):
    import other_readers

    return other_readers


def texts(kind):
    return [(LAYOUTS[kind].item(record), record) for record in (NESTED, KNOT)]


@pytest.mark.parametrize("kind", ["dbn", "edbn", "stockholm"])
def test_vienna_rna(kind, readers):
    for text, record in texts(kind):
        assert readers.vienna(text, record, kind)
    text, _ = texts(kind)[0]
    assert not readers.vienna(text, NESTED._replace(base_pairs=NESTED.base_pairs[1:]), kind)
    assert not readers.vienna(text, NESTED._replace(free_energy=-5.3), kind)


@pytest.mark.skipif(not Path("/usr/share/java/varna.jar").exists(), reason="varna is not installed")
def test_varna(readers):
    assert shutil.which("java")
    for kind in ("edbn", "ct", "stockholm"):
        assert readers.varna(*texts(kind)[1]), kind
    assert not readers.varna(*texts("dbn")[0])  # the energy behind it becomes a pair


@pytest.mark.skipif(not shutil.which("cmbuild"), reason="infernal is not installed")
def test_infernal_and_easel(readers):
    for text, record in texts("stockholm"):
        assert readers.cmbuild(text, record)
        assert readers.easel(text, record) or not readers.EASEL.exists()
    fewer = NESTED._replace(base_pairs=NESTED.base_pairs[1:])
    assert not readers.cmbuild(texts("stockholm")[0][0], fewer)


@pytest.mark.skipif(not FORNAC, reason="BOXFOLD_FORNAC names no fornac.js (npm package fornac)")
def test_forna(readers):
    read = readers.forna(FORNAC)
    assert all(read(*item) for item in texts("edbn"))
