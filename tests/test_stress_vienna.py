"""ViennaRNA survives what it is given, and says the same when it is asked without boxfold."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from boxfold.features.channels import canonical_mask
from boxfold.features.structure import dot_bracket
from boxfold.rewards.energy import EnergyModel, mfe
from boxfold.rewards.ensemble import pair_probabilities

STRESS = Path(__file__).parent / "stress"
PER_SEQUENCE = 10


@pytest.mark.parametrize("n", [1_500, pytest.param(50_000, marks=pytest.mark.stress)])
def test_no_call_kills_the_process(n, tmp_path, tally):
    tally("hostile calls of energies, folding and ensembles, in a process of their own", f"{n:,}")
    last = tmp_path / "last"
    command = [sys.executable, "-W", "error", STRESS / "fuzz_vienna.py", str(n), "1", last]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{last.read_text()}\n{done.stderr[-3000:]}"
    counts = re.findall(r": (\d+) answered, (\d+) refused", done.stdout)
    assert len(counts) == 16 and sum(int(count) for line in counts for count in line) == n
    assert all(int(good) and int(bad) for good, bad in counts) or n < 10_000


def random_structure(seq, rng):
    """Pairs that may be in one structure, in the order in which they were drawn."""
    can_pair = canonical_mask(seq)
    kept = []
    for i, j in rng.permutation(np.argwhere(can_pair))[:300].tolist():
        run = [(i + k, j - k) for k in range(rng.integers(1, 7))]
        run = [pair for pair in run if pair[1] - pair[0] > 3 and can_pair[pair]]
        if all(fits(pair, kept) for pair in run):
            kept += run
    return np.array(kept, dtype=np.int64).reshape(-1, 2)


def fits(pair, kept):
    """Is a pair nested with, or beside, all others, and are its bases free?"""
    i, j = pair
    inside = [(i < k < j) + (i < l < j) for k, l in kept]  # noqa: E741
    return 1 not in inside and not {i, j} & {end for other in kept for end in other}


def questions(n, rng):
    """Sequences, some with N, each with random structures of it."""
    found = []
    for _ in range(n):
        letters, weights = list("ACGUN"), [0.25, 0.25, 0.25, 0.22, 0.03]
        share = weights if rng.random() < 0.3 else [0.2, 0.3, 0.3, 0.2, 0.0]
        seq = "".join(rng.choice(letters, rng.integers(15, 91), p=share))
        found.append((seq, [random_structure(seq, rng) for _ in range(PER_SEQUENCE)]))
    return found


@pytest.mark.parametrize("n", [60, pytest.param(2_000, marks=pytest.mark.stress)])
def test_energies_are_those_of_viennarna_itself(n, tmp_path, tally):
    asked = questions(n, np.random.default_rng(n))
    texts = [(seq, [dot_bracket(p, len(seq)) for p in structures]) for seq, structures in asked]
    (tmp_path / "in").write_text("".join(json.dumps(line) + "\n" for line in texts))
    command = [sys.executable, STRESS / "vienna_reference.py", tmp_path / "in", tmp_path / "out"]
    subprocess.run(command, check=True)
    answers = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    for (seq, structures), answer in zip(asked, answers, strict=True):
        model = EnergyModel(seq)
        ours = [model.free_energy(pairs) for pairs in structures]
        np.testing.assert_allclose(ours, answer["energies"], atol=0.005)
        assert mfe(seq).free_energy == pytest.approx(answer["mfe"], abs=0.005)
        expected = np.zeros((len(seq), len(seq)))
        for i, j, probability in answer["pairs"]:
            expected[i, j] = probability
        np.testing.assert_allclose(pair_probabilities(seq), expected, atol=2e-4)
    tally("energies of random structures, against ViennaRNA on its own", f"{n * PER_SEQUENCE:,}")
    tally("minimum free energies and pair probabilities, likewise", f"{n:,} sequences")


@pytest.mark.stress
def test_energies_are_those_of_rnaeval(tally):
    program = shutil.which("RNAeval")
    if program is None:
        pytest.skip("the program RNAeval is not installed")
    for seq, structures in questions(200, np.random.default_rng(1)):
        lines = [f"{seq}\n{dot_bracket(pairs, len(seq))}" for pairs in structures]
        done = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True)
        energies = [
            float(found) for found in re.findall(r"\(\s*(-?\d+\.\d+)\)$", done.stdout, re.M)
        ]
        model = EnergyModel(seq)
        np.testing.assert_allclose([model.free_energy(p) for p in structures], energies, atol=0.005)
    tally("energies of random structures, against the program RNAeval", "2,000")
