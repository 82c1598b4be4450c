"""Predictions beside known structures: one row each, the subsets that are reported, intervals."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from boxfold.agents.real_structures import real_measures
from boxfold.features.agreement import agreement
from boxfold.features.errors import InputError
from boxfold.features.knots import is_knotted
from boxfold.features.structure import base_pairs_from_dot_bracket, is_nested
from boxfold.s1.tables import read_sequences

FILES = {"ts0": "bprna_ts0", "pseudobase": "pseudobase_pp", "rfam151": "rfam151"}
"""File of each set of known structures; the keys are the sets of the predictions."""

LENGTH_BINS = ((1, 80), (81, 120), (121, 200), (201, 10_000))
KNOT_SIZES = (1, 2, 3, 4)
RESAMPLES = 2000

FloatArray = NDArray[np.float64]


class Ratio(NamedTuple):
    """A ratio of sums over sequences with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def ratio(numerator: FloatArray, denominator: FloatArray, seed: int = 0) -> Ratio:
    """Sum of numerators over sum of denominators, bootstrapped over sequences.

    A mean is a ratio with denominators 1; a micro F1 has 2 TP over predicted and known pairs.

    Examples
    --------
    >>> ratio(np.array([1.0, 3.0]), np.array([1.0, 1.0])).value
    2.0
    """
    if not denominator.sum():
        return Ratio(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(numerator), size=(RESAMPLES, len(numerator)))
    below = denominator[drawn].sum(axis=1)
    values = numerator[drawn].sum(axis=1)[below > 0] / below[below > 0]
    low, high = np.quantile(values, [0.025, 0.975])
    return Ratio(float(numerator.sum() / denominator.sum()), float(low), float(high))


def known_structures(folder: Path) -> pd.DataFrame:
    """All reporting sets: columns id, set, sequence, length, dot_bracket, nested, new_family.

    PseudoBase++ is its half ``report``. ``nested``: no two pairs cross. ``new_family``: the Rfam
    accession is known (of PseudoBase++ none is) and occurs nowhere in TR0.
    """
    trained = set(pd.read_csv(folder / "bprna_tr0.csv.gz")["rfam_acc"].dropna())
    frames = []
    for name, file in FILES.items():
        frame = read_sequences(folder / f"{file}.csv.gz", on_warning=lambda line: None)
        if "half" in frame:
            frame = frame[frame["half"] == "report"]
        family = (
            frame["family" if name == "rfam151" else "rfam_acc"] if name != "pseudobase" else None
        )
        new = False if family is None else family.notna() & ~family.isin(trained)
        frames.append(frame[["id", "sequence", "dot_bracket"]].assign(set=name, new_family=new))
    known = pd.concat(frames, ignore_index=True)
    nested = [is_nested(base_pairs_from_dot_bracket(text)) for text in known["dot_bracket"]]
    return known.assign(length=known["sequence"].str.len(), nested=nested)


def length_matched(wanted: pd.Series, offered: pd.Series) -> list[str]:
    """For each wanted length the sequence of the nearest length that is not taken yet.

    Short ones choose first: the nested RNAs of TS0 are longer than PseudoBase++, so the short ones
    are scarce. Of two equally near the shorter is taken, then the first by id.

    Parameters
    ----------
    wanted, offered : Series
        Lengths by id.

    Returns
    -------
    list of str
        Ids of `offered`, at most as many as it has.

    Examples
    --------
    >>> length_matched(pd.Series({"a": 30, "b": 29}), pd.Series({"x": 31, "y": 50, "z": 29}))
    ['z', 'x']
    """
    left = offered.sort_index(kind="stable").sort_values(kind="stable")
    taken = []
    for length in sorted(wanted)[: len(left)]:
        best = (left - length).abs().to_numpy().argmin()
        taken.append(str(left.index[best]))
        left = left.drop(left.index[best])
    return taken


def measured(predictions: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """One row per prediction of a known sequence, with `real_measures` and knots by size.

    Raises
    ------
    InputError
        If a prediction has another length than its sequence.
    """
    by_id = known.set_index("id")
    rows = []
    for each in predictions[predictions["id"].isin(by_id.index)].itertuples():
        of = by_id.loc[each.id]
        if len(each.dot_bracket) != of["length"]:
            raise InputError(f"record '{each.id}' of {each.tool}: a structure of another length")
        pairs, reference = map(base_pairs_from_dot_bracket, (each.dot_bracket, of["dot_bracket"]))
        sizes = {f"knot_of_{size}": is_knotted(pairs, size) for size in KNOT_SIZES}
        sizes["knot_of_3_both"] = is_knotted(pairs, 3, both=True)
        values = {"f1": agreement(pairs, reference).f1, **sizes}
        values |= real_measures(of["sequence"], pairs, reference)
        rows.append({"id": each.id, "tool": each.tool, **values})
    columns = ["id", "set", "length", "nested", "new_family"]
    return pd.DataFrame(rows).merge(known[columns], on="id")


def subsets(rows: pd.DataFrame, matched: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Parts of the rows of one set that are reported, by name; empty ones are left out."""
    knotted = rows["reference_knotted"] == 1
    parts = {"all": rows, "nested": rows[rows["nested"]], "knotted": rows[knotted]}
    for low, high in LENGTH_BINS:
        name = f"{low}-{high} nt" if high < LENGTH_BINS[-1][1] else f"over {low - 1} nt"
        parts[name] = rows[rows["length"].between(low, high)]
    parts["new family"] = rows[rows["new_family"]]
    parts["length-matched"] = rows[rows["id"].isin(matched)]
    yield from ((name, part) for name, part in parts.items() if len(part))


def ratios(rows: pd.DataFrame) -> dict[str, Ratio]:
    """Every metric of the rows of one tool."""
    one = np.ones(len(rows))
    counts = rows[["knot_tp", "knot_predicted", "knot_known"]].to_numpy(dtype=np.float64)
    plain = (rows["reference_knotted"] == 0).to_numpy(dtype=np.float64)
    found = {
        "f1": ratio(rows["f1"].to_numpy(), one),
        "f1_canonical": ratio(rows["f1_canonical"].to_numpy(dtype=np.float64), one),
        "knotted_f1": ratio(2 * counts[:, 0], counts[:, 1] + counts[:, 2]),
        "false_knots": ratio(rows["knotted"].to_numpy(dtype=np.float64) * plain, plain),
    }
    if rows["nested"].all():
        for size in (*KNOT_SIZES, "3_both"):
            knots = rows[f"knot_of_{size}"].to_numpy(dtype=np.float64)
            found[f"false_knots_{size}"] = ratio(knots, one)
    return found
