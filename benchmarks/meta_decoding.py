"""The structure of highest expected F1 by what share of each stem is expected to be true.

See `boxfold.agents.oracle`: each RNA has its own threshold, half the F1 to expect. It is high
where the tools agree, and low where little is known of any stem, since there a pair more costs
little.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from boxfold.agents.additive_tuning import structure_scores
from boxfold.agents.agent import Picks
from boxfold.agents.box_features import FloatArray
from boxfold.agents.cross_fitting import Judged
from boxfold.agents.oracle import best_expected_f1
from boxfold.envs.instance import Instance
from boxfold.features.structure import IntArray
from boxfold.rewards.additive import AdditiveConfig

KNOT_CHARGES = (0.25, 0.5, 1.0, 2.0, 4.0)
_TOLERANCE = 1e-6


class Decoding(NamedTuple):
    """`density`, known pairs per nucleotide to expect, and `knot_charge` of a stem, in pairs."""

    density: float
    knot_charge: float


def most_expected(instance: Instance, shares: FloatArray, setting: Decoding) -> Picks:
    """Set of stems of highest expected F1, rising.

    Parameters
    ----------
    instance : Instance
    shares : ndarray, dtype=float64, shape (N,)
        Expected share of true pairs of each stem.
    setting : Decoding
        Stems outside of the nested part pay its charge.
    """
    config = AdditiveConfig("allow", knot_charge=setting.knot_charge)
    known = setting.density * len(instance.seq)
    return best_expected_f1(instance.boxes, shares, known, config, _TOLERANCE).picks


def tune_decoding(judged: Judged, most: int, max_false_knots: float, seed: int) -> Decoding:
    """Density of all instances, and the charge of highest F1 on at most so many of them.

    Parameters
    ----------
    judged : Judged
        With known structures.
    most : int
        How many are assembled with each charge, drawn at random.
    max_false_knots : float
        Highest rate allowed; the lowest there is, if that is higher.
    seed : int
    """
    pairs = [len(reference_of(each)) / len(each.seq) for each in judged.instances]
    density = float(np.mean(pairs))
    drawn = np.random.default_rng(seed).permutation(len(pairs))[:most]
    sample = Judged([judged.instances[k] for k in drawn], [judged.shares[k] for k in drawn])
    table = charge_table(sample, density)
    few = table[table["false_knots"] <= max(max_false_knots, table["false_knots"].min())]
    return Decoding(density, float(few.loc[few["f1"].idxmax(), "knot_charge"]))


def charge_table(
    judged: Judged, density: float, charges: Sequence[float] = KNOT_CHARGES
) -> pd.DataFrame:
    """`structure_scores` with each charge; the rate of false knots is 0 where none can be."""
    references = [reference_of(each) for each in judged.instances]
    rows = []
    for charge in charges:
        found = [
            each.base_pairs(most_expected(each, shares, Decoding(density, charge)))
            for each, shares in zip(*judged, strict=True)
        ]
        rows.append({"knot_charge": charge, **structure_scores(found, references)})
    return pd.DataFrame(rows).fillna({"false_knots": 0.0})


def reference_of(instance: Instance) -> IntArray:
    """The known structure; meta-assembly has no others."""
    assert instance.reference is not None
    return instance.reference
