"""``boxfold view``: one HTML page with everything there is to see of predictions."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from boxfold.features.errors import InputError
from boxfold.features.fasta import STANDARD_INPUT
from boxfold.features.files import atomic_path, check_writable
from boxfold.scripts.common import BadRecords, progress, say, verb_main
from boxfold.scripts.recordings import add_recording_arguments, read_recordings

DESCRIPTION = """Write one HTML page that shows structures and how they were assembled: the proposed
boxes on the grid, the picks one by one with energy and reward, arcs, drawn structure, confidence,
search. The page holds everything and asks for nothing: any browser opens it, without a network.
Keys and views are explained in docs/view.md."""

EXAMPLE = """boxfold view rnas.fa --out rnas.html
boxfold propose --data windows.parquet --max-boxes 64 --out boxes.parquet
boxfold view boxes.parquet --agent clone --id window_3 --out episode.html
boxfold view known.dbn --out known.html"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    add_recording_arguments(parser)
    parser.add_argument("--out", required=True, metavar="F.html", help="the page")


def run(args: argparse.Namespace) -> int:
    """Record, write the page, say how much; 1 if any record was bad."""
    from boxfold.agents.recording_json import view_content
    from boxfold.scripts.page.page import page_text

    check_writable(args.out, args.overwrite)
    name_bad = BadRecords()
    shown = progress(read_recordings(args, name_bad), None, "records")
    content = view_content(shown, _title(args.input))
    if not content["records"]:
        raise InputError(f"{args.input}: no record to show")
    with atomic_path(args.out, args.overwrite) as temporary:
        temporary.write_text(page_text(content), encoding="utf-8", newline="\n")
    number = len(content["records"])
    say(f"wrote {args.out}: {number} record{'s' if number > 1 else ''}")
    return name_bad.exit_code


def _title(path: str) -> str:
    return "standard input" if path == STANDARD_INPUT else Path(path).name


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
