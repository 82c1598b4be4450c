"""What both verbs that train S1 share: their data, and the flags that name it."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from boxfold.features.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from boxfold.s1.batches import Example


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags for the tables."""
    parser.add_argument("--data", nargs="+", required=True, help="tables of `boxfold dataset`")
    parser.add_argument(
        "--validation",
        nargs="+",
        help="tables: their rows of split 'validation', or all if none is (default: of --data)",
    )


def load_split(
    data: Sequence[str], validation: Sequence[str] | None, report: Callable[[str], None] = print
) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """Rows to train on and rows to validate on, no group on both sides.

    Tables may be cut from the same transcripts, so what validates in one may train in another:
    such rows are dropped from training.

    Parameters
    ----------
    data : sequence of str
    validation : sequence of str, optional
        Their rows of split 'validation', or all if none is; default: those of `data`.
    report : callable
        Gets a line with the number of dropped rows.

    Raises
    ------
    InputError
        If there are no validation rows.
    """
    import pandas as pd  # in functions only: --help starts without it

    from boxfold.s1.tables import read_dataset

    train = pd.concat([read_dataset(path) for path in data], ignore_index=True)
    if validation:
        held_out = pd.concat([read_dataset(path) for path in validation], ignore_index=True)
        if (held_out["split"] == "validation").any():
            held_out = held_out[held_out["split"] == "validation"]
    else:
        is_validation = train["split"] == "validation"
        if not is_validation.any():
            raise InputError(
                f"{', '.join(data)}: no rows of split 'validation' "
                "(make them with `boxfold dataset --split`, or give --validation)"
            )
        train, held_out = train[~is_validation], train[is_validation]
    groups = held_out["group"].dropna()
    # Synthetic windows are groups of their own, numbered in each table from 0.
    validates = train["group"].isin(groups[~groups.str.startswith("synthetic:")])
    report(
        f"training rows: before {len(train)}, after {int((~validates).sum())} "
        f"({int(validates.sum())} dropped, their group validates)"
    )
    return train[~validates], held_out


def examples(frame: "pd.DataFrame", prior: Sequence[str] = ()) -> "list[Example]":
    """Training examples of dataset rows, with the priors that the rows hold."""
    from boxfold.s1.batches import Example
    from boxfold.s1.pair_prior import PairPrior
    from boxfold.s1.soft_ends import SoftEnds

    return [
        Example.from_dot_bracket(
            row["sequence"],
            row["dot_bracket"],
            SoftEnds.from_row(row),
            PairPrior.from_row(row, prior),
        )
        for row in frame.to_dict("records")
    ]
