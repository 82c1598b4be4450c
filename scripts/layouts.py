"""Output formats of ``boxfold predict``: each prediction as text, one after another."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TextIO

from boxfold.features.formats import StructureRecord, to_bpseq, to_ct, to_dbn, to_edbn
from boxfold.features.record_tables import CSV_COLUMNS, csv_line, to_csv, to_json
from boxfold.features.stockholm import to_stockholm


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


LAYOUTS = {
    "dbn": Layout(to_dbn),
    "edbn": Layout(to_edbn),
    "ct": Layout(to_ct),
    "bpseq": Layout(to_bpseq),
    "stockholm": Layout(to_stockholm),
    "json": Layout(to_json, head="[\n", between=",\n", tail="\n]\n"),
    "csv": Layout(to_csv, head=csv_line(CSV_COLUMNS)),
}
"""Layouts by the name that ``--format`` takes; json positions are 0-based."""
