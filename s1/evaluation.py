"""How good S1 is: its 20 pixel metrics, and the share of target boxes that each method proposes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from boxfold.features.box import BoxKind
from boxfold.features.errors import InputError
from boxfold.features.proposals import Proposals
from boxfold.features.structure import BoolArray
from boxfold.s1.batches import Example
from boxfold.s1.box_maps import maps_from_ends
from boxfold.s1.box_targets import UNMASK_OFFSET, box_targets
from boxfold.s1.metrics import METRIC_NAMES, BoxMetrics
from boxfold.s1.model import S1Model
from boxfold.s1.propose import ProposeConfig, propose_from_maps, propose_runs
from boxfold.s1.validation import found_boxes

RECALL_COLUMNS = (
    "method",
    "stem",  # share of the target boxes of this kind that are proposed exactly
    "interior_loop",
    "hairpin",
    "all_stems",  # share of the examples with all their stems proposed
    "all_boxes",
    "stems_offered",  # mean number per example, at most max_boxes
    "loops_offered",
)


OUTPUTS = ("ends", "boxes")
"""``ends``: per-pixel outputs that follow from the boxes of the ends and loops heads;
``boxes``: the learned outputs of the boxes heads."""


class BoxRecall:
    """Which target boxes are among the proposed ones, over many examples.

    Examples
    --------
    >>> BoxRecall().summary()["stem"]
    nan
    """

    def __init__(self) -> None:
        self._found = np.zeros(len(BoxKind), dtype=np.int64)
        self._targets = np.zeros(len(BoxKind), dtype=np.int64)
        self._complete: list[tuple[bool, bool]] = []
        self._offered: list[tuple[int, int]] = []

    def add(self, example: Example, proposals: Proposals) -> BoolArray:
        """Count one example.

        Returns
        -------
        ndarray, dtype=bool, shape (number of target boxes,)
            Which boxes of `example` were proposed.
        """
        offered = np.concatenate([proposals.boxes, proposals.loops])
        found = found_boxes(example.boxes, offered)
        kind = example.boxes[:, 0]
        self._targets += np.bincount(kind, minlength=len(BoxKind))
        self._found += np.bincount(kind[found], minlength=len(BoxKind))
        self._complete.append((bool(found[kind == BoxKind.STEM].all()), bool(found.all())))
        self._offered.append((len(proposals.boxes), len(proposals.loops)))
        return found

    @property
    def n_examples(self) -> int:
        """Examples counted so far."""
        return len(self._complete)

    @property
    def n_complete(self) -> tuple[int, int]:
        """Examples with all target stems, and with all target boxes, proposed."""
        stems, boxes = np.array(self._complete, dtype=int).reshape(-1, 2).sum(axis=0)
        return int(stems), int(boxes)

    def summary(self) -> dict[str, float]:
        """`RECALL_COLUMNS` without the method; nan where there was nothing to find."""
        n = self.n_examples
        stems, loops = np.array(self._offered, dtype=np.int64).reshape(-1, 2).sum(axis=0)
        parts = [*self._found, *self.n_complete, stems, loops]
        wholes = [*self._targets, n, n, n, n]
        shares = zip(parts, wholes, strict=True)
        values = [float(part / whole) if whole else float("nan") for part, whole in shares]
        return dict(zip(RECALL_COLUMNS[1:], values, strict=True))


def known_examples(frame: pd.DataFrame) -> list[Example | None]:
    """Example of each row of a table; None where ``dot_bracket`` is missing.

    Parameters
    ----------
    frame : DataFrame
        Columns id, sequence and, if structures are known, dot_bracket.

    Raises
    ------
    InputError
        If a structure is no balanced dot-bracket of the sequence's length.
    """
    if "dot_bracket" not in frame:
        return [None] * len(frame)
    rows = zip(frame["id"], frame["sequence"], frame["dot_bracket"], strict=True)
    return [_example(*row) if isinstance(row[2], str) else None for row in rows]


def _example(name: str, seq: str, dot_bracket: str) -> Example:
    if len(seq) != len(dot_bracket):
        raise InputError(
            f"record '{name}': dot_bracket has {len(dot_bracket)} characters, "
            f"the sequence {len(seq)}"
        )
    try:
        return Example.from_dot_bracket(seq, dot_bracket)
    except InputError as error:
        raise InputError(f"record '{name}': {error}") from None


def evaluate_s1(
    model: S1Model,
    examples: Sequence[Example],
    configs: Sequence[ProposeConfig],
    offset: int = UNMASK_OFFSET,
    outputs: str = "ends",
    track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Measure a model on examples with known structures.

    Parameters
    ----------
    model : S1Model
    examples : sequence of Example
    configs : sequence of ProposeConfig
        Ways to propose; ``box_recall`` of the metrics is that of the first.
    offset : int
        Pixels around boxes at which *on* is measured.
    outputs : str
        What the 20 metrics are taken of, see `OUTPUTS`.
    track : callable
        Wraps the iteration, to show progress.

    Returns
    -------
    metrics : dict
        ``<kind>`` -> ``auroc, auprc, location_x, ...`` and ``box_recall`` -> ``<kind>`` -> share of
        the target boxes. None where undefined, as JSON has no nan.
    recall : DataFrame
        One row per config, `RECALL_COLUMNS`.
    """
    metrics, recalls = BoxMetrics(), [BoxRecall() for _ in configs]
    for index, maps in track(model.maps([example.seq for example in examples], dense=True)):
        example = examples[index]
        targets = box_targets(example.boxes, len(example.seq), offset)
        logits = maps_from_ends(example.seq, maps) if outputs == "ends" else maps.boxes
        metrics.add_example(logits, targets)
        for config, recall in zip(configs, recalls, strict=True):
            if config.method == "runs":
                proposed = propose_runs(example.seq, config)
            else:
                proposed = propose_from_maps(example.seq, maps, config)
            recall.add(example, proposed.proposals)
    rows = [recall.summary() for recall in recalls]
    frame = pd.DataFrame(rows, columns=list(RECALL_COLUMNS[1:]))
    frame.insert(0, "method", [config.method for config in configs])
    return _nested(metrics.summary(), rows[0]), frame


def _nested(flat: dict[str, float], recall: dict[str, float]) -> dict[str, Any]:
    """Metrics by kind, then name; the recall of each kind under ``box_recall``."""
    nested: dict[str, Any] = {kind.label: {} for kind in BoxKind}
    for name in METRIC_NAMES:
        kind_label, metric = name.split("/")
        nested[kind_label][metric] = _number(flat[name])
    nested["box_recall"] = {kind.label: _number(recall[kind.label]) for kind in BoxKind}
    return nested


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
