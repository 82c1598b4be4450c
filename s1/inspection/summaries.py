"""Short tables for people, read off the full ones of the reports on S1."""

import numpy as np
import pandas as pd

from boxfold.s1.inspection.box_numbers import ALL, TARGETS
from boxfold.s1.inspection.box_properties import INSTEAD
from boxfold.s1.inspection.recall_curves import PER_SEQUENCE
from boxfold.s1.inspection.sensitivity_filter import WHOLE

RARE = 20
"""Properties of fewer boxes are not printed."""

_LOWEST = 5
_WITHIN = (0.5, 0.9, 0.99)


def recall_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of `recall_curves`: recall by budget; classes, complete sequences, base pairs at L boxes."""
    keys = ["choice", "method"]
    wide = table.pivot(index=keys, columns="budget", values="recall").add_prefix("L x ")
    at_length = table[np.isclose(table["budget"], 1)].set_index(keys)
    names = ["recall_1", "recall_2", "recall_3+", "all_stems", "pair_recall"]
    wide = wide.join(at_length[names].add_suffix(" at L"))
    order = pd.MultiIndex.from_frame(table[keys].drop_duplicates())
    wide = wide.loc[order].reset_index()
    return wide.sort_values("choice", key=lambda choice: choice != PER_SEQUENCE, kind="stable")


def missed_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of `missed_report`: each kind as a whole, then where ends finds the smallest shares."""
    columns = ["kind", "property", "value", "boxes", "recall_ends", "recall_ends_se"]
    columns += ["recall_on .1", "recall_votes .2", "on_found_ends", "on_missed_ends"]
    columns += [f"instead: {value}" for value in INSTEAD]
    parts = []
    for _, of_kind in table.groupby("kind", sort=False):
        frequent = of_kind[(of_kind["property"] != "all") & (of_kind["boxes"] >= RARE)]
        frequent = frequent[frequent["recall_ends"] < 1]
        parts.append(of_kind[of_kind["property"] == "all"])
        parts.append(frequent.nsmallest(_LOWEST, "recall_ends"))
    return pd.concat(parts)[columns]


def votes_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of `VoteStudy.report`: all boxes, and those with more than one vote per pixel."""
    rows = []
    for (kind, votes), part in table.groupby(["kind", "votes"], sort=False):
        whole = part.iloc[0]
        bins = part.iloc[1:]
        above, half = (bins[bins["more_than"] >= least] for least in (1, 0.5))
        rows.append(
            {
                "kind": kind,
                "votes": votes,
                "boxes": whole["boxes"],
                "precision": whole["precision"],
                "above .5": _share(half["boxes"].sum(), whole["boxes"]),
                "precision above .5": _share(half["correct"].sum(), half["boxes"].sum()),
                "above 1": _share(above["boxes"].sum(), whole["boxes"]),
                "precision above 1": _share(above["correct"].sum(), above["boxes"].sum()),
                "right ones above 1": _share(above["correct"].sum(), whole["correct"]),
                "inside": whole["inside"],
                "outside": whole["outside"],
            }
        )
    return pd.DataFrame(rows)


def methods_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of `equal_numbers`: recall of stems and of all loops by number."""
    part = table[table["boxes"].isin(["stem", "loop"])]
    wide = part.pivot(index="method", columns=["boxes", "number"], values="recall")
    wide = wide.reindex(table["method"].unique())
    wide.columns = [f"{number} {boxes}s" for boxes, number in wide.columns]
    return wide.reset_index()


def filter_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of `filter_report`: all examples together."""
    return table[table["by"] == WHOLE].drop(columns=["by", "bin"])


def numbers_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of `box_numbers`: targets, and boxes of method ends by threshold, all lengths together."""
    shown = (table["length"] == ALL) & table["boxes"].str.match(f"{TARGETS}|ends")
    return table[shown][["kind", "boxes", "mean", "per_base", "sd", "q05", "q50", "q95", "max"]]


def calibration_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of `Reliability.report`: errors by quantity, and by length where there are several."""
    keys = ["quantity", "length"]
    errors = table.groupby(keys, sort=False)[["ece", "ece_all", "ratio", "rmse"]].first()
    errors = errors.reset_index()
    several = errors["length"].nunique() > 2
    return errors if several else errors[errors["length"] == ALL]


def gradient_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of `gradient_profile`: distance within which a share of the gradients lies."""
    rows = []
    for output, part in table.groupby("output", sort=False):
        within = part["within"].to_numpy()
        at = [int(part["distance"].iloc[np.searchsorted(within, s - 1e-9)]) for s in _WITHIN]
        distances = {f"{s:.0%} within": d for s, d in zip(_WITHIN, at, strict=True)}
        cross = (
            part["cross"][part["distance"] > 1].sum() / part["share"][part["distance"] > 1].sum()
        )
        rows.append({"output": output, **distances, "own rows and columns": cross})
    return pd.DataFrame(rows)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
