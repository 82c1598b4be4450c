"""Recordings of what a user gives, for the verbs that show them."""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from boxfold.features.errors import InputError
from boxfold.features.fasta import STANDARD_INPUT, read_fasta
from boxfold.features.reactivity import read_reactivities
from boxfold.scripts.chain_flags import (
    add_chain_arguments,
    load_predictor,
    pseudoknots_of,
    short_enough,
)
from boxfold.scripts.common import positive_int, warn
from boxfold.scripts.reward_flags import add_reactivities_argument, with_reactivities

if TYPE_CHECKING:
    from boxfold.agents.recording import Recording
    from boxfold.s1.structure_files import Predicted

T = TypeVar("T")
OnError = Callable[[str], None]

MAX_RECORDS = 100
"""Most records shown unless told otherwise."""

_PARQUET = b"PAR1"
_STRUCTURE_LINE = re.compile(r"(?!>)[^A-Za-z]*[.()\[\]{}<>]")


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    """What to show, and who makes it."""
    parser.add_argument(
        "input",
        metavar="INPUT",
        help="FASTA (- is standard input): predicted; proposals table: assembled; structures in "
        "any format of predict: shown as they are",
    )
    parser.add_argument("--id", nargs="+", metavar="ID", help="only these records")
    parser.add_argument(
        "--max-records", type=positive_int, default=MAX_RECORDS, metavar="N", help="most records"
    )
    add_chain_arguments(parser)
    parser.add_argument(
        "--reference", metavar="FILE", help="known structures by id, in any format of predict"
    )
    add_reactivities_argument(parser)


def read_recordings(args: argparse.Namespace, on_error: OnError) -> "Iterator[Recording]":
    """Recordings of the records that the flags choose, in the order of the file.

    Parameters
    ----------
    args : argparse.Namespace
        Of `add_recording_arguments`, and ``seed``.
    on_error : callable
        Gets one line for each bad record; the others are shown.

    Yields
    ------
    Recording

    Raises
    ------
    InputError
        If a file can't be used, or has no record of a chosen id.
    """
    known = _references(args.reference, on_error)
    for each in _SOURCES[_kind(args.input)](args, on_error):
        reference = known.get(each.id)
        if reference is None:
            yield each
        elif reference.length != len(each.seq):
            length = f"{reference.length} bases, the sequence has {len(each.seq)}"
            on_error(f"{reference.source}: record '{each.id}': {length}")
        else:
            yield replace(each, reference=reference.base_pairs)


def _kind(path: str) -> str:
    """Which of `_SOURCES` a file is, by its content."""
    from boxfold.features.text_file import first_bytes, read_text

    if path == STANDARD_INPUT:
        return "sequences"
    start = first_bytes(path).lstrip()
    if start.startswith(_PARQUET):
        return "table"
    if start[:1] not in (b">", b";", b"@"):
        return "structures"
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    is_structure = len(lines) > 2 and _STRUCTURE_LINE.match(lines[2])
    return "structures" if is_structure else "sequences"


def _of_sequences(args: argparse.Namespace, on_error: OnError) -> "Iterator[Recording]":
    read = list(_chosen(read_fasta(args.input, on_error, warn), lambda each: each.id, args))
    profiles = read_reactivities(args.reactivities) if args.reactivities else {}
    predictor = replace(load_predictor(args), reactivities=profiles)
    for each in predictor.record(short_enough(read, args.max_length, on_error), on_error):
        yield replace(each, s1=args.s1)


def _of_table(args: argparse.Namespace, on_error: OnError) -> "Iterator[Recording]":
    import numpy as np

    from boxfold.agents.recording import recordings
    from boxfold.agents.registry import load_agent
    from boxfold.envs.instance_table import instances_from_frame
    from boxfold.s1.calibration_file import load_calibration
    from boxfold.s1.tables import read_proposals

    frame = with_reactivities(read_proposals(args.input), args.reactivities)
    names = frame["id"].astype(str).tolist()
    rows = [row for row, _ in _chosen(enumerate(names), lambda pair: pair[1], args)]
    frame = frame.iloc[rows]
    fits = frame["sequence"].str.len() <= args.max_length
    for name in frame["id"][~fits]:
        on_error(_too_long(name, args))
    most = args.max_boxes or max([1, *frame["box_n"].map(len)])
    instances = instances_from_frame(frame[fits], most)
    agent = load_agent(args.agent, pseudoknots_of(args))
    rng = np.random.default_rng(args.seed)
    yield from recordings(agent, instances, rng, args.samples, load_calibration(args.s1))


def _of_structures(args: argparse.Namespace, on_error: OnError) -> "Iterator[Recording]":
    from boxfold.agents.recording import recorded_structure
    from boxfold.s1.structure_files import read_structures

    read = read_structures(args.input, on_error)
    for each in _chosen(read, lambda each: each.id, args):
        if each.seq is None:
            on_error(f"{each.source}: record '{each.id}' has no sequence")
        elif each.length > args.max_length:
            on_error(_too_long(each.id, args))
        else:
            yield recorded_structure(each.id, each.seq, each.base_pairs)


def _references(path: str | None, on_error: OnError) -> "dict[str, Predicted]":
    """Known structures by id; the first one of each."""
    from boxfold.s1.structure_files import read_structures

    found: dict[str, Predicted] = {}
    for each in read_structures(path, on_error) if path else ():
        found.setdefault(each.id, each)
    return found


_SOURCES = {"sequences": _of_sequences, "table": _of_table, "structures": _of_structures}


def _too_long(name: str, args: argparse.Namespace) -> str:
    return f"record '{name}': longer than {args.max_length} nt (--max-length)"


def _chosen(items: Iterable[T], name: Callable[[T], str], args: argparse.Namespace) -> Iterator[T]:
    """Items of the ids that are asked for, and no more than allowed."""
    wanted = None if args.id is None else set(args.id)
    found: set[str] = set()
    chosen = (item for item in items if wanted is None or name(item) in wanted)
    for number, item in enumerate(chosen):
        if number == args.max_records:
            warn(f"{args.input}: only the first {number} records (--max-records)")
            break
        found.add(name(item))
        yield item
    if missing := sorted((wanted or set()) - found):
        raise InputError(f"{args.input}: no record '{missing[0]}'")
