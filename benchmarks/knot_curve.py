r"""F1 on knotted RNAs against false knots on nested ones, of agents over charges, and of peers.

OMP_NUM_THREADS=1 python benchmarks/knot_curve.py --agents best-score evidence-beam \
    --data runs/knots/real --out runs/knots/real/curve

--data is a folder of `benchmarks/knot_sets.py --s1`; with --s1 here too it is made first. Writes
curve.csv (a row per agent and charge), peers.csv, both as curve.md, curve.png, and
structures.csv. Charge `inf` forbids knots. `knotted_f1` is one F1 over the pairs that cross
another pair of their own structure. `matched_N` and `shuffled_N` are rates of false knots: RNAs
where a stem of at least N pairs crosses another; a shuffle is taken to have none.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from knot_peers import (
    RATE,
    Sets,
    against_peers,
    draw,
    f1_by_id,
    peer_points,
    references,
    structures,
)
from knot_sets import SETS, add_set_arguments, propose_sets, write_sets
from peer_rows import KNOT_SIZES

from boxfold.agents.additive_agents import BestScoreAgent, BestScoreConfig
from boxfold.agents.additive_tuning import structure_scores
from boxfold.agents.agent import Agent
from boxfold.agents.evidence_beam import EvidenceBeamAgent, EvidenceBeamConfig
from boxfold.agents.judge_agent import JudgeAgent
from boxfold.agents.learned import load_learned
from boxfold.agents.registry import JUDGE, shipped_weights
from boxfold.envs.instance import Instance
from boxfold.features.files import atomic_path
from boxfold.features.knots import MIN_KNOT_PAIRS, false_knot_curve
from boxfold.features.relations import Pseudoknots
from boxfold.features.structure import IntArray, dot_bracket, is_nested
from boxfold.rewards.pseudoknot import KnotPenalties
from boxfold.scripts.agent_data import split_instances
from boxfold.scripts.common import guarded, progress
from boxfold.scripts.markdown import markdown_table

Make = Callable[[float, Pseudoknots], Agent]
"""Agent of a charge for each stem that knots, in the units of the agent."""


def shipped_judge(charge: float, knots: Pseudoknots) -> Agent:
    """The agent `judge` with another charge."""
    learned = load_learned(shipped_weights(JUDGE))
    return JudgeAgent(learned._replace(knot_charge=charge), JUDGE, knots)


AGENTS: dict[str, Make] = {
    JUDGE: shipped_judge,
    "best-score": lambda charge, knots: BestScoreAgent(knots, BestScoreConfig(knot_charge=charge)),
    "evidence-beam": lambda charge, knots: EvidenceBeamAgent(
        knots, EvidenceBeamConfig(penalties=KnotPenalties(stem=charge))
    ),
}
EXACT = {JUDGE, "best-score"}
"""Agents that find the optimum: where it has no knot, it stays the optimum as the charge rises."""

CHARGES = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, np.inf)


class Point(NamedTuple):
    """Structures of one agent at one charge, by set."""

    agent: str
    charge: float
    found: dict[str, list[IntArray]]


def sweep(name: str, charges: Sequence[float], sets: Sets) -> Iterator[Point]:
    """Structures of all RNAs at each charge, the charges rising."""
    found: dict[str, list[IntArray]] = {}
    for charge in sorted(charges):
        agent = AGENTS[name](0.0, "forbid") if np.isinf(charge) else AGENTS[name](charge, "allow")
        before = found if name in EXACT else {}
        found = {key: restructured(agent, sets[key], before.get(key)) for key in SETS}
        yield Point(name, charge, found)


def restructured(
    agent: Agent, instances: list[Instance], before: list[IntArray] | None
) -> list[IntArray]:
    """Structures, solved anew only where those of a lower charge are knotted, if there are any."""
    if before is None:
        return structures(agent, instances)
    places = [place for place, pairs in enumerate(before) if not is_nested(pairs)]
    anew = structures(agent, [instances[place] for place in places])
    found = dict(zip(places, anew, strict=True))
    return [found.get(place, pairs) for place, pairs in enumerate(before)]


def curve_row(point: Point, sets: Sets) -> dict[str, object]:
    """Every number of one agent at one charge."""
    row: dict[str, object] = {"agent": point.agent, "charge": point.charge}
    for name in ("report", "flanked", "matched"):
        scores = structure_scores(point.found[name], references(sets[name]))
        row |= {f"{name}_{key}": scores[key] for key in ("f1", "knotted_f1")}
    del row["matched_knotted_f1"]  # nothing is knotted there
    for name in ("matched", "shuffled"):
        rates = false_knot_curve(point.found[name], references(sets[name]), KNOT_SIZES)
        row |= {f"{name}_{size}": rate for size, rate in rates.items()}
    return row


def structure_rows(points: list[Point], sets: Sets) -> pd.DataFrame:
    """Columns agent, charge, set, id, dot_bracket."""
    return pd.DataFrame(
        {"agent": point.agent, "charge": point.charge, "set": name, "id": each.id,
         "dot_bracket": dot_bracket(pairs, len(each.seq))}
        for point in points
        for name in SETS
        for pairs, each in zip(point.found[name], sets[name], strict=True)
    )  # fmt: skip


def report_text(curve: pd.DataFrame, table: pd.DataFrame) -> str:
    """Both tables in Markdown; false knots by size in one of their own."""
    sizes = [f"{name}_{size}" for name in ("matched", "shuffled") for size in KNOT_SIZES]
    main_rates = [RATE, f"shuffled_{MIN_KNOT_PAIRS}"]
    scores = [name for name in curve if name not in sizes]
    parts = [curve[scores + main_rates], curve[["agent", "charge", *sizes]], table]
    return "\n\n".join(map(markdown_table, parts)) + "\n"


def write(out: Path, frames: dict[str, pd.DataFrame], text: str) -> None:
    """Write tables as NAME.csv and the text as curve.md."""
    for name, frame in frames.items():
        with atomic_path(out / f"{name}.csv") as path:
            frame.to_csv(path, index=False, float_format="%.5f")
    with atomic_path(out / "curve.md") as path:
        path.write_text(text)


def parsed_arguments() -> argparse.Namespace:
    """Flags of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_set_arguments(parser)
    parser.add_argument("--s1", help="make the sets and these weights' boxes in --data first")
    parser.add_argument("--data", type=Path, required=True, help="folder of knot_sets.py --s1")
    parser.add_argument("--agents", nargs="+", choices=AGENTS, default=list(AGENTS))
    parser.add_argument("--charges", type=float, nargs="+", default=CHARGES)
    parser.add_argument("--out", type=Path, required=True, help="folder")
    return parser.parse_args()


def main() -> int:
    """Sweep, print, write the tables and the figure."""
    args = parsed_arguments()
    if args.s1:
        write_sets(args.shared, args.seeds, args.data)
        propose_sets(args.data, args.s1, args.max_boxes)
    tables = {name: str(args.data / f"{name}.parquet") for name in SETS}
    sets = {name: split_instances(path, None, args.max_boxes) for name, path in tables.items()}
    runs = chain.from_iterable(sweep(name, args.charges, sets) for name in args.agents)
    points = list(progress(runs, len(args.agents) * len(args.charges), "settings"))
    curve = pd.DataFrame([curve_row(point, sets) for point in points])
    ours = [f1_by_id(point.found["report"], sets["report"]) for point in points]
    peers, theirs = peer_points(args.shared / "peers_public.csv.gz", sets)
    table = against_peers(curve, ours, peers, theirs)
    text = report_text(curve, table)
    print(text)
    frames = {"curve": curve, "peers": table, "structures": structure_rows(points, sets)}
    write(args.out, frames, text)
    with atomic_path(args.out / "curve.png") as path:
        draw(curve, peers, path)
    return 0


if __name__ == "__main__":
    sys.exit(guarded("knot_curve", main))
