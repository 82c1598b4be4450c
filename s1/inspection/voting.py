"""What the number of votes for a box says about its being right."""

import itertools

import numpy as np
import pandas as pd

from boxfold.features.box import BoxKind
from boxfold.s1.inspection.cases import Case
from boxfold.s1.inspection.offers import box_ranks
from boxfold.s1.inspection.shares import clustered_share
from boxfold.s1.inspection.shift_statistics import box_voters
from boxfold.s1.votes import box_areas

SHARE_EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, np.inf)
"""Bins of votes per pixel of a box (n_proposal_norm), each without its lower edge."""

SORTS = ("softmax", "scalar")


class VoteStudy:
    """Voted boxes that are possible, whether they are right, and who voted for them."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []
        self._n_targets = np.zeros(len(BoxKind), dtype=np.int64)

    def add(self, case: Case) -> None:
        """Take in one sequence.

        Raises
        ------
        ValueError
            If its maps lack the logits of the boxes heads.
        """
        if case.maps.boxes is None:
            raise ValueError("votes of single pixels need maps with the logits of the boxes heads")
        boxes, voted = case.example.boxes, case.voted
        correct = np.isfinite(box_ranks(voted.boxes, boxes))
        inside = np.zeros((2, len(correct)), dtype=np.int64)
        voters = box_voters(case.maps.boxes, voted.boxes[correct], voted)
        inside[:, correct] = voters[:, [2, 4]].T
        part = {
            "sequence": len(self._parts),
            "kind": voted.boxes[:, 0],
            "area": box_areas(voted.boxes),
            "on": voted.on_probability,
            "correct": correct,
        }
        for sort, votes, own in zip(SORTS, (voted.n_softmax, voted.n_scalar), inside, strict=True):
            part[sort], part[f"inside_{sort}"] = votes, own
        self._parts.append(pd.DataFrame(part))
        self._n_targets += np.bincount(boxes[:, 0], minlength=len(BoxKind))

    def report(self) -> pd.DataFrame:
        """Precision by votes per pixel.

        Returns
        -------
        DataFrame
            ``kind``, ``votes`` (softmax or scalar), ``more_than`` and ``at_most`` (votes per
            pixel; 0 and inf: all boxes with such a vote), ``boxes``, ``correct``, ``precision``
            with ``_se``, ``recall`` (correct ones over all targets of the kind),
            ``on_probability`` (mean), and of the correct boxes the mean number of ``inside`` and
            ``outside`` voters per pixel of the box.
        """
        frame = pd.concat(self._parts, ignore_index=True)
        rows = []
        for kind in BoxKind:
            for sort in SORTS:
                part = frame[(frame["kind"] == kind) & (frame[sort] > 0)]
                share = (part[sort] / part["area"]).to_numpy()
                bins = [(0.0, np.inf), *itertools.pairwise(SHARE_EDGES)]
                for low, high in bins:
                    head = {"kind": kind.label, "votes": sort, "more_than": low, "at_most": high}
                    of_bin = part[(share > low) & (share <= high)]
                    rows.append({**head, **_row(of_bin, sort, int(self._n_targets[kind]))})
        return pd.DataFrame(rows)


def _row(part: pd.DataFrame, sort: str, n_targets: int) -> dict[str, float]:
    correct = part[part["correct"]]
    precision = clustered_share(part["correct"], part["sequence"])
    inside = correct[f"inside_{sort}"]
    return {
        "boxes": len(part),
        "correct": len(correct),
        "precision": precision.value,
        "precision_se": precision.error,
        "recall": len(correct) / n_targets if n_targets else float("nan"),
        "on_probability": part["on"].mean(),
        "inside": (inside / correct["area"]).mean(),
        "outside": ((correct[sort] - inside) / correct["area"]).mean(),
    }
