"""Each reward that ships, against values worked out by hand."""

import gzip

import numpy as np
import pytest

from boxfold.envs.instance import instance_from_sequence
from boxfold.features.errors import InputError
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.combination import Combination
from boxfold.rewards.energy import EnergyModel, mfe
from boxfold.rewards.energy_settings import EnergySettings
from boxfold.rewards.ensemble import pair_probabilities
from boxfold.rewards.plugin import RewardError, Structure
from boxfold.rewards.probing_reward import auroc
from boxfold.rewards.terms import RewardTerm

SEQ, TEXT = "GGGGAAAACCCCAGGGGAAAACCCC", "((((....)))).((((....))))"
KNOT = "GGGGGGAAAAGCGCGCAAAACCCCCCAAAAGCGCGC"
PAIRS = base_pairs_from_dot_bracket(TEXT)
NONE = np.zeros((0, 2), dtype=np.int64)


@pytest.fixture
def rna():
    return instance_from_sequence(SEQ, 8, "rna", TEXT)


def total(instance, base_pairs, name, picks=None, **settings):
    combined = Combination((RewardTerm(name, 1.0, tuple(settings.items())),))
    return combined.total(instance, Structure(base_pairs, picks))


def test_energy_is_divided_by_the_optimum_over_the_boxes(rna):
    assert rna.scale == -rna.optimum.energy > 5
    best = rna.base_pairs(rna.optimum.picks)
    assert total(rna, best, "energy") == pytest.approx(1)
    half = total(rna, PAIRS[:4], "energy")
    assert half == pytest.approx(-rna.model.free_energy(PAIRS[:4]) / rna.scale) and 0 < half < 1
    assert total(rna, NONE, "energy") == 0
    lone = np.array([[0, 24]])
    assert rna.model.free_energy(lone) > 1
    assert total(rna, lone, "energy", max_energy=1.0) == pytest.approx(-1 / rna.scale)


@pytest.mark.parametrize("settings", [{"temperature": 20.0}, {"parameters": "andronescu2007"}])
def test_energy_under_other_settings(rna, settings):
    conditions = EnergySettings(**settings)
    expected = EnergyModel(SEQ, conditions).free_energy(PAIRS) / mfe(SEQ, conditions).free_energy
    assert total(rna, PAIRS, "energy", **settings) == pytest.approx(expected)
    assert total(rna, PAIRS, "energy") == pytest.approx(-rna.model.free_energy(PAIRS) / rna.scale)


def test_energy_of_a_knot_is_that_of_the_instance():
    rna = instance_from_sequence(KNOT, 24)
    first, second = np.argwhere(rna.crossing & ~rna.conflict("allow"))[0].tolist()
    pairs = rna.base_pairs([first, second])
    expected = -min(rna.energy([first, second]), 10) / rna.scale
    assert total(rna, pairs, "energy") == pytest.approx(expected)


def test_evidence_is_the_mean_log_odds_of_the_picks(rna):
    scores = rna.score[[0, 1]].astype(float)
    odds = np.log(scores / (1 - scores)) - np.log(1 / 9)
    expected = np.clip(odds / 4, -1, 1).mean()
    pairs = rna.base_pairs([0])
    assert total(rna, pairs, "s1", picks=(0, 1)) == pytest.approx(expected)
    assert total(rna, NONE, "s1", picks=()) == total(rna, NONE, "s1") == 0
    # without picks: every box that the structure contains
    assert total(rna, pairs, "s1") == pytest.approx(np.clip(odds[0] / 4, -1, 1))


def test_shape_is_the_auroc_of_unpaired_against_paired(rna):
    with pytest.raises(RewardError, match="reward 'shape' failed on 'rna': no reactivities"):
        total(rna, PAIRS, "shape")
    values = np.full(25, np.nan, dtype=np.float32)
    values[[0, 1, 5, 6]] = 0.1, 0.4, 0.4, 0.9  # of two paired and two unpaired bases
    rna.reactivity = values
    assert total(rna, PAIRS, "shape") == (1 + 0.5 + 1 + 1) / 4
    assert total(rna, NONE, "shape") == 0.5
    values[:] = np.nan
    assert total(rna, PAIRS, "shape") == 0.5


def test_auroc_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    for _ in range(20):
        values, positive = rng.integers(0, 8, 50) / 8, rng.random(50) < 0.4
        assert auroc(values, positive) == pytest.approx(roc_auc_score(positive, values))


def test_f1_needs_a_reference(rna):
    assert total(rna, PAIRS, "f1") == 1
    assert total(rna, PAIRS[:4], "f1") == pytest.approx(2 / 3)
    assert Combination((RewardTerm("f1"), RewardTerm("s1"))).training_only == ("f1",)
    rna.reference = None
    with pytest.raises(RewardError, match="reward 'f1' failed on 'rna': no reference"):
        total(rna, PAIRS, "f1")


def test_similarity_reads_a_file_or_a_column(rna, tmp_path):
    table, lines = tmp_path / "known.csv.gz", tmp_path / "known.dbn"
    table.write_bytes(gzip.compress(f"id,dot_bracket\nrna,{TEXT}\nother,...\n".encode()))
    lines.write_text(f">rna\n{SEQ}\n{TEXT}\n")
    for path in (table, lines):
        assert total(rna, PAIRS[:4], "similarity", file=str(path)) == pytest.approx(2 / 3)
    rna.texts = {"homologue": "((((....))))." + 12 * "."}
    assert total(rna, PAIRS[:4], "similarity", column="homologue") == 1
    with pytest.raises(RewardError, match="no structure in column known"):
        total(rna, PAIRS, "similarity", column="known")
    rna.id = "third"
    with pytest.raises(RewardError, match=r"failed on 'third': no structure in .*known\.csv\.gz"):
        total(rna, PAIRS, "similarity", file=str(table))
    table.write_text("name,dot_bracket\n")
    with pytest.raises(InputError, match="columns id and dot_bracket are needed"):
        Combination((RewardTerm("similarity", 1.0, (("file", str(table)),)),))


def test_self_consistency_is_the_mean_probability_of_what_becomes_of_each_base(rna):
    paired = pair_probabilities(SEQ).astype(float)
    alone = 1 - paired.sum(axis=0) - paired.sum(axis=1)
    assert total(rna, NONE, "self_consistency") == pytest.approx(alone.mean(), abs=1e-6)
    expected = (
        2 * paired[PAIRS[:, 0], PAIRS[:, 1]].sum() + alone[[4, 5, 6, 7, 12, 17, 18, 19, 20]].sum()
    )
    found = total(rna, PAIRS, "self_consistency")
    assert found == pytest.approx(expected / 25, abs=1e-6) and 0.9 < found <= 1
    other = total(rna, PAIRS, "self_consistency", parameters="turner1999")
    assert other != found
