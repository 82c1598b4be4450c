"""Instances out of a table of proposals."""

from typing import TYPE_CHECKING

from boxfold.envs.instance import Instance
from boxfold.features.channels import possible_stems
from boxfold.features.errors import InputError
from boxfold.features.reactivity import Reactivity, reactivity_cell
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.tables import proposals_of_row

if TYPE_CHECKING:
    import pandas as pd


_NO_TEXTS = ("id", "sequence", "dot_bracket")  # the last one is the reference, for judging only


def instances_from_frame(frame: "pd.DataFrame", max_boxes: int) -> list[Instance]:
    """Instances of a table of proposals.

    Parameters
    ----------
    frame : DataFrame
        As read by `boxfold.s1.tables.read_proposals`; an empty or missing dot_bracket means no
        reference. Column ``reactivity`` holds a list per row, or text with a list in it; other
        text goes to `Instance.texts`.
    max_boxes : int
        Most stems, and most loops, kept of each sequence.

    Returns
    -------
    list of Instance
        In the order of the rows.

    Raises
    ------
    InputError
        If a stem can't be in a structure, or a dot_bracket or reactivities do not fit their
        sequence.
    """
    return [_instance_of_row(row, max_boxes) for _, row in frame.iterrows()]


def _instance_of_row(row: "pd.Series", max_boxes: int) -> Instance:
    name, seq, known = str(row["id"]), str(row["sequence"]), row.get("dot_bracket")
    reference = base_pairs_from_dot_bracket(known) if isinstance(known, str) and known else None
    if reference is not None and len(known) != len(seq):
        raise InputError(f"record '{name}': dot_bracket of {len(known)}, sequence of {len(seq)}")
    proposals = proposals_of_row(row).best(max_boxes)
    if not possible_stems(seq, proposals.boxes).all():
        raise InputError(f"record '{name}': a stem that can't pair (--keep-noncanonical?)")
    texts = {
        str(key): text
        for key, text in row.items()
        if isinstance(text, str) and key not in _NO_TEXTS
    }
    return Instance(
        name, seq, proposals, reference, reactivity=_reactivity(row, name, len(seq)), texts=texts
    )


def _reactivity(row: "pd.Series", name: str, length: int) -> Reactivity | None:
    cell = row.get("reactivity")
    if cell is None or isinstance(cell, float) or len(cell) == 0:  # missing, whatever reads it
        return None
    place = f"record '{name}'"
    found = reactivity_cell(cell, place)
    if len(found) != length:
        raise InputError(f"{place}: {len(found)} reactivities, sequence of {length}")
    return found
