"""Do other programs read from our files the structures that we wrote into them?

Usage: python benchmarks/other_readers.py PREDICTIONS.json [--fornac fornac.js] [--python PYTHON]

Each program that is here reads each format that it knows, and the pairs that it found are compared
with those of the JSON file of `boxfold predict`. What is missing is named and left out.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from boxfold.features.record_tables import from_json
from boxfold.features.structure import crossing_pairs, pages
from boxfold.features.structure_record import StructureRecord
from boxfold.scripts.layouts import LAYOUTS

Pairs = list[list[int]]
Reading = Callable[[str, StructureRecord], bool]
"""Text of one record, and the record: does the program read it as it is?"""

VARNA = Path("/usr/share/java/varna.jar")  # of Debian's package varna
EASEL = Path("/usr/lib/x86_64-linux-gnu/infernal/examples/easel/miniapps/esl-reformat")

_VIENNA = """
import json, sys, RNA
path, kind = sys.argv[1:]
if kind == "stockholm":
    _, _, rows, _, wuss = RNA.file_msa_read(path, RNA.FILE_FORMAT_MSA_STOCKHOLM)
    seq, structure = rows[0], RNA.db_from_WUSS(wuss)
else:
    seq, structure = [line.split()[0] for line in open(path).read().splitlines()[1:3]]
table = RNA.ptable(structure, RNA.BRACKETS_ANY)
pairs = [[i - 1, table[i] - 1] for i in range(1, len(table)) if table[i] > i]
energy = RNA.eval_structure_simple(seq, structure)
kept = True
if set(structure) <= set("()."):
    compound = RNA.fold_compound(seq)
    compound.hc_add_from_db(structure, RNA.CONSTRAINT_DB_DEFAULT | RNA.CONSTRAINT_DB_ENFORCE_BP)
    folded = RNA.ptable(compound.mfe()[0])
    kept = all(folded[i + 1] == j + 1 for i, j in pairs)
print(json.dumps([seq, sorted(pairs), round(energy, 2), kept]))
"""
_BIOPYTHON = """
import sys
from Bio import AlignIO
row = AlignIO.read(sys.argv[1], "stockholm")
print(row[0].seq, row[0].letter_annotations["secondary_structure"],
      row.column_annotations["secondary_structure"])
"""
_FORNA = """([seq, structure]) => {
  const view = new fornac.FornaContainer("#rna", {animation: false});
  view.addRNA(structure, {sequence: seq});
  const rna = Object.values(view.rnas)[0];
  const nested = rna.pairtable.map((j, i) => [i - 1, j - 1]).filter(([i, j]) => i >= 0 && j > i);
  const knots = rna.pseudoknotPairs.map((pair) => pair.map((x) => x - 1).sort((a, b) => a - b));
  return [...nested, ...knots];
}"""


def readers(fornac: str | None, python: str | None) -> Iterator[tuple[str, str, Reading | None]]:
    """Program, format, and what reads it; None if the program is missing."""
    for kind in ("dbn", "edbn", "stockholm"):
        yield "ViennaRNA (Python)", kind, lambda text, record, kind=kind: vienna(text, record, kind)
    has_varna = VARNA.exists() and shutil.which("java")
    for kind in ("dbn", "edbn", "ct", "bpseq", "stockholm"):
        yield "VARNA", kind, varna if has_varna else None
    yield "forna", "edbn", forna(fornac) if fornac else None
    yield "Infernal cmbuild", "stockholm", cmbuild if shutil.which("cmbuild") else None
    yield "Easel esl-reformat", "stockholm", easel if EASEL.exists() else None
    yield "Biopython", "stockholm", biopython(python) if python else None


def vienna(text: str, record: StructureRecord, kind: str) -> bool:
    """In a process of its own: pairs as read, energy as by RNAeval, kept as by RNAfold -C.

    Energy and constraint are for structures without knots; from WUSS it takes no knots at all.
    """
    seq, pairs, energy, is_kept = json.loads(_output([sys.executable, "-c", _VIENNA], text, kind))
    is_nested = not crossing_pairs(record.base_pairs).any()
    is_known = is_nested and record.free_energy is not None
    same_energy = energy == round(record.free_energy or 0.0, 2) or not is_known
    is_read = (pages(record.base_pairs) == 0) | (kind != "stockholm")
    expected = record.base_pairs[is_read]
    return (seq, pairs) == (record.seq, expected.tolist()) and same_energy and is_kept


def varna(text: str, record: StructureRecord) -> bool:
    """Through the session file that it writes."""
    program = ["java", "-Djava.awt.headless=true", "-cp", str(VARNA)]
    program += ["fr.orsay.lri.varna.applications.VARNAcmd", "-i"]
    with tempfile.TemporaryDirectory() as folder:
        session = Path(folder) / "session.varna"
        _output(program, text, "-o", str(session))
        content = session.read_text(encoding="latin-1")
    seq = "".join(re.findall(r"<base><!\[CDATA\[(.)\]\]></base>", content))
    ends = re.findall(r'<bp part5="(\d+)" part3="(\d+)"', content)
    pairs = sorted(sorted(map(int, pair)) for pair in ends)
    return seq == record.seq and pairs == record.base_pairs.tolist()


def forna(script: str) -> Reading:
    """The drawing library of forna, in the Chromium of the system."""
    from playwright.sync_api import sync_playwright

    def read(text: str, record: StructureRecord) -> bool:
        _, seq, structure = text.splitlines()
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            page.set_content('<div id="rna" style="width: 600px; height: 600px"></div>')
            page.add_script_tag(path=script)
            pairs = page.evaluate(_FORNA, [seq, structure])
            browser.close()
        return sorted(pairs) == record.base_pairs.tolist()

    return read


def cmbuild(text: str, record: StructureRecord) -> bool:
    """Columns and nested pairs of the model that it builds."""
    with tempfile.TemporaryDirectory() as folder:
        printed = _output(["cmbuild", str(Path(folder) / "model.cm")], text)
    _, _, _, _, columns, _, n_pairs, *_ = next(
        line.split() for line in printed.splitlines() if line.split()[0] == "1"
    )
    n_nested = int((pages(record.base_pairs) == 0).sum())
    return (int(columns), int(n_pairs)) == (len(record.seq), n_nested)


def easel(text: str, record: StructureRecord) -> bool:
    """What it writes again has the same rows."""
    rows = [line.split()[-1] for line in _output([str(EASEL), "pfam"], text).splitlines() if line]
    return rows[-4:] == [line.split()[-1] for line in text.splitlines()[-4:]]


def biopython(python: str) -> Reading:
    """In another interpreter, which has it."""

    def read(text: str, record: StructureRecord) -> bool:
        seq, own, consensus = _output([python, "-c", _BIOPYTHON], text).split()
        return (seq, own) == (record.seq, consensus) and own in text

    return read


def _output(program: list[str], text: str, *flags: str) -> str:
    """What a program prints when it is given a file with a text, then more flags."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record"
        path.write_text(text)
        done = subprocess.run([*program, str(path), *flags], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{program[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout


def main() -> int:
    """Print a row for each program and format."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("predictions")
    parser.add_argument("--fornac", help="fornac.js of the npm package fornac")
    parser.add_argument("--python", help="an interpreter with Biopython")
    args = parser.parse_args()
    records = from_json(Path(args.predictions).read_text())
    print("| program | format | records | read as written |\n|---|---|---|---|")
    for program, kind, read in readers(args.fornac, args.python):
        if read is None:
            print(f"| {program} | {kind} | not here | |")
            continue
        same = sum(read(LAYOUTS[kind].item(record), record) for record in records)
        print(f"| {program} | {kind} | {len(records)} | {same} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
