"""Threshold and knot charge of agents that solve for sums of scores, tuned on known structures."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from boxfold.envs.instance import Instance
from boxfold.features.agreement import agreement
from boxfold.features.errors import InputError
from boxfold.features.knots import false_knots, knot_counts, knotted_f1
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import IntArray
from boxfold.rewards.additive import AdditiveConfig, additive_optimum
from boxfold.rewards.independent_set import FloatArray

THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
KNOT_CHARGES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


class AdditiveSetting(NamedTuple):
    """`threshold`, what a pair must reach to be worth something, and `knot_charge` of a stem."""

    threshold: float
    knot_charge: float


Weigh = Callable[[int, float], FloatArray]
"""Weights of the stems of an instance, given by its place, at a threshold."""


def tuning_table(
    instances: Sequence[Instance],
    weigh: Weigh,
    pseudoknots: Pseudoknots = "forbid",
    thresholds: Sequence[float] = THRESHOLDS,
    knot_charges: Sequence[float] = KNOT_CHARGES,
) -> pd.DataFrame:
    """How good the exact assemblies are at each setting.

    Parameters
    ----------
    instances : sequence of Instance
        With known structures.
    weigh : callable
        Called once per instance and threshold.
    pseudoknots : {"forbid", "allow"}
        With "forbid" the charge makes no difference, and only the first one is tried.
    thresholds, knot_charges : sequence of float

    Returns
    -------
    DataFrame
        A row per setting: ``threshold``, ``knot_charge``, ``f1`` (mean), ``knotted_f1`` (micro,
        knotted pairs) and ``false_knots`` (share of the RNAs without a knot).

    Raises
    ------
    InputError
        If an instance has no known structure.
    """
    if missing := [each.id for each in instances if each.reference is None]:
        raise InputError(f"tuning needs known structures, '{missing[0]}' has none")
    charges = knot_charges if pseudoknots == "allow" else knot_charges[:1]
    rows = []
    for threshold in thresholds:
        weights = [weigh(index, threshold) for index in range(len(instances))]
        for charge in charges:
            config = AdditiveConfig(pseudoknots, knot_charge=charge)
            found = best_structures(instances, weights, config)
            scores = structure_scores(found, [_known(each) for each in instances])
            rows.append({"threshold": threshold, "knot_charge": charge, **scores})
    return pd.DataFrame(rows)


def best_structures(
    instances: Sequence[Instance], weights: Sequence[FloatArray], config: AdditiveConfig
) -> list[IntArray]:
    """Base pairs of the exact optimum of each instance."""
    return [
        each.base_pairs(additive_optimum(each.boxes, of_one, config).picks)
        for each, of_one in zip(instances, weights, strict=True)
    ]


def structure_scores(
    predicted: Sequence[IntArray], references: Sequence[IntArray]
) -> dict[str, float]:
    """Mean ``f1``, micro ``knotted_f1`` and rate of ``false_knots`` of many structures."""
    pairs = list(zip(predicted, references, strict=True))
    return {
        "f1": float(np.mean([agreement(*each).f1 for each in pairs])),
        "knotted_f1": knotted_f1([knot_counts(*each) for each in pairs]),
        "false_knots": false_knots(predicted, references),
    }


def tuned(table: pd.DataFrame, max_false_knots: float = 1.0) -> AdditiveSetting:
    """Setting of highest F1 among those with few false knots.

    Parameters
    ----------
    table : DataFrame
        Of `tuning_table`.
    max_false_knots : float
        Highest rate allowed; the lowest there is, if that is higher.

    Examples
    --------
    >>> table = pd.DataFrame({"threshold": [0.3, 0.4], "knot_charge": [1.0, 2.0]})
    >>> tuned(table.assign(f1=[0.6, 0.5], false_knots=[0.2, 0.0]), max_false_knots=0.1)
    AdditiveSetting(threshold=0.4, knot_charge=2.0)
    """
    rate = table["false_knots"].fillna(0.0)
    few = table[rate <= max(max_false_knots, float(rate.min()))]
    best = few.loc[few["f1"].idxmax()]
    return AdditiveSetting(float(best["threshold"]), float(best["knot_charge"]))


def _known(instance: Instance) -> IntArray:
    assert instance.reference is not None
    return instance.reference
