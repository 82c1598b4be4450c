"""Other temperatures and parameters, and that they leave everything else alone."""

import pickle

import numpy as np
import pytest
import RNA

from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.energy import EnergyModel, mfe
from boxfold.rewards.energy_settings import EnergySettings
from boxfold.rewards.ensemble import pair_probabilities
from boxfold.rewards.probing import probed_mfe, probed_pair_probabilities

SEQ = "GGGAUAUCGCGAUUUAGCGGCAAUUUAGGCGAUAUUAGGCCAAUU"
TEXT = "......((((......)))).......(((........)))...."
PAIRS = base_pairs_from_dot_bracket(TEXT)
OTHER = [
    EnergySettings(parameters="turner1999"),
    EnergySettings(parameters="andronescu2007"),
    EnergySettings(temperature=20.0),
    EnergySettings(60.0, "turner1999"),
]


def reference(settings):
    """ViennaRNA's own evaluation under these settings."""
    load = {
        "turner2004": RNA.params_load_RNA_Turner2004,
        "turner1999": RNA.params_load_RNA_Turner1999,
        "andronescu2007": RNA.params_load_RNA_Andronescu2007,
    }
    load[settings.parameters]()
    compound = RNA.fold_compound(SEQ, RNA.md(temperature=settings.temperature))
    found = compound.eval_structure(TEXT), compound.mfe()
    RNA.params_load_RNA_Turner2004()
    return found


def everything(seq=SEQ):
    """All that could notice a changed parameter, of models made anew."""
    model = EnergyModel(seq)
    loops = (
        model.hairpins,
        model.multi_branches,
        model.exterior_branches,
        model.multiloop_closings,
    )
    numbers = [
        model.free_energy(PAIRS),
        mfe(seq).free_energy,
        *model.interiors(PAIRS[:1], PAIRS[1:2]),
    ]
    return [
        *numbers,
        *np.concatenate([of(PAIRS) for of in loops]),
        *pair_probabilities(seq).ravel(),
    ]


@pytest.mark.parametrize("settings", OTHER)
def test_energies_are_vienna_rnas_own(settings):
    energy, (text, lowest) = reference(settings)
    assert EnergyModel(SEQ, settings).free_energy(PAIRS) == pytest.approx(energy, abs=0.006)
    folded = mfe(SEQ, settings)
    assert folded.free_energy == pytest.approx(lowest, abs=0.006)
    assert folded.base_pairs.tolist() == base_pairs_from_dot_bracket(text).tolist()


def test_settings_make_a_difference_that_is_known():
    assert EnergyModel(SEQ).free_energy(PAIRS) == -9.4
    assert EnergyModel(SEQ, OTHER[0]).free_energy(PAIRS) == -9.0
    assert EnergyModel(SEQ, OTHER[2]).free_energy(PAIRS) < -14


@pytest.mark.parametrize("settings", OTHER)
def test_no_other_energy_changes(settings):
    before = everything()
    other = EnergyModel(SEQ, settings)
    first = other.free_energy(PAIRS), other.multi_branches(PAIRS).tolist()
    assert everything() == before
    assert everything("A" + SEQ[1:]) != before  # it would notice
    # nor does what has other settings change when the default is used in between
    assert (other.free_energy(PAIRS), other.multi_branches(PAIRS).tolist()) == first


def test_loops_of_other_settings_add_up_to_its_energy():
    model = EnergyModel(SEQ, OTHER[1])
    hairpin = PAIRS[:4]
    parts = model.interiors(hairpin[:-1], hairpin[1:]).sum() + model.hairpins(hairpin[-1:])[0]
    total = parts + model.exterior_branches(hairpin[:1])[0]
    assert total == pytest.approx(model.free_energy(hairpin), abs=1e-9)


def test_models_with_settings_are_pickled():
    model = EnergyModel(SEQ, OTHER[3])
    copy = pickle.loads(pickle.dumps(model))
    assert copy.settings == OTHER[3] and copy.free_energy(PAIRS) == model.free_energy(PAIRS)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"temperature": -1.0}, "temperature is -1"), ({"parameters": "x"}, "turner2004, turner1999")],
)
def test_settings_out_of_range_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        EnergySettings(**values)


def test_pseudo_energies_are_those_of_deigan():
    seq, pairs = "GGGGAAAACCCC", [[0, 11], [1, 10], [2, 9], [3, 8]]
    flat = np.full(12, 0.5, dtype=np.float32)
    folded = probed_mfe(seq, flat)
    assert folded.base_pairs.tolist() == pairs
    # three stacks of two pairs: each of their 12 bases gets slope * ln(1.5) + intercept
    bonus = 12 * (1.8 * np.log(1.5) - 0.6)
    assert folded.free_energy == pytest.approx(-5.4 + bonus, abs=0.06)
    flat[:] = 20  # reactive throughout: nothing pairs
    assert len(probed_mfe(seq, flat).base_pairs) == 0
    flat[:] = np.nan
    assert probed_mfe(seq, flat).free_energy == mfe(seq).free_energy
    with pytest.raises(ValueError, match="3 reactivities, the sequence has 12"):
        probed_mfe(seq, flat[:3])


def test_probed_probabilities_follow_the_profile():
    seq = "GGGGAAAACCCCAAGGGGAAAACCCC"
    unknown = np.full(len(seq), np.nan, dtype=np.float32)
    plain = pair_probabilities(seq)
    assert probed_pair_probabilities(seq, unknown) == pytest.approx(plain, abs=1e-5)
    reacting = unknown.copy()
    reacting[:4] = 3.0  # the first stem can't be paired
    probed = probed_pair_probabilities(seq, reacting)
    assert probed[:4].sum() < 0.6 < 2 < plain[:4].sum()
    assert probed[14:18, 22:].sum() > 3.3
