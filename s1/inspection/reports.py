"""The reports of ``boxfold report-s1``: full table, drawing, and the short tables to print."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from boxfold.features.box import BoxKind
from boxfold.s1.inspection import recall_drawing, report_drawing, summaries
from boxfold.s1.inspection.box_numbers import box_numbers
from boxfold.s1.inspection.completeness import TUNED_METHODS, complete_curve, completeness
from boxfold.s1.inspection.investigation import Investigation
from boxfold.s1.inspection.missed import missed_report
from boxfold.s1.inspection.recall_curves import equal_numbers, recall_curves
from boxfold.s1.inspection.receptive import gradient_profile
from boxfold.s1.inspection.sensitivity_filter import filter_report

GRADIENTS = 32
"""Sequences whose gradients are taken."""


class Report(NamedTuple):
    """Numbers, drawing, and what is worth printing."""

    table: pd.DataFrame
    figure: Figure
    shown: Sequence[pd.DataFrame]


def make_report(what: str, work: Investigation) -> Report:
    """A report from an investigation that has collected what it needs.

    Parameters
    ----------
    what : str
        Of `MAKERS`.
    work : Investigation

    Returns
    -------
    Report
    """
    return MAKERS[what](work)


def _recall(work: Investigation) -> Report:
    table = recall_curves(work.ranked)
    return Report(table, recall_drawing.recall_figure(table), [summaries.recall_summary(table)])


def _complete(work: Investigation) -> Report:
    if work.tune is None:
        raise ValueError("report complete needs sequences to tune on")
    table = completeness(work.ranked, work.tune, work.mean_boxes)
    most = max(4 * work.mean_boxes, 32)
    numbers = np.concatenate([np.arange(0, 16, 0.25), np.geomspace(16, most, 80)])
    curves = {
        (method, kind): complete_curve(work.ranked, method, kind, numbers)
        for method in TUNED_METHODS
        for kind in BoxKind
    }
    shown = table[[name for name in table.columns if not name.endswith("_se")]]
    return Report(table, recall_drawing.complete_figure(table, curves), [shown])


def _missed(work: Investigation) -> Report:
    table = missed_report(work.ranked, work.missed.properties)
    return Report(table, report_drawing.missed_figure(table), [summaries.missed_summary(table)])


def _votes(work: Investigation) -> Report:
    table = work.votes.report()
    return Report(table, report_drawing.votes_figure(table), [summaries.votes_summary(table)])


def _methods(work: Investigation) -> Report:
    table = equal_numbers(work.ranked)
    return Report(table, recall_drawing.methods_figure(table), [summaries.methods_summary(table)])


def _filter(work: Investigation) -> Report:
    table = filter_report(work.ranked)
    return Report(table, recall_drawing.filter_figure(table), [summaries.filter_summary(table)])


def _numbers(work: Investigation) -> Report:
    table = box_numbers(work.ranked)
    return Report(table, report_drawing.numbers_figure(table), [summaries.numbers_summary(table)])


def _calibration(work: Investigation) -> Report:
    table = work.reliability.report()
    shown = summaries.calibration_summary(table)
    return Report(table, report_drawing.calibration_figure(table), [shown])


def _receptive(work: Investigation) -> Report:
    if work.cost is None:
        raise ValueError("report receptive needs what sequences cost")
    profile = gradient_profile(work.model.network, work.examples, GRADIENTS, work.seed)
    cost = work.cost()
    parts = [profile.assign(part="gradient"), cost.assign(part="cost")]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "part", table.pop("part"))
    shown = [summaries.gradient_summary(profile), cost]
    return Report(table, report_drawing.receptive_figure(table), shown)


MAKERS: dict[str, Callable[[Investigation], Report]] = {
    "recall": _recall,
    "complete": _complete,
    "missed": _missed,
    "votes": _votes,
    "methods": _methods,
    "filter": _filter,
    "numbers": _numbers,
    "calibration": _calibration,
    "receptive": _receptive,
}
"""Reports by name."""
