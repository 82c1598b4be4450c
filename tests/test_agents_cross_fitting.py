"""No judge sees the fold that it judges, nor the one that is tuned for."""

import numpy as np
import pytest

from boxfold.agents.cross_fitting import apart, fold_numbers, nested_folds
from boxfold.envs.instance import Instance
from boxfold.features.errors import InputError
from boxfold.features.proposals import run_proposals

SEQ = "GGGGAAAACCCC"
INSTANCES = [Instance(str(k), SEQ, run_proposals(SEQ, 1)) for k in range(8)]
FOLDS = np.array([0, 0, 1, 1, 2, 2, 3, 3])


class Judge:
    """Says how many it has learned from; fails on those."""

    def __init__(self, seen):
        self.seen = {each.id for each in seen}

    def shares_of(self, instances):
        assert not self.seen & {each.id for each in instances}
        return [np.array([float(len(self.seen))]) for _ in instances]


def test_groups_stay_whole():
    groups = np.repeat(np.arange(10), 3)
    folds = fold_numbers(groups, 5, seed=0)
    assert set(folds) == {0, 1, 2, 3, 4}
    assert all(len(set(folds[groups == group])) == 1 for group in range(10))
    assert not np.array_equal(folds, fold_numbers(groups, 5, seed=1))
    with pytest.raises(InputError, match="5 folds need as many groups, not 2"):
        fold_numbers(np.array([0, 0, 1]), 5, seed=0)


def test_nested_folds_hold_two_folds_out():
    trained = []

    def train(instances):
        trained.append({each.id for each in instances})
        return Judge(instances)

    found = nested_folds(INSTANCES, FOLDS, train)
    assert len(trained) == 6 and all(len(ids) == 4 for ids in trained)
    assert [[each.id for each in held.fold.instances] for held in found] == [
        ["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"]
    ]  # fmt: skip
    assert sorted(each.id for each in found[1].tuning.instances) == ["0", "1", "4", "5", "6", "7"]
    assert [share.tolist() for share in found[1].fold.shares] == [[4.0], [4.0]]


def test_a_set_apart_is_judged_by_the_mean():
    judged = [Instance("new", SEQ, run_proposals(SEQ, 1))]
    sizes = iter([1.0, 2.0, 3.0, 6.0])

    def train(instances):
        judge = Judge(instances)
        judge.seen = judge.seen if len(judge.seen) == 6 else set()
        share = next(sizes)
        judge.shares_of = lambda asked: [np.array([share]) for _ in asked]
        return judge

    found = apart(INSTANCES, FOLDS, judged, train)
    assert found.fold.shares[0].tolist() == [3.0]
    assert [share[0] for share in found.tuning.shares] == [1, 1, 2, 2, 3, 3, 6, 6]
    assert [each.id for each in found.tuning.instances] == list("01234567")
