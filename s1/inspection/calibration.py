"""Do S1's probabilities mean what they say: reliability of boxes and pixels, by length."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from boxfold.features.box import BoxKind
from boxfold.features.channels import canonical_mask
from boxfold.s1.box_targets import box_targets
from boxfold.s1.ends import chain_scores
from boxfold.s1.inspection.cases import Case
from boxfold.s1.inspection.offers import Offers, box_ranks
from boxfold.s1.inspection.shares import LENGTH_LABELS, length_labels

EDGES = (0, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Bins of probability. They are narrow near 0, where nearly all boxes lie."""

LEAST = 0.01
"""Expected calibration errors are taken over what is at least so probable."""

AGAINST_EXACT = "stem, against the ensemble"
"""Quantity whose outcome is the exact probability in the ensemble, not the structure."""

ENSEMBLE = "exact stem, against the structure"
NEAR, EVERYWHERE = "near boxes", "everywhere"
ALL = "all"

_SUMS = ("n", "probability", "outcome", "squared_error")


class Reliability:
    """Sums of probabilities and outcomes by bin, quantity and length.

    Examples
    --------
    >>> reliability = Reliability()
    >>> reliability.add("coin", 64, [0.45, 0.45], [0, 1])
    >>> float(reliability.report()["ece"].iloc[0].round(4))
    0.05
    """

    def __init__(self) -> None:
        self._sums: dict[str, NDArray[np.float64]] = {}

    def add(self, quantity: str, length: int, probability: ArrayLike, outcome: ArrayLike) -> None:
        """Count predictions for one sequence.

        Parameters
        ----------
        quantity : str
        length : int
            Of the sequence.
        probability, outcome : array_like, shape (N,)
            Outcomes are 0 or 1, or probabilities themselves.
        """
        p, y = (np.asarray(values, dtype=np.float64) for values in (probability, outcome))
        bins = np.clip(np.digitize(p, EDGES) - 1, 0, len(EDGES) - 2)
        shape = (len(LENGTH_LABELS), len(_SUMS), len(EDGES) - 1)
        sums = self._sums.setdefault(quantity, np.zeros(shape))
        at = LENGTH_LABELS.index(length_labels([length])[0])
        for place, weight in enumerate((np.ones_like(p), p, y, (p - y) ** 2)):
            sums[at, place] += np.bincount(bins, weight, minlength=shape[2])

    def report(self) -> pd.DataFrame:
        """Reliability by quantity, length and bin.

        Returns
        -------
        DataFrame
            ``quantity``, ``length`` (a bin or ``all``), ``least`` and ``most`` (edges), ``n``,
            ``probability`` and ``outcome`` (means in the bin); the same in each row of a
            quantity and length: ``ece`` (expected calibration error: mean distance of the two,
            weighted by n, over bins from `LEAST` on), ``ece_all`` (over all bins), ``ratio``
            (predicted number over true number) and ``rmse``.
        """
        rows: list[dict[str, object]] = []
        for quantity, sums in self._sums.items():
            parts = {ALL: sums.sum(axis=0), **dict(zip(LENGTH_LABELS, sums, strict=True))}
            for length, part in parts.items():
                rows += [{"quantity": quantity, "length": length, **row} for row in _rows(part)]
        return pd.DataFrame(rows)


def _rows(sums: NDArray[np.float64]) -> Iterator[dict[str, float]]:
    n, p, y, squared = sums
    filled = n > 0
    likely = filled & (np.array(EDGES[:-1]) >= LEAST)
    distance = np.abs(p - y)
    common = {
        "ece": _ratio(distance[likely].sum(), n[likely].sum()),
        "ece_all": _ratio(distance.sum(), n.sum()),
        "ratio": _ratio(p.sum(), y.sum()),
        "rmse": _ratio(squared.sum(), n.sum()) ** 0.5,
    }
    for place in np.flatnonzero(filled):
        yield {
            "least": EDGES[place],
            "most": EDGES[place + 1],
            "n": n[place],
            "probability": p[place] / n[place],
            "outcome": y[place] / n[place],
            **common,
        }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def add_case(reliability: Reliability, case: Case) -> None:
    """Count the boxes of method ends and the on-outputs of one sequence.

    With exact maps also stems against their exact probability, and that against the structure:
    the best that a calibrated model could do.
    """
    length, boxes = len(case.example.seq), case.example.boxes
    ends = case.offered["ends"]
    reliability.add("stem", length, ends.stems.score, _is_target(ends.stems, boxes))
    for kind in (BoxKind.INTERIOR_LOOP, BoxKind.HAIRPIN):
        of_kind = ends.loops.boxes[:, 0] == kind
        part = Offers(ends.loops.boxes[of_kind], ends.loops.score[of_kind])
        reliability.add(kind.label, length, part.score, _is_target(part, boxes))
    targets = box_targets(boxes, length)
    upper = np.triu(np.ones((length, length), dtype=bool), 1)
    for where, mask in ((NEAR, targets.on_mask), (EVERYWHERE, upper)):
        for kind in BoxKind:
            name = f"on {kind.label}, {where}"
            reliability.add(name, length, case.maps.on[kind][mask], targets.on[kind][mask])
    if case.exact is not None:
        mask = canonical_mask(case.example.seq)
        exact = np.exp(np.minimum(chain_scores(case.exact, ends.stems.boxes, mask), 0))
        reliability.add(AGAINST_EXACT, length, ends.stems.score, exact)
        reliability.add(ENSEMBLE, length, exact, _is_target(ends.stems, boxes))


def _is_target(offers: Offers, boxes: NDArray[np.integer]) -> NDArray[np.bool_]:
    return np.isfinite(box_ranks(offers.boxes, boxes))
