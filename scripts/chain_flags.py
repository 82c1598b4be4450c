"""Flags of the chain from sequence to structure, for the verbs that run it."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from boxfold.features.fasta import FastaRecord
from boxfold.features.relations import Pseudoknots
from boxfold.scripts.common import positive_int

if TYPE_CHECKING:
    from boxfold.agents.predictor import Predictor

S1, AGENT = "real", "judge"
"""Who predicts unless told otherwise."""

KNOTTING = (AGENT, "best-score", "evidence-beam")
"""Agents that build pseudoknots unless told otherwise: they charge for them."""


def add_chain_arguments(parser: argparse.ArgumentParser) -> None:
    """Who proposes, who assembles, and how much of it."""
    parser.add_argument(
        "--s1",
        default=S1,
        metavar="NAME|RUN",
        help="mfe, real, or a run folder of train-s1 or a weights file",
    )
    parser.add_argument(
        "--agent", default=AGENT, metavar="NAME|RUN", help="who assembles the boxes"
    )
    parser.add_argument(
        "--samples",
        type=positive_int,
        default=1,
        metavar="K",
        help="draw K different assemblies, keep the one of lowest free energy; 1 is greedy",
    )
    parser.add_argument(
        "--max-boxes",
        type=positive_int,
        metavar="N",
        help="stems per sequence (default: 64, and one for two bases of longer ones)",
    )
    parser.add_argument(
        "--max-length", type=positive_int, default=600, metavar="N", help="longer records are bad"
    )
    parser.add_argument(
        "--pseudoknots",
        choices=("forbid", "allow"),
        help=f"may stems cross (default: allow for {', '.join(KNOTTING)}, else forbid)",
    )


def pseudoknots_of(args: argparse.Namespace) -> Pseudoknots:
    """Whether stems may cross: as told, or as suits the agent."""
    return args.pseudoknots or ("allow" if args.agent in KNOTTING else "forbid")


def load_predictor(args: argparse.Namespace) -> "Predictor":
    """The chain that these flags and ``--seed`` ask for."""
    from boxfold.agents.predictor import Predictor  # torch takes seconds: not for bad input

    return Predictor.load(
        args.s1, args.agent, pseudoknots_of(args), args.max_boxes, args.samples, args.seed
    )


def short_enough(
    records: Iterable[FastaRecord], max_length: int, on_error: Callable[[str], None]
) -> Iterator[FastaRecord]:
    """Records up to a length; the others are named as bad."""
    for record in records:
        if len(record.seq) <= max_length:
            yield record
        else:
            length = f"{len(record.seq)} nt, allowed are {max_length} (--max-length)"
            on_error(f"record '{record.id}': {length}")
