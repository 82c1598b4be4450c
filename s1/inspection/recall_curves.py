"""Recall of target boxes against the number of boxes offered, method by method."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from boxfold.features.box import BoxKind
from boxfold.features.structure import BoolArray
from boxfold.s1.inspection.ranked_targets import RankedTargets
from boxfold.s1.inspection.shares import all_of_each, clustered_share

BUDGETS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Stems per sequence in units of its length."""

NUMBERS = (16, 32, 64, 128)
"""Stems per sequence, and as many loops."""

WITHOUT_SCORE = ("union", "both")
"""Their scores are ranks, so a threshold for all sequences says nothing new."""

STEM_CLASSES = {"1": (1, 1), "2": (2, 2), "3+": (3, 10**6)}
"""Fewest and most pairs by label."""

PER_SEQUENCE, GLOBAL = "per sequence", "global threshold"


def recall_curves(ranked: RankedTargets, budgets: Sequence[float] = BUDGETS) -> pd.DataFrame:
    """Stem recall at several numbers of boxes per base.

    Parameters
    ----------
    ranked : RankedTargets
    budgets : sequence of float
        In units of the length.

    Returns
    -------
    DataFrame
        ``method``, ``choice`` (the same number for each base of every sequence, or one score
        threshold for all at the same mean number), ``budget``, ``threshold``, ``offered`` (mean
        number), then with ``_se``: ``recall``, ``recall_1``, ``recall_2``, ``recall_3+`` by
        pairs of the stem, ``all_stems`` (sequences with all their stems), ``pair_recall``.
    """
    sequences, pairs = ranked.sequences, ranked.pairs
    stems = ranked.targets[ranked.targets["kind"] == BoxKind.STEM]
    limits = np.maximum(np.outer(budgets, sequences["length"]).round(), 1)
    rows = []
    for method in ranked.methods:
        for budget, limit in zip(budgets, limits, strict=True):
            found = [part[f"rank_{method}"] < limit[part["sequence"]] for part in (stems, pairs)]
            offered = np.minimum(sequences[f"stems_{method}"], limit).mean()
            head = {"method": method, "choice": PER_SEQUENCE, "budget": budget}
            rows.append({**head, "offered": offered, **_recalls(stems, pairs, *found)})
        if method not in WITHOUT_SCORE:
            rows += _global_rows(ranked, method, budgets, stems, pairs)
    return pd.DataFrame(rows)


def _global_rows(
    ranked: RankedTargets,
    method: str,
    budgets: Sequence[float],
    stems: pd.DataFrame,
    pairs: pd.DataFrame,
) -> Iterator[dict[str, object]]:
    pool = -np.sort(-np.concatenate(ranked.scores(method, BoxKind.STEM)))
    for budget in budgets:
        wanted = round(budget * float(ranked.sequences["length"].sum()))
        if not len(pool):
            continue
        threshold = float(pool[min(wanted, len(pool)) - 1])
        found = [part[f"score_{method}"] >= threshold for part in (stems, pairs)]
        yield {
            "method": method,
            "choice": GLOBAL,
            "budget": budget,
            "threshold": threshold,
            "offered": (pool >= threshold).sum() / ranked.n_sequences,
            **_recalls(stems, pairs, *found),
        }


def _recalls(
    stems: pd.DataFrame, pairs: pd.DataFrame, found: pd.Series, pair_found: pd.Series
) -> dict[str, float]:
    """Recall columns of one row, each with its standard error."""
    sequence = stems["sequence"]
    shares = {"recall": clustered_share(found, sequence)}
    for label, (least, most) in STEM_CLASSES.items():
        of_class = stems["n_rows"].between(least, most)
        shares[f"recall_{label}"] = clustered_share(found[of_class], sequence[of_class])
    complete = all_of_each(found, sequence)
    shares["all_stems"] = clustered_share(complete, np.arange(len(complete)))
    shares["pair_recall"] = clustered_share(pair_found, pairs["sequence"])
    columns = {}
    for name, share in shares.items():
        columns[name], columns[f"{name}_se"] = share
    return columns


def equal_numbers(ranked: RankedTargets, numbers: Sequence[int] = NUMBERS) -> pd.DataFrame:
    """Recall of stems and of loops where every method offers the same number of boxes.

    Parameters
    ----------
    ranked : RankedTargets
    numbers : sequence of int
        Stems per sequence, and as many loops of both kinds together.

    Returns
    -------
    DataFrame
        ``method``, ``boxes`` (``stem``, ``loop``, ``interior_loop``, ``hairpin``), ``number``,
        ``offered`` (mean number, less than ``number`` where a method has no more), ``recall``
        and ``all_found`` (sequences with all such boxes) with ``_se``.
    """
    targets, sequences = ranked.targets, ranked.sequences
    is_stem = targets["kind"] == BoxKind.STEM
    groups: dict[str, BoolArray | pd.Series] = {"stem": is_stem, "loop": ~is_stem}
    for kind in (BoxKind.INTERIOR_LOOP, BoxKind.HAIRPIN):
        groups[kind.label] = targets["kind"] == kind
    rows = []
    for method in ranked.methods:
        for boxes, of_group in groups.items():
            listed = sequences[f"{'stems' if boxes == 'stem' else 'loops'}_{method}"]
            if not listed.any():
                continue
            ranks, sequence = targets.loc[of_group, f"rank_{method}"], targets.loc[of_group]
            for number in numbers:
                found = ranks < number
                complete = all_of_each(found, sequence["sequence"])
                recall = clustered_share(found, sequence["sequence"])
                all_found = clustered_share(complete, np.arange(len(complete)))
                offered = np.minimum(listed, number).mean()
                rows.append((method, boxes, number, offered, *recall, *all_found))
    columns = ["method", "boxes", "number", "offered"]
    columns += ["recall", "recall_se", "all_found", "all_found_se"]
    return pd.DataFrame(rows, columns=columns)
