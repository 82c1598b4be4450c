"""The plain baseline: boosted trees judge each box alone, exact search puts them together.

What reinforcement learning has to beat with the same boxes. It lives in memory only: training
takes minutes, and scikit-learn saves nothing but pickles, which execute code when they are loaded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from boxfold.agents.additive_agents import AdditiveAgent, AdditiveAgentConfig, share_weights
from boxfold.agents.additive_tuning import AdditiveSetting
from boxfold.agents.box_features import FloatArray, box_features, known_share
from boxfold.envs.instance import Instance
from boxfold.features.errors import InputError
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import IntArray


@dataclass(frozen=True)
class BoostedTreesConfig:
    """Settings of `train_boosted_trees`."""

    trees: int = field(default=300, metadata={"help": "rounds of boosting"})
    learning_rate: float = field(default=0.06, metadata={"help": "weight of each tree"})
    leaves: int = field(default=31, metadata={"help": "most leaves of a tree"})
    l2: float = field(default=1.0, metadata={"help": "L2 penalty on the values of leaves"})
    columns: float = field(default=1.0, metadata={"help": "share of features tried at a split"})
    seed: int = field(default=0, metadata={"help": "seed of binning and of the features tried"})


BoxFeatures = Callable[[Instance], FloatArray]
"""Rows of features of the stems of an instance, shape (N, features)."""


class BoxJudge(Protocol):
    """Anything that says what share of a stem's pairs to expect in the structure."""

    def shares(self, instance: Instance) -> FloatArray:
        """Expected share of true pairs of each stem, in [0, 1], shape (N,)."""
        ...


class BoostedTrees:
    """Trees that were trained; a `BoxJudge`.

    Parameters
    ----------
    model : HistGradientBoostingClassifier
        Fitted on `features`.
    features : callable
    columns : ndarray, dtype=int
        Which of them the model has seen.
    """

    def __init__(
        self, model: HistGradientBoostingClassifier, features: BoxFeatures, columns: IntArray
    ) -> None:
        self._model, self._features, self._columns = model, features, columns

    def shares(self, instance: Instance) -> FloatArray:
        """Expected share of true pairs of each stem, shape (N,)."""
        return self.shares_of([instance])[0]

    def shares_of(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """The same of many instances, in one pass through the trees."""
        rows = [self._features(each) for each in instances]
        ends = np.cumsum([len(each) for each in rows])
        if not len(ends) or not ends[-1]:
            return [np.zeros(0) for _ in instances]
        known = np.concatenate(rows)[:, self._columns]
        shares = self._model.predict_proba(known)[:, 1]
        return np.split(shares, ends[:-1])


def train_boosted_trees(
    instances: Sequence[Instance],
    config: BoostedTreesConfig | None = None,
    features: BoxFeatures = box_features,
) -> BoostedTrees:
    """Learn the share of true pairs of stems.

    A stem with share s of true pairs is an example of both classes, with weights s and 1 - s, so
    that the probability of the trees is an expected share.

    Parameters
    ----------
    instances : sequence of Instance
        Those without a known structure are left out.
    config : BoostedTreesConfig, optional
    features : callable
        NaN is a missing value; a feature without any other is left out.

    Returns
    -------
    BoostedTrees

    Raises
    ------
    InputError
        If the boxes do not hold both true and false pairs.
    """
    config = config or BoostedTreesConfig()
    known = [each for each in instances if each.reference is not None and each.n_boxes]
    share = np.concatenate([np.zeros(0), *(known_share(each) for each in known)])
    if not (share > 0).any() or not (share < 1).any():
        raise InputError("boosted trees need boxes with true pairs and boxes with false ones")
    rows = np.concatenate([features(each) for each in known])
    # A feature that is missing throughout can't be binned: of a tool without these sequences, say.
    columns = np.flatnonzero(~np.isnan(rows).all(axis=0))
    rows = rows[:, columns]
    positive, negative = np.flatnonzero(share > 0), np.flatnonzero(share < 1)
    model = HistGradientBoostingClassifier(
        max_iter=config.trees,
        learning_rate=config.learning_rate,
        max_leaf_nodes=config.leaves,
        l2_regularization=config.l2,
        max_features=config.columns,
        early_stopping=False,
        random_state=config.seed,
    )
    model.fit(
        rows[np.concatenate([positive, negative])],
        np.repeat([1, 0], [len(positive), len(negative)]),
        sample_weight=np.concatenate([share[positive], 1 - share[negative]]),
    )
    return BoostedTrees(model, features, columns)


class BoostedTreesAgent(AdditiveAgent):
    """The stems with the greatest expected number of true pairs beyond a threshold, exactly.

    Parameters
    ----------
    judge : BoxJudge
    pseudoknots : {"forbid", "allow"}
    setting : AdditiveSetting
        Tuned on validation, see `additive_tuning.tuned`.
    """

    name = "boosted-trees"

    def __init__(self, judge: BoxJudge, pseudoknots: Pseudoknots, setting: AdditiveSetting) -> None:
        super().__init__(pseudoknots, AdditiveAgentConfig(knot_charge=setting.knot_charge))
        self.judge, self.threshold = judge, setting.threshold

    def weights(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """By the trees."""
        shares = (self.judge.shares(each) for each in instances)
        pairs = zip(instances, shares, strict=True)
        return [share_weights(instance, of_one, self.threshold) for instance, of_one in pairs]
