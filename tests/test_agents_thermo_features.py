"""What an ensemble says of stems, by hand."""

import numpy as np
import pytest

from boxfold.agents.box_features import box_company
from boxfold.agents.thermo_features import ensemble_columns, ensemble_names
from boxfold.envs.instance import Instance
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.features.structure_votes import voted_proposals
from boxfold.rewards.ensemble import pair_probabilities

SEQ = "GGGGAAAACCCCAAGGGAAAACCC"


def test_probabilities_of_the_pairs_and_bases_of_a_stem():
    structures = [base_pairs_from_dot_bracket("((((....))))..(((....)))")]
    instance = Instance("x", SEQ, voted_proposals(SEQ, structures))
    grid = pair_probabilities(SEQ)
    columns = ensemble_columns(grid, instance, box_company(instance.boxes))
    found = dict(zip(ensemble_names(["turner2004"]), columns.T, strict=True))
    right = instance.boxes[:, 1].tolist().index(14)
    pairs = ([14, 15, 16], [23, 22, 21])
    assert found["turner2004_mean"][right] == pytest.approx(grid[pairs].mean())
    paired = grid.sum(axis=0) + grid.sum(axis=1)
    assert found["turner2004_paired"][right] == pytest.approx(
        paired[[14, 15, 16, 21, 22, 23]].mean(), abs=1e-6
    )
    assert found["turner2004_total"] == pytest.approx([grid.sum() / 24] * 2)
    assert np.isfinite(columns).all()
