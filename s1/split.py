"""What becomes of accepted windows: split by group, limited, a row per sampled structure."""

from collections.abc import Callable

import numpy as np
import pandas as pd

_SPLIT_STREAM = 3  # of random numbers; `candidates` uses 0 to 2


def split_by_group(
    rows: pd.DataFrame, share: float, seed: int, count: Callable[[str], None] = print
) -> pd.DataFrame:
    """Add column ``split``: whole groups, in random order, fill the validation split.

    A group that would overfill it stays in training.

    Parameters
    ----------
    rows : pandas.DataFrame
        With column ``group``.
    share : float
        Of the rows that train, 0 to 1.
    seed : int
    count : callable
        Gets a line with the size of each split.
    """
    sizes = rows["group"].value_counts(sort=False)
    room = len(rows) - round(share * len(rows))
    validation = set()
    for place in np.random.default_rng([seed, _SPLIT_STREAM]).permutation(len(sizes)):
        if sizes.iloc[place] <= room:
            room -= int(sizes.iloc[place])
            validation.add(sizes.index[place])
    in_validation = rows["group"].isin(validation)
    for split, part in (("train", rows[~in_validation]), ("validation", rows[in_validation])):
        count(f"{split}: {len(part)} sequences in {part['group'].nunique()} groups")
    return rows.assign(split=np.where(in_validation, "validation", "train"))


def limited(
    rows: pd.DataFrame, limit: int, seed: int, count: Callable[[str], None] = print
) -> pd.DataFrame:
    """Keep the first `limit` training rows of a seeded shuffle, and all validation rows.

    So a smaller subset is part of every larger one of the same seed.
    """
    training = rows[rows["split"] == "train"]
    kept = training.sample(frac=1, random_state=seed)[:limit]
    count(f"training split: before {len(training)}, after {len(kept)} (limit {limit})")
    return pd.concat([kept, rows[rows["split"] != "train"]], ignore_index=True)


def with_samples(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each sampled structure, numbered by column ``sample``."""
    rows = rows.assign(dot_bracket=rows["dot_brackets"], free_energy=rows["free_energies"])
    numbers = np.concatenate([np.arange(len(texts)) for texts in rows["dot_bracket"]])
    rows = rows.explode(["dot_bracket", "free_energy"], ignore_index=True)
    return rows.assign(sample=numbers, free_energy=rows["free_energy"].astype(float))
