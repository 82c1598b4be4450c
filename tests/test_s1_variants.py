"""Variants of known structures: what stays, what changes, and how many there are."""

import numpy as np
import pytest

from boxfold.features.cleaning import canonical_pairs
from boxfold.features.knots import is_knotted
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket
from boxfold.rewards.energy import mfe
from boxfold.s1.known_config import KnownConfig
from boxfold.s1.tables import read_dataset
from boxfold.s1.variants import flanked_variant, mutated_variant, shuffled_variant
from boxfold.scripts import cli

SEQ, KNOT = "GGGGAACCCAACCCCAAAGGGAA", "((((..[[[..))))...]]].."


@pytest.mark.parametrize("seed", range(20))
def test_a_mutated_one_can_build_the_same_structure(seed):
    seq, text = mutated_variant(SEQ, KNOT, np.random.default_rng(seed))
    pairs = base_pairs_from_dot_bracket(text)
    assert text == KNOT and len(canonical_pairs(seq, pairs)) == len(pairs)
    unpaired = [index for index, letter in enumerate(text) if letter == "."]
    assert {seq[index] for index in unpaired} == {"A"}  # as all of them were


def test_mutations_happen():
    rng = np.random.default_rng(0)
    assert len({mutated_variant(SEQ, KNOT, rng)[0] for _ in range(20)}) > 5


def test_flanks_shift_the_structure():
    seq, text = flanked_variant(SEQ, KNOT, np.random.default_rng(1))
    before = text.index("(")
    assert 5 <= before <= 30 and 5 <= len(seq) - before - len(SEQ) <= 32
    assert text.strip(".") == KNOT.strip(".") and len(seq) == len(text)


def test_a_shuffled_one_has_its_own_minimum_and_no_knot():
    seq, text = shuffled_variant(SEQ, KNOT, np.random.default_rng(2))
    assert sorted(seq) == sorted(SEQ) and text == dot_bracket(mfe(seq).base_pairs, len(seq))
    assert not is_knotted(base_pairs_from_dot_bracket(text))


def test_how_many_and_from_what(tmp_path):
    lines = [f"r{n},{SEQ[: len(SEQ) - n]},{KNOT[: len(KNOT) - n]}" for n in range(3)]
    lines += ["v,GGGGGAAAACCCCC,(((((....)))))"]
    table = tmp_path / "known.csv"
    splits = ["train"] * 3 + ["validation"]
    rows = [f"{line},{split}" for line, split in zip(lines, splits, strict=True)]
    table.write_text("id,sequence,dot_bracket,split\n" + "\n".join(rows) + "\n")
    out = tmp_path / "out.parquet"
    words = ["dataset-known", "--train", str(table), "--without", "split=validation"]
    words += ["--variants", "mutated=2", "shuffled=0.5", "--sample", "2", "--seed", "3"]
    assert cli.main([*words, "--out", str(out)]) == 0
    found = read_dataset(out)
    assert len(found) == 2 + 4 + 1
    kinds = found["id"].str.partition("~")[2].tolist()
    assert kinds == ["", "", "mutated1", "mutated2", "mutated1", "mutated2", "shuffled1"]
    assert cli.main([*words, "--out", str(tmp_path / "again.parquet")]) == 0
    assert (tmp_path / "again.parquet").read_bytes() == out.read_bytes()
    only = tmp_path / "only.parquet"
    assert cli.main([*words, "--variants-only", "--out", str(only)]) == 0
    assert read_dataset(only)["id"].tolist() == found["id"].tolist()[2:]


@pytest.mark.parametrize("text", ["mutated", "mutated=0", "mutated=x", "other=1", "mutated=101"])
def test_bad_variants_are_refused(text):
    with pytest.raises(ValueError, match="variants"):
        KnownConfig(("x.csv",), variants=(text,))
