"""``boxfold evaluate``: compare agents on the same boxes, one table."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path, check_writable
from boxfold.scripts.common import EXIT_RECORDS, positive_int, progress, say, verb_main, warn
from boxfold.scripts.csv_table import write_csv
from boxfold.scripts.engine_flags import add_engine_arguments, engine_of
from boxfold.scripts.reward_flags import (
    add_reactivities_argument,
    judging_rewards,
    with_objective,
)

if TYPE_CHECKING:
    import pandas as pd

    from boxfold.agents.agent import Agent

DESCRIPTION = """Compare agents on the same boxes: validity, accuracy against the dot_bracket
column, free energy against the exact optimum over the same boxes and against RNAfold, CPU time.
Prints the summary and writes summary.csv and per_sequence.csv."""

EXAMPLE = """boxfold dataset --synthetic --count 100 --seed 7 --out windows.parquet
boxfold propose --data windows.parquet --max-boxes 64 --out proposals.parquet
boxfold evaluate --data proposals.parquet --agents beam exact ppo --samples 16 --out comparison"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("--data", required=True, metavar="P.parquet", help="output of propose")
    parser.add_argument(
        "--split", choices=("train", "validation"), help="only rows of this split (default: all)"
    )
    parser.add_argument(
        "--agents",
        nargs="*",
        metavar="NAME|RUN",
        help="agents by name, or run folders of train-agent and train-supervised; beam@4: a beam "
        "of this width, clone@beam4 or RUN@beam4: one guided by a policy "
        "(default: every built-in and shipped agent; none at all beside --peers)",
    )
    parser.add_argument(
        "--peers",
        metavar="CSV",
        help="predictions of other tools (columns id, tool, dot_bracket; plain or gzip): each tool "
        "becomes a row, over the sequences that it has predicted",
    )
    parser.add_argument(
        "--peer-set", metavar="NAME", help="only rows of --peers with this value in column set"
    )
    parser.add_argument(
        "--samples",
        type=positive_int,
        default=1,
        metavar="K",
        help="agents that sample get a second row: K different assemblies, the best by energy",
    )
    parser.add_argument(
        "--top",
        type=positive_int,
        default=1,
        metavar="K",
        help="also take the K best different structures of each agent; adds columns f1_best_of_K "
        "and diversity",
    )
    parser.add_argument(
        "--max-boxes", type=positive_int, default=64, metavar="N", help="stems per sequence"
    )
    parser.add_argument(
        "--pseudoknots", choices=("forbid", "allow"), default="forbid", help="may stems cross"
    )
    parser.add_argument(
        "--reward",
        metavar="NAME=WEIGHT,...|F.yaml",
        help="rewards that agents search and rerank by, in place of the free energy "
        "(docs/rewards.md); adds columns reward and reward_calls",
    )
    parser.add_argument(
        "--max-reward-calls",
        type=positive_int,
        metavar="N",
        help="most structures that beam and annealing have judged by --reward, per sequence",
    )
    add_reactivities_argument(parser)
    add_engine_arguments(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the two tables")


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, write both files; 1 if an agent failed on a sequence."""
    from boxfold.agents.evaluation import EvaluationConfig, evaluate_agents, summarise
    from boxfold.agents.peers import read_peers
    from boxfold.agents.registry import load_agents
    from boxfold.scripts.agent_data import split_instances

    tables = [Path(args.out) / name for name in ("summary.csv", "per_sequence.csv")]
    for table in tables:
        check_writable(table, args.overwrite)
    rewards = judging_rewards(args.reward)
    instances = with_objective(
        split_instances(args.data, args.split, args.max_boxes, reactivities=args.reactivities),
        rewards,
    )
    failures: list[str] = []
    if args.agents == [] and not args.peers:
        raise InputError("--agents: at least one name is needed without --peers")
    agents = load_agents(args.agents, args.pseudoknots)
    if args.max_reward_calls:
        _limit(agents, args.max_reward_calls, rewards is not None)
    if args.peers:
        agents += read_peers(args.peers, args.peer_set, failures.append)
    config = EvaluationConfig(args.samples, args.seed, args.pseudoknots, top=args.top)
    with engine_of(args) as engine:
        rows = evaluate_agents(agents, instances, config, failures.append, _progress, engine)
    for line in failures:
        warn(line)
    summary = summarise(rows)
    for table, frame in zip(tables, (summary, rows), strict=True):
        with atomic_path(table, args.overwrite) as temporary:
            write_csv(frame, temporary)
    say(format_table(summary))
    return EXIT_RECORDS if failures else 0


def _limit(agents: "Sequence[Agent]", n_calls: int, is_judged: bool) -> None:
    if not is_judged:
        raise InputError("--max-reward-calls: --reward NAME=WEIGHT is needed with it")
    for agent in agents:
        if hasattr(agent, "max_energy_calls"):
            agent.max_energy_calls = n_calls


def format_table(summary: "pd.DataFrame") -> str:
    """Aligned text of a summary: rates and energies to three decimals, times to five.

    Parameters
    ----------
    summary : DataFrame
        Of `boxfold.agents.evaluation.summarise`.

    Returns
    -------
    str
        Missing values are ``-``.
    """
    formats = {"n": "{:.0f}", "seconds": "{:.5f}"}
    formats |= dict.fromkeys(("energy_calls", "reward_calls"), "{:.1f}")
    cells = [list(summary.columns)]
    for row in summary.to_dict("records"):
        cells.append([_cell(value, formats.get(name, "{:.3f}")) for name, value in row.items()])
    widths = [max(len(line[k]) for line in cells) for k in range(len(cells[0]))]
    return "\n".join(_aligned(line, widths) for line in cells)


def _cell(value: object, form: str) -> str:
    import pandas as pd  # in functions only: --help starts without it

    if isinstance(value, str):
        return value
    return "-" if pd.isna(value) else form.format(value)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(line, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)])


def _progress(batches: Iterable[Any], total: int) -> Iterable[Any]:
    return progress(batches, total, "batches of an agent")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
