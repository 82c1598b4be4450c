"""Features of meta-assembly by hand: which tools have a stem, what is around it."""

import numpy as np
import pytest

from boxfold.agents.thermo_features import (
    ENERGY_NAMES,
    energy_features,
    ensemble_features,
    ensemble_names,
)
from boxfold.agents.tool_features import tool_feature_names, tool_features
from boxfold.envs.instance import Instance
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.features.structure_votes import voted_proposals
from boxfold.rewards.ensemble import pair_probabilities

SEQ = "GGGGAAAACCCCAAGGGAAAACCC"
TEXTS = {"a": "((((....))))..(((....)))", "b": ".(((....)))...(((....)))"}
TOOLS = ["a", "b", "absent"]


@pytest.fixture
def structures():
    return {tool: base_pairs_from_dot_bracket(text) for tool, text in TEXTS.items()}


def instance_of(structures):
    return Instance("x", SEQ, voted_proposals(SEQ, list(structures.values())))


def columns(instance, structures):
    features = tool_features(instance, structures, TOOLS)
    names = tool_feature_names(TOOLS)
    assert features.shape == (instance.n_boxes, len(names))
    return dict(zip(names, features.T, strict=True))


def test_votes_by_hand(structures):
    instance = instance_of(structures)
    order = {tuple(box[1:4]): k for k, box in enumerate(instance.boxes.tolist())}
    long, short, right = order[0, 8, 4], order[1, 8, 3], order[14, 21, 3]
    found = columns(instance, structures)
    assert found["n_pairs"][[long, short, right]].tolist() == [4, 3, 3]
    assert found["a_share"].tolist() == [1, 1, 1]
    assert found["b_share"][[long, short, right]].tolist() == [0.75, 1, 1]
    assert found["b_whole"][[long, short]].tolist() == [0, 1]
    assert found["a_exact"][[long, short]].tolist() == [1, 0]
    assert found["mean_exact"][[long, short, right]].tolist() == [0.5, 0.5, 1]
    assert np.isnan(found["absent_share"]).all()
    assert found["a_pairs"] == pytest.approx([7 / 24] * 3)
    f1 = 2 * 6 / 13
    assert found["tools_agree"] == pytest.approx([f1] * 3)
    assert found["a_agreement"] == pytest.approx([f1] * 3)
    assert found["trusted_share"][long] == pytest.approx(0.875)
    assert found["most_rival"][[long, short, right]].tolist() == [1, 0.875, 0]
    assert found["most_around"][[short, right]].tolist() == [0.5, 0]


def test_pairs_elsewhere_and_crossing():
    structures = {
        "a": base_pairs_from_dot_bracket("((((....))))............"),
        "b": base_pairs_from_dot_bracket("....................(..)"),
    }
    structures["b"] = np.array([[0, 23], [5, 20]])
    instance = Instance("x", SEQ, voted_proposals(SEQ, [structures["a"]]))
    found = columns(instance, structures)
    assert found["b_elsewhere"].tolist() == [1 / 8]  # of eight bases the first
    assert found["b_crossing"].tolist() == [1 / 4]  # (5, 20) crosses the stem of four pairs
    assert found["tools_agree"].tolist() == [0]


def test_a_sequence_without_tools_has_sizes_only(structures):
    found = columns(instance_of(structures), {})
    assert found["length"].tolist() == [24] * 3 and found["tools"].tolist() == [0] * 3
    assert np.isnan(found["mean_share"]).all()


def test_energies_and_ensembles(structures):
    instance = instance_of(structures)
    energies = dict(zip(ENERGY_NAMES, energy_features(instance).T, strict=True))
    assert energies["stack"] == pytest.approx(instance.token_energies[:, 0] / 10, abs=1e-6)
    assert np.isnan(energies["best_inner_loop"]).all()  # no stem lies inside another one
    names = ensemble_names(["turner2004"])
    ensembles = dict(zip(names, ensemble_features(instance, ["turner2004"]).T, strict=True))
    grid = pair_probabilities(SEQ)
    right = instance.boxes[:, 1].tolist().index(14)
    pairs = ([14, 15, 16], [23, 22, 21])
    assert ensembles["turner2004_mean"][right] == pytest.approx(grid[pairs].mean())
    paired = grid.sum(axis=0) + grid.sum(axis=1)
    assert ensembles["turner2004_paired"][right] == pytest.approx(
        paired[[14, 15, 16, 21, 22, 23]].mean(), abs=1e-6
    )
    assert ensembles["turner2004_total"] == pytest.approx([grid.sum() / 24] * 3)
    empty = Instance("x", SEQ, voted_proposals(SEQ, [np.zeros((0, 2), dtype=np.int64)]))
    assert energy_features(empty).shape == (0, len(ENERGY_NAMES))
    assert tool_features(empty, {}, TOOLS).shape == (0, len(tool_feature_names(TOOLS)))
