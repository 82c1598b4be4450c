"""Where every way to propose ranks the boxes of known structures."""

import numpy as np
import pandas as pd

from boxfold.features.box import BoxKind, stem_base_pairs
from boxfold.features.structure import BoolArray, IntArray
from boxfold.s1.ends import FloatArray
from boxfold.s1.inspection.cases import Case
from boxfold.s1.inspection.offers import Offered, Offers, Ranks, box_ranks, old_choices, pair_ranks

KEPT_SCORES = 8
"""Scores kept per sequence, method and kind, in units of its length."""


class RankedTargets:
    """Where every method ranks every target box, over many sequences.

    Attributes
    ----------
    methods : list of str
        Those of `Case.offered`, of the first case.

    Examples
    --------
    >>> RankedTargets().n_sequences
    0
    """

    def __init__(self) -> None:
        self.methods: list[str] = []
        self.n_sequences = 0
        self._sequences: list[dict[str, float]] = []
        self._targets: list[pd.DataFrame] = []
        self._pairs: list[pd.DataFrame] = []
        self._scores: dict[tuple[str, BoxKind], list[FloatArray]] = {}

    def add(self, case: Case) -> None:
        """Take in one sequence."""
        self.methods = self.methods or list(case.offered)
        boxes, length = case.example.boxes, len(case.example.seq)
        row: dict[str, float] = {"length": length, "mfe_frequency": case.mfe_frequency}
        for kind in BoxKind:
            row[f"n_{kind.label}"] = int((boxes[:, 0] == kind).sum())
        targets = dict(zip(("kind", "row", "col", "n_rows", "n_cols"), boxes.T, strict=True))
        is_stem = boxes[:, 0] == BoxKind.STEM
        stem_pairs = stem_base_pairs(boxes[is_stem])
        pairs = {"n_pairs": np.repeat(boxes[is_stem, 3], boxes[is_stem, 3])}
        for method, offered in case.offered.items():
            ranks, scores = _ranks_and_scores(boxes, is_stem, offered)
            targets[f"rank_{method}"], targets[f"score_{method}"] = ranks, scores
            place = pair_ranks(stem_pairs, offered.stems.boxes, length)
            pairs[f"rank_{method}"] = place
            pairs[f"score_{method}"] = _score_at(offered.stems, place)
            row[f"stems_{method}"] = len(offered.stems.boxes)
            row[f"loops_{method}"] = len(offered.loops.boxes)
            self._keep_scores(method, offered, KEPT_SCORES * length)
        for label, chosen in old_choices(case.voted).items():
            targets[f"found_{label}"] = np.isfinite(box_ranks(boxes, chosen))
            for kind, n in zip(BoxKind, np.bincount(chosen[:, 0], minlength=3), strict=True):
                row[f"{kind.label}_{label}"] = int(n)
        self._append(row, pd.DataFrame(targets), pd.DataFrame(pairs))

    def _append(self, row: dict[str, float], targets: pd.DataFrame, pairs: pd.DataFrame) -> None:
        targets.insert(0, "sequence", self.n_sequences)
        pairs.insert(0, "sequence", self.n_sequences)
        self._sequences.append(row)
        self._targets.append(targets)
        self._pairs.append(pairs)
        self.n_sequences += 1

    def _keep_scores(self, method: str, offered: Offered, most: int) -> None:
        for kind in BoxKind:
            part = offered.stems if kind is BoxKind.STEM else offered.loops
            scores = part.score[part.boxes[:, 0] == kind][:most].astype(np.float32)
            self._scores.setdefault((method, kind), []).append(scores)

    @property
    def sequences(self) -> pd.DataFrame:
        """A row per sequence.

        ``length``, ``mfe_frequency``; by kind the number of targets ``n_KIND`` and of boxes
        ``KIND_LABEL`` that each of `OLD_SETTINGS` keeps; ``stems_METHOD`` and ``loops_METHOD``.
        """
        return pd.DataFrame(self._sequences)

    @property
    def targets(self) -> pd.DataFrame:
        """A row per target box.

        ``sequence``, ``kind``, ``row``, ``col``, ``n_rows``, ``n_cols``; ``rank_METHOD`` among
        the stems or among the loops, ``score_METHOD`` (-1 if it is not offered);
        ``found_LABEL`` of `OLD_SETTINGS`.
        """
        return pd.concat(self._targets, ignore_index=True)

    @property
    def pairs(self) -> pd.DataFrame:
        """A row per target base pair: ``sequence``, ``n_pairs`` of its stem, and as `targets`."""
        return pd.concat(self._pairs, ignore_index=True)

    def scores(self, method: str, kind: BoxKind) -> list[FloatArray]:
        """Falling scores of the offered boxes of a kind, sequence by sequence."""
        return self._scores[method, kind]


def _ranks_and_scores(
    boxes: IntArray, is_stem: BoolArray, offered: Offered
) -> tuple[Ranks, FloatArray]:
    ranks, scores = np.empty(len(boxes)), np.empty(len(boxes), dtype=np.float32)
    for part, of_part in ((offered.stems, is_stem), (offered.loops, ~is_stem)):
        ranks[of_part] = box_ranks(boxes[of_part], part.boxes)
        scores[of_part] = _score_at(part, ranks[of_part])
    return ranks, scores


def _score_at(part: Offers, ranks: Ranks) -> FloatArray:
    """Score at each rank, -1 for boxes that are not offered."""
    at = np.where(np.isfinite(ranks), ranks, len(part.score)).astype(np.int64)
    return np.append(part.score, np.float32(-1))[at]
