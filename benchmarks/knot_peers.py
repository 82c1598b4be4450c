"""Peers on the sets of `knot_sets.py`, and our curves at their rates of false knots."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from peer_rows import ratio

from boxfold.agents.additive_tuning import structure_scores
from boxfold.agents.agent import Agent
from boxfold.agents.peers import PeerAgent, read_peers
from boxfold.envs.instance import Instance
from boxfold.features.agreement import agreement
from boxfold.features.knots import MIN_KNOT_PAIRS, false_knot_curve
from boxfold.features.structure import IntArray

STATED_RATES = {"hotknots": 0.19, "rnapkplex": 0.22, "ipknot": 0.52, "squarna": 0.15}
"""False-knot rates of peers by issue 5: HotKnots and SQUARNA have no predictions for TS0."""


RATE = f"matched_{MIN_KNOT_PAIRS}"
"""Column of the rate that counts."""

Sets = dict[str, list[Instance]]


def structures(agent: Agent, instances: list[Instance]) -> list[IntArray]:
    """Base pairs of each instance."""
    return [each.base_pairs for each in agent.assemble(instances, np.random.default_rng(0))]


def references(instances: list[Instance]) -> list[IntArray]:
    """Known structures; where there is none, no pairs: nothing is knotted."""
    none = np.zeros((0, 2), dtype=np.int64)
    return [none if each.reference is None else each.reference for each in instances]


def f1_by_id(found: list[IntArray], instances: list[Instance]) -> pd.Series:
    """F1 of each RNA."""
    pairs = zip(found, references(instances), strict=True)
    return pd.Series([agreement(*each).f1 for each in pairs], [each.id for each in instances])


def peer_points(path: Path, sets: Sets) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Peers on the sets that they have predicted, and their F1 by id on ``report``.

    Returns
    -------
    DataFrame
        Columns peer, source, rate, f1, knotted_f1; source ``measured`` on ``matched``, or
        ``stated``, a rate of `STATED_RATES`. Best F1 first, then the lower rate.
    dict of str to Series
    """
    nested = {each.name: each for each in read_peers(path, "ts0", print)}
    rows, by_id = [], {}
    for peer in read_peers(path, "pseudobase", print):
        known = [each for each in sets["report"] if peer.knows(each)]
        found = structures(peer, known)
        by_id[peer.name] = f1_by_id(found, known)
        rates = {"stated": STATED_RATES.get(peer.name)}
        if peer.name in nested:
            rates["measured"] = false_knot_rate(nested[peer.name], sets["matched"])
        scores = structure_scores(found, references(known))
        of_peer = {"f1": scores["f1"], "knotted_f1": scores["knotted_f1"]}
        for source, rate in rates.items():
            if rate is not None:
                rows.append({"peer": peer.name, "source": source, "rate": rate, **of_peer})
    order = ["f1", "rate"]
    return pd.DataFrame(rows).sort_values(order, ascending=[False, True], kind="stable"), by_id


def false_knot_rate(peer: PeerAgent, instances: list[Instance]) -> float:
    """Share of the nested RNAs that the peer has predicted where it finds a knot."""
    known = [each for each in instances if peer.knows(each)]
    rates = false_knot_curve(structures(peer, known), references(known), (MIN_KNOT_PAIRS,))
    return rates[MIN_KNOT_PAIRS]


def at_rate(curve: pd.DataFrame, rate: float) -> int | None:
    """Row label of the greatest false-knot rate not above `rate`, of equals the lowest charge.

    Examples
    --------
    >>> curve = pd.DataFrame({RATE: [0.3, 0.1, 0.1, 0.0], "charge": [0, 1, 2, 3]})
    >>> at_rate(curve, 0.2), at_rate(curve.head(1), 0.2)
    (1, None)
    """
    below = curve[curve[RATE] <= rate].sort_values([RATE, "charge"], ascending=[False, True])
    return int(below.index[0]) if len(below) else None


def against_peers(
    curve: pd.DataFrame, ours: list[pd.Series], peers: pd.DataFrame, theirs: dict[str, pd.Series]
) -> pd.DataFrame:
    """Each agent at each peer's rate; ``ahead`` is its F1 minus the peer's.

    Parameters
    ----------
    curve : DataFrame
        Of `knot_curve.py`, index 0 to N - 1.
    ours : list of Series
        F1 by id on ``report``, of each row of the curve.
    peers, theirs
        Of `peer_points`.

    Returns
    -------
    DataFrame
        Columns of `peers`; charge, rate and F1 of ours, missing where every charge has more false
        knots; ``ahead`` with its 95 % interval, paired bootstrap over RNAs.
    """
    rows = []
    for agent, of_agent in curve.groupby("agent", sort=False):
        for peer in peers.itertuples():
            head = {"agent": agent, **peer._asdict()}
            del head["Index"]
            place = at_rate(of_agent, peer.rate)
            if place is not None:
                difference = (ours[place] - theirs[peer.peer]).dropna().to_numpy()
                value, low, high = ratio(difference, np.ones(len(difference)))
                names = ["charge", RATE, "report_f1", "report_knotted_f1"]
                head |= of_agent.loc[place, names].to_dict()
                head |= {"ahead": value, "low": low, "high": high}
            rows.append(head)
    return pd.DataFrame(rows)


def draw(curve: pd.DataFrame, peers: pd.DataFrame, path: Path) -> None:
    """F1 and knotted-pair F1 over the rate of false knots, beside what issue 5 asks for."""
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    panels = (("f1", "F1, PseudoBase++ report", 0.78), ("knotted_f1", "its knotted pairs", 0.68))
    axes: list[Axes] = list(figure.subplots(1, 2))
    for axis, (column, title, needed) in zip(axes, panels, strict=True):
        axis.fill_between([0, 0.1], needed, 0.9, color="#e0efe0", label="needed")
        for agent, of_agent in curve.groupby("agent", sort=False):
            values = of_agent[f"report_{column}"]
            (line,) = axis.plot(of_agent[RATE], values, marker=".", label=agent)
            shuffles = of_agent[f"shuffled_{MIN_KNOT_PAIRS}"]
            axis.plot(shuffles, values, "--", color=line.get_color(), label=f"{agent}, shuffles")
        _mark(axis, peers[peers[column] > 0], column)
        axis.set(xlabel="false knots, matched nested RNAs (peers: hollow if stated)", title=title)
    axes[0].legend(fontsize=8)
    figure.savefig(path, format="png", dpi=110, metadata={"Software": None})


def _mark(axis: Axes, peers: pd.DataFrame, column: str) -> None:
    """A dot for each rate of each peer; names beside the first, of nested peers only the best."""
    named = set()
    for peer in peers.sort_values(["source", column], ascending=[True, False]).itertuples():
        place = (peer.rate, getattr(peer, column))
        face = "k" if peer.source == "measured" else "none"
        axis.plot(*place, "ko", markersize=4, markerfacecolor=face)
        name = peer.peer if peer.rate else "nested peers"
        if name not in named:
            axis.annotate(name, place, (4, 4), textcoords="offset points", fontsize=7)
        named.add(name)
