"""A logistic regression says how probable each pair is, and so what share of a stem is true."""

from collections.abc import Callable, Sequence

import numpy as np
from meta_decoding import reference_of
from meta_pairs import pairs_of
from meta_rows import relatives_of
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from boxfold.agents.box_features import FloatArray, pairs_of_stems
from boxfold.envs.instance import Instance
from boxfold.features.pair_confidence import is_known

PairFeatures = Callable[[Instance], FloatArray]
"""Rows of features of the pairs of an instance, shape (P, features)."""

PENALTY = 20.0
"""Of squared weights; features are scaled to variance 1 and rows weigh 1 on average."""


class PairJudge:
    """A regression that was fitted; a `cross_fitting.BatchJudge`.

    Parameters
    ----------
    model : Pipeline
    features : callable
    """

    def __init__(self, model: Pipeline, features: PairFeatures) -> None:
        self.model, self._features = model, features

    def shares_of(self, instances: Sequence[Instance]) -> list[FloatArray]:
        """Expected share of true pairs of each stem, in [0, 1], an array per instance."""
        return [self._shares(each) for each in instances]

    def _shares(self, instance: Instance) -> FloatArray:
        if not instance.n_boxes:
            return np.zeros(0)
        grid = np.zeros((len(instance.seq),) * 2)
        probability = self.model.predict_proba(self._features(instance))[:, 1]
        grid[tuple(pairs_of(instance).T)] = probability
        return pairs_of_stems(grid, instance)[:, 0]


def train_pair_judge(instances: Sequence[Instance], features: PairFeatures) -> PairJudge:
    """Learn which pairs are true.

    An RNA counts the less, the more relatives it has, by the root of their number: a family of
    many is seen often enough. Within an RNA its pairs count alike, as in the mean of F1.

    Parameters
    ----------
    instances : sequence of Instance
        With known structures.
    features : callable

    Returns
    -------
    PairJudge
    """
    known = [each for each in instances if each.n_boxes]
    rows = np.concatenate([features(each) for each in known])
    truth = np.concatenate([is_known(pairs_of(each), reference_of(each)) for each in known])
    _, group, size = np.unique(
        [relatives_of(each) for each in known], return_inverse=True, return_counts=True
    )
    n_pairs = [len(pairs_of(each)) for each in known]
    weight = np.repeat(1 / np.sqrt(size[group]) / n_pairs, n_pairs)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / PENALTY, max_iter=1000))
    model.fit(rows, truth, logisticregression__sample_weight=weight / weight.mean())
    return PairJudge(model, features)
