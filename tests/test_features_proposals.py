import numpy as np

from boxfold.features.channels import stem_stack_energy
from boxfold.features.proposals import EVIDENCE, run_proposals

SEQ = "GGGAAAUCCCAGGCUUCGGCCAUGCAUUGCAU"


def test_runs_are_ranked_by_stacking_energy():
    proposals = run_proposals(SEQ, max_boxes=5)
    energy = stem_stack_energy(SEQ, proposals.boxes)
    assert len(proposals.boxes) == 5
    assert (np.diff(energy) >= 0).all()
    assert (np.diff(proposals.score) <= 0).all()
    np.testing.assert_allclose(proposals.score[0], 1 - np.exp(energy[0] / 10), rtol=1e-6)
    assert proposals.evidence.shape == (5, len(EVIDENCE))
    assert not proposals.evidence.any()
    assert proposals.loops.shape == (0, 5)


def test_best_keeps_the_first():
    proposals = run_proposals(SEQ, max_boxes=10)
    np.testing.assert_array_equal(proposals.best(3).boxes, proposals.boxes[:3])


def test_nothing_pairs_nothing_proposed():
    assert len(run_proposals("AAAAAAAA", 10).boxes) == 0
    assert len(run_proposals("A", 10).boxes) == 0
