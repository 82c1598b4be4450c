"""A data set of known structures: cleaned, and without what is much like a reporting set."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from boxfold.features.cleaning import canonical_pairs
from boxfold.features.errors import InputError
from boxfold.features.identity import similar_to
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket
from boxfold.rewards.energy import PARAMETER_SETS
from boxfold.s1.known_config import KnownConfig
from boxfold.s1.pair_prior import PairPrior, prior_types
from boxfold.s1.tables import read_sequences
from boxfold.s1.variants import VARIANTS

Report = Callable[[str], None]

_VARIANT = "~"  # between the id of a structure and the name of its variant


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
    train = _read(config.train, on_error)
    for condition in config.without:
        train = _without(train, condition, report)
    train = train.assign(split="train")
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
    rng = np.random.default_rng(config.seed)
    if config.sample:
        rows = _kept(rows, _sampled(rows, config.sample, rng), "sample", report)
    for kind, share in config.variant_shares().items():
        rows = pd.concat([rows, _variants(rows, kind, share, rng)], ignore_index=True)
        report(f"structures: {len(rows)} with those {kind}")
    if config.variants_only:
        is_variant = rows["id"].str.contains(_VARIANT, regex=False)
        rows = _kept(rows, is_variant, "variants only", report)
    if rows.empty:
        raise InputError("no structure is left, so no data set is written")
    return _with_priors(rows, config.prior, jobs) if config.prior else rows


def _read(paths: Sequence[str], on_error: Report) -> pd.DataFrame:
    if not paths:
        return pd.DataFrame({"id": [], "sequence": [], "dot_bracket": []}, dtype=str)
    frames = [read_sequences(path, on_error, on_warning=lambda line: None) for path in paths]
    rows = pd.concat(frames, ignore_index=True)
    # A data set's own probabilities would stay with sequences that are changed.
    return rows.drop(columns=[*prior_types(tuple(PARAMETER_SETS))], errors="ignore")


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


def _sampled(rows: pd.DataFrame, size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which rows stay: all that validate, and `size` of the others."""
    is_training = (rows["split"] == "train").to_numpy()
    keep = ~is_training
    keep[rng.permutation(np.flatnonzero(is_training))[:size]] = True
    return keep


def _variants(
    rows: pd.DataFrame, kind: str, share: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Variants of the training rows that are no variants themselves."""
    is_own = (rows["split"] == "train") & ~rows["id"].str.contains(_VARIANT, regex=False)
    own = rows[is_own]
    number = np.floor(share * np.arange(1, len(own) + 1)) - np.floor(share * np.arange(len(own)))
    made = own.loc[own.index.repeat(number.astype(int))]
    structures = [
        VARIANTS[kind](seq, text, rng)
        for seq, text in zip(made["sequence"], made["dot_bracket"], strict=True)
    ]
    count = made.groupby(level=0).cumcount() + 1
    ids = made["id"] + f"{_VARIANT}{kind}" + count.astype(str)
    sequences, texts = zip(*structures, strict=True) if structures else ((), ())
    return made.assign(id=ids, sequence=list(sequences), dot_bracket=list(texts))


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
