"""Where the sequences of ``boxfold propose`` come from, and the structures of other tools."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from boxfold.features.errors import InputError
from boxfold.scripts.common import warn

if TYPE_CHECKING:
    import pandas as pd

    from boxfold.s1.engine import Engine
    from boxfold.s1.propose import ProposeConfig, Proposed


def add_structure_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags for the structures of other tools."""
    parser.add_argument(
        "--structures",
        nargs="+",
        metavar="FILE",
        help="structures that other tools predict: dbn, ct, bpseq, Stockholm, JSON or CSV (id, "
        "dot_bracket; sequence, tool and set if there are). Their stems become the boxes, the "
        "share of structures with them the score; --method is not used. "
        "Sequences: --data, or these files",
    )
    parser.add_argument(
        "--structure-set", metavar="NAME", help="only CSV rows with this value in column set"
    )
    parser.add_argument(
        "--with-s1",
        action="store_true",
        help="boxes of --structures and of S1: mean score, evidence of S1, votes of the structures",
    )


def structure_proposals(
    args: argparse.Namespace, config: "ProposeConfig", engine: "Engine"
) -> tuple["pd.DataFrame", Iterator[tuple[int, "Proposed"]], int]:
    """Sequences, their proposals by index, and the number of bad records; each of those is named.

    Raises
    ------
    InputError
        If a file can't be read, or no structure is left.
    """
    from boxfold.s1.propose import S1Model
    from boxfold.s1.structure_files import read_structures
    from boxfold.s1.vote_proposals import (
        propose_joined,
        propose_votes_of_each,
        structures_by_id,
    )

    if args.with_s1 and args.method == "runs":
        raise InputError("--with-s1: method runs has no S1")
    bad = _Bad()
    predicted = [
        each for path in args.structures for each in read_structures(path, bad, args.structure_set)
    ]
    frame, sequences = None, None
    if args.data is not None:
        frame, n_bad = read_short_enough(args.data, args.max_length)
        bad.count += n_bad
        sequences = dict(zip(frame["id"], frame["sequence"], strict=True))
    sequences, structures = structures_by_id(predicted, sequences, bad)
    if frame is None:
        frame = _frame_of(sequences, structures, args.max_length, bad)
    if not structures:
        raise InputError("--structures: none of them fits a sequence")
    if missing := sum(name not in structures for name in frame["id"]):
        warn(f"{missing} of {len(frame)} sequences have no structure")
    seqs = frame["sequence"].tolist()
    of_each = [structures.get(name, []) for name in frame["id"]]
    if args.with_s1:
        model = S1Model.load(args.s1)
        return frame, propose_joined(model, seqs, of_each, config, engine), bad.count
    return frame, propose_votes_of_each(seqs, of_each, config, engine), bad.count


def read_short_enough(path: str, max_length: int) -> tuple["pd.DataFrame", int]:
    """Good sequences of a file, and the number of bad ones; each of those is named.

    Raises
    ------
    InputError
        If no sequence is left.
    """
    from boxfold.s1.tables import read_sequences

    bad = _Bad()
    frame = read_sequences(path, bad, warn)
    return _short_enough(frame, path, max_length, bad), bad.count


def _frame_of(
    sequences: dict[str, str], structures: dict[str, list], max_length: int, bad: "_Bad"
) -> "pd.DataFrame":
    """Table of the sequences that came with structures."""
    import pandas as pd

    from boxfold.s1.tables import completed

    rows = [{"id": name, "sequence": sequences[name]} for name in structures]
    if not rows:
        raise InputError("--structures: none of them fits a sequence")
    return _short_enough(completed(pd.DataFrame(rows)), "--structures", max_length, bad)


def _short_enough(
    frame: "pd.DataFrame", place: str, max_length: int, bad: "_Bad"
) -> "pd.DataFrame":
    lengths = frame["sequence"].str.len()
    for name, length in zip(frame["id"], lengths, strict=True):
        if length > max_length:
            bad(f"{place}: record '{name}' has {length} nt (allowed: --max-length {max_length})")
    kept = frame[lengths <= max_length].reset_index(drop=True)
    if kept.empty:
        raise InputError(f"{place}: no sequence of at most {max_length} nt")
    return kept


class _Bad:
    """Names bad records and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, line: str) -> None:
        self.count += 1
        warn(line)
