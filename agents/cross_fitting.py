"""Judging stems of RNAs that a judge has not learned from, family by family, and tuning on them.

With every two folds held out together, ten trainings on five folds are enough for a nested
cross-validation: a fold is judged by the four judges that saw neither it nor one other fold, and
what is tuned for it is tuned on what each of these four says of that other fold.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple, Protocol

import numpy as np
from sklearn.model_selection import GroupKFold

from boxfold.agents.box_features import FloatArray
from boxfold.envs.instance import Instance
from boxfold.features.errors import InputError
from boxfold.features.structure import IntArray


class BatchJudge(Protocol):
    """Anything that says what share of the pairs of stems to expect in the structure."""

    def shares_of(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """Expected share of true pairs of each stem, in [0, 1], an array per instance."""
        ...


Train = Callable[[Sequence[Instance]], BatchJudge]
"""Makes a judge of instances with known structures."""


class Judged(NamedTuple):
    """Some instances with the shares of true pairs that are expected of their stems."""

    instances: list[Instance]
    shares: list[FloatArray]


class HeldOut(NamedTuple):
    """A fold as it is judged without it, and what to tune its assembly on."""

    fold: Judged
    tuning: Judged


def fold_numbers(groups: IntArray, n_folds: int, seed: int) -> IntArray:
    """Fold of each instance; a group is never split.

    Parameters
    ----------
    groups : ndarray, dtype=int, shape (instances,)
        Number of the group (family) of each, see `comparison.family_numbers`.
    n_folds : int
    seed : int

    Returns
    -------
    ndarray, dtype=int64, shape (instances,)

    Raises
    ------
    InputError
        If there are fewer groups than folds.
    """
    if len(np.unique(groups)) < n_folds:
        raise InputError(f"{n_folds} folds need as many groups, not {len(np.unique(groups))}")
    folds = np.zeros(len(groups), dtype=np.int64)
    splitter = GroupKFold(n_folds, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(groups, groups=groups)):
        folds[held_out] = number
    return folds


def nested_folds(instances: Sequence[Instance], folds: IntArray, train: Train) -> list[HeldOut]:
    """Every fold judged and tuned without it.

    Parameters
    ----------
    instances : sequence of Instance
    folds : ndarray, dtype=int, shape (instances,)
        Of `fold_numbers`, at least three.
    train : callable

    Returns
    -------
    list of HeldOut
        In the order of the folds.
    """
    numbers = range(int(folds.max()) + 1)
    shares: dict[tuple[int, int], dict[int, FloatArray]] = {}
    for pair in combinations(numbers, 2):
        judge = train(_of(instances, np.flatnonzero(~np.isin(folds, pair))))
        for fold, other in (pair, pair[::-1]):
            places = np.flatnonzero(folds == fold)
            found = judge.shares_of(_of(instances, places))
            shares[fold, other] = dict(zip(places.tolist(), found, strict=True))
    held_out = []
    for fold in numbers:
        others = [other for other in numbers if other != fold]
        inside = list(shares[fold, others[0]])
        mean = [np.mean([shares[fold, o][k] for o in others], axis=0) for k in inside]
        outside = {k: share for o in others for k, share in shares[o, fold].items()}
        tuning = Judged(_of(instances, list(outside)), list(outside.values()))
        held_out.append(HeldOut(Judged(_of(instances, inside), mean), tuning))
    return held_out


def apart(
    instances: Sequence[Instance],
    folds: IntArray,
    judged: Sequence[Instance],
    train: Train,
) -> HeldOut:
    """Other instances, judged by the mean of the judges that tuning needs.

    Parameters
    ----------
    instances : sequence of Instance
        To learn from and to tune on, each judged without its fold.
    folds : ndarray, dtype=int, shape (instances,)
    judged : sequence of Instance
    train : callable

    Returns
    -------
    HeldOut
        Its fold is `judged`.
    """
    tuning, votes = Judged([], []), []
    for fold in range(int(folds.max()) + 1):
        judge = train(_of(instances, np.flatnonzero(folds != fold)))
        inside = _of(instances, np.flatnonzero(folds == fold))
        tuning.instances.extend(inside)
        tuning.shares.extend(judge.shares_of(inside))
        votes.append(judge.shares_of(judged))
    mean = [np.mean(of_one, axis=0) for of_one in zip(*votes, strict=True)]
    return HeldOut(Judged(list(judged), mean), tuning)


def _of(instances: Sequence[Instance], places: Sequence[int] | IntArray) -> list[Instance]:
    return [instances[place] for place in places]
