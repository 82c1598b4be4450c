"""Output formats of ``boxfold predict``: each prediction as text, one after another."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import NamedTuple, TextIO

from boxfold.features.formats import StructureRecord, to_bpseq, to_ct, to_dbn
from boxfold.features.structure import dot_bracket

CSV_COLUMNS = (
    "id",
    "sequence",
    "dot_bracket",
    "free_energy",
    "rank",
    "structure_confidence",
    "confidence",
)
"""The first three are what every verb reads as CSV input; the energy is in kcal/mol. The last one
has a probability for each pair, in the order of opening brackets; in a cell with blanks between."""


class Layout(NamedTuple):
    """How predictions become one text: `item` of each, and what stands around them."""

    item: Callable[[StructureRecord], str]
    head: str = ""
    between: str = ""
    tail: str = ""


def write_predictions(predictions: Iterable[StructureRecord], layout: Layout, file: TextIO) -> None:
    """Write predictions as they come; nothing is written before the first one is there.

    Parameters
    ----------
    predictions : iterable of StructureRecord
    layout : Layout
    file : text file
    """
    n_written = 0
    for prediction in predictions:
        file.write((layout.between if n_written else layout.head) + layout.item(prediction))
        n_written += 1
    file.write(layout.tail if n_written else layout.head + layout.tail)


def _to_json(prediction: StructureRecord) -> str:
    content = _columns(prediction) | {"base_pairs": prediction.base_pairs.tolist()}
    content["confidence"] = _of_pairs(prediction)
    return json.dumps(content, ensure_ascii=False)


def _to_csv(prediction: StructureRecord) -> str:
    return _csv_line(_columns(prediction).values())


def _columns(prediction: StructureRecord) -> dict[str, object]:
    structure = dot_bracket(prediction.base_pairs, len(prediction.seq))
    values = (
        prediction.id,
        prediction.seq,
        structure,
        prediction.free_energy,
        prediction.rank,
        prediction.structure_confidence,
        " ".join(f"{value:g}" for value in _of_pairs(prediction) or []),
    )
    return dict(zip(CSV_COLUMNS, values, strict=True))


def _of_pairs(prediction: StructureRecord) -> list[float] | None:
    return None if prediction.confidence is None else prediction.confidence.tolist()


def _csv_line(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


LAYOUTS = {
    "dbn": Layout(to_dbn),
    "ct": Layout(to_ct),
    "bpseq": Layout(to_bpseq),
    "json": Layout(_to_json, head="[\n", between=",\n", tail="\n]\n"),
    "csv": Layout(_to_csv, head=_csv_line(CSV_COLUMNS)),
}
"""Layouts by the name that ``--format`` takes; json positions are 0-based."""
