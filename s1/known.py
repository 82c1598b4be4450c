"""A data set of known structures: cleaned, and without what is much like a reporting set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from boxfold.features.cleaning import canonical_pairs
from boxfold.features.errors import InputError
from boxfold.features.identity import similar_to
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket
from boxfold.s1.pair_prior import PairPrior
from boxfold.s1.tables import read_sequences


@dataclass(frozen=True)
class KnownConfig:
    """Which known structures become training and validation rows."""

    train: tuple[str, ...] = field(
        metadata={"help": "tables of id, sequence, dot_bracket: rows of split 'train'"}
    )
    validation: tuple[str, ...] = field(
        default=(), metadata={"help": "tables: rows of split 'validation'"}
    )
    exclude: tuple[str, ...] = field(
        default=(), metadata={"help": "reporting sets: what is much like one of them is left out"}
    )
    identity: float = field(
        default=0.8, metadata={"help": "at least so identical is much like (1 - edits / length)"}
    )
    without: tuple[str, ...] = field(
        default=(), metadata={"help": "COLUMN=VALUE: such training rows are left out"}
    )
    max_length: int = field(default=600, metadata={"help": "longer sequences are left out"})
    prior: tuple[str, ...] = field(
        default=(), metadata={"help": "keep pair probabilities under these energy parameters"}
    )

    def __post_init__(self) -> None:
        if not 0 < self.identity <= 1:
            raise ValueError(f"identity is {self.identity} (allowed: above 0, at most 1)")


Report = Callable[[str], None]


def known_structures(
    config: KnownConfig, jobs: int = 1, report: Report = print, on_error: Report = print
) -> pd.DataFrame:
    """Rows of a data set, see `boxfold.s1.tables.write_dataset`.

    Pairs that are not canonical or span fewer than three bases are left out, crossing pairs stay.
    Every number of rows dropped is told.

    Parameters
    ----------
    config : KnownConfig
    jobs : int
        Worker processes.
    report, on_error : callable
        Get lines: counts, and bad rows of the tables.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        If a table can't be used, or no row is left.
    """
    train = _read(config.train, on_error).assign(split="train")
    for condition in config.without:
        train = _without(train, condition, report)
    if train.empty:
        raise InputError("no structure is left to train on, so no data set is written")
    validation = _read(config.validation, on_error).assign(split="validation")
    rows = pd.concat([train, validation], ignore_index=True)
    rows = _kept(rows, rows["sequence"].str.len() <= config.max_length, "length", report)
    rows = _kept(rows, ~rows["sequence"].duplicated(), "no sequence twice", report)
    cleaned = [_cleaned(s, d) for s, d in zip(rows["sequence"], rows["dot_bracket"], strict=True)]
    rows = rows.assign(dot_bracket=cleaned)
    rows = _kept(rows, rows["dot_bracket"].str.contains("(", regex=False), "pairs", report)
    if config.exclude:
        others = _read(config.exclude, on_error)["sequence"].tolist()
        similar = similar_to(rows["sequence"].tolist(), others, config.identity)
        why = f"less than {config.identity:g} identical to the excluded"
        rows = _kept(rows, ~similar, why, report)
    if rows.empty:
        raise InputError("no structure is left, so no data set is written")
    return _with_priors(rows, config.prior, jobs) if config.prior else rows


def _read(paths: Sequence[str], on_error: Report) -> pd.DataFrame:
    if not paths:
        return pd.DataFrame({"id": [], "sequence": [], "dot_bracket": []}, dtype=str)
    frames = [read_sequences(path, on_error, on_warning=lambda line: None) for path in paths]
    return pd.concat(frames, ignore_index=True)


def _without(rows: pd.DataFrame, condition: str, report: Report) -> pd.DataFrame:
    column, _, value = condition.partition("=")
    if not value or column not in rows:
        columns = ", ".join(map(str, rows.columns))
        raise InputError(f"'{condition}': COLUMN=VALUE is needed, with a column of {columns}")
    return _kept(rows, rows[column].astype(str) != value, f"not {condition}", report)


def _kept(
    rows: pd.DataFrame, keep: "pd.Series | np.ndarray", why: str, report: Report
) -> pd.DataFrame:
    kept = rows[keep].reset_index(drop=True)
    report(f"structures: before {len(rows)}, after {len(kept)} ({why})")
    return kept


def _cleaned(seq: str, text: str | None) -> str:
    if text is None:
        return ""
    return dot_bracket(canonical_pairs(seq, base_pairs_from_dot_bracket(text)), len(seq))


def _with_priors(rows: pd.DataFrame, parameters: Sequence[str], jobs: int) -> pd.DataFrame:
    from joblib import Parallel, delayed

    found = Parallel(n_jobs=jobs)(
        delayed(PairPrior.of)(seq, parameters) for seq in rows["sequence"]
    )
    columns = pd.DataFrame([prior.to_columns(parameters) for prior in found], index=rows.index)
    return pd.concat([rows, columns], axis=1)
