"""What a judge of boxes sees beside their tokens: probabilities of the pairs, from two sides.

Of S1's boxes: how probable all boxes together make each pair. Of ensembles of structures: the same
probabilities that S1 has as input, under several sets of energy parameters, and those of an
ensemble that agrees with the reactivities of the sequence, where there are any.
"""

from collections.abc import Sequence

import numpy as np

from boxfold.agents.box_features import (
    FloatArray,
    box_company,
    grid_of_boxes,
    pairs_of_stems,
    sums_over,
)
from boxfold.agents.thermo_features import ensemble_columns, ensemble_names
from boxfold.envs.instance import Instance
from boxfold.features.box_reactivity import REACTIVITY_NAMES, box_reactivity
from boxfold.features.token_names import TOKEN_NAMES
from boxfold.rewards.probing import probed_pair_probabilities
from boxfold.rewards.probing_energy import HIGH, scaled
from boxfold.s1.pair_prior import PairPrior

PARAMETERS = ("turner2004", "andronescu2007")
"""Sets of energy parameters, those of the weights `real`."""

_OF_BOXES = ("mean", "least", "outer", "inner", "rivals", "crossing")
EXTRA_NAMES = (
    "n_pairs",
    *(f"boxes_{part}" for part in _OF_BOXES),
    *ensemble_names((*PARAMETERS, "probed")),
    *(f"reactivity_{part}" for part in REACTIVITY_NAMES),
)
JUDGE_NAMES = (*TOKEN_NAMES, *EXTRA_NAMES)
"""Columns of what a judge sees of a box."""

_BOUND = 3.0


def judge_features(instances: Sequence[Instance]) -> list[FloatArray]:
    """`EXTRA_NAMES` of the stems of instances, in [-3, 3].

    Parameters
    ----------
    instances : sequence of Instance
        Many at once: loading energy parameters takes time.

    Returns
    -------
    list of ndarray, dtype=float64, shape (N, len(EXTRA_NAMES))
    """
    priors = PairPrior.of_each([each.seq for each in instances], PARAMETERS)
    return [_of_one(*each) for each in zip(instances, priors, strict=True)]


def _of_one(instance: Instance, prior: PairPrior) -> FloatArray:
    boxes = instance.boxes
    if not len(boxes):
        return np.zeros((0, len(EXTRA_NAMES)))
    company = box_company(boxes)
    of_boxes = pairs_of_stems(grid_of_boxes(instance), instance)
    grids = prior.to_grids(len(instance.seq))
    ensembles = [ensemble_columns(grid, instance, company) for grid in grids]
    reactivity = instance.reactivity
    if reactivity is None or np.isnan(reactivity).all():
        ensembles.append(ensembles[0])
    else:
        probed = probed_pair_probabilities(instance.seq, scaled(reactivity, HIGH))
        ensembles.append(ensemble_columns(probed, instance, company))
    probing = box_reactivity(boxes, reactivity).astype(np.float64)
    columns: list[FloatArray] = [boxes[:, 3:4] / 5, of_boxes, sums_over(company, of_boxes[:, 0])]
    return np.clip(np.concatenate([*columns, *ensembles, probing], axis=1), -_BOUND, _BOUND)
