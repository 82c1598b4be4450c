"""``boxfold plot``: structures and how they were assembled, as pictures for papers."""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from boxfold.features.errors import InputError
from boxfold.features.files import check_writable
from boxfold.scripts.common import BadRecords, positive_int, progress, say, verb_main
from boxfold.scripts.recordings import add_recording_arguments, read_recordings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from boxfold.agents.recording import Recording

WHAT = {
    "structure": "the drawn structure: darker bases are surer, knots are arcs",
    "arcs": "a pair as an arc in the colour of its probability; below: known pairs, else knots",
    "grid": "proposals as opaque as they are probable, the structure outlined, known pairs below",
    "steps": "energy and reward over the picks, and the grid after each",
    "multiloops": "multi-branch loops as the relation between their closing pairs",
    "confidence": "how sure each base is to be as drawn",
}
"""The drawings, as in `boxfold.agents.pictures.views`, which imports matplotlib."""

DESCRIPTION = f"""Draw structures and how they were assembled, as --what says: for papers. Of
several records each gets a file of its own, F.ID.png. Same input and seed, same bytes.
{chr(10).join(f"  {name:<12}{text}" for name, text in WHAT.items())}"""

EXAMPLE = """boxfold plot rnas.fa --what structure --out rnas.svg
boxfold plot rnas.fa --what arcs --reference known.dbn --id tRNA --out trna.pdf
boxfold plot boxes.parquet --agent clone --id window_3 --what steps --out steps.png
boxfold plot known.dbn --what multiloops --out loops.png"""

MOST_LETTERS = 60
"""Of an id that become part of a file name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    add_recording_arguments(parser)
    parser.add_argument("--what", choices=WHAT, default="structure", help="the drawing")
    parser.add_argument("--dpi", type=positive_int, default=120, help="pixels per inch of a png")
    parser.add_argument("--out", required=True, metavar="F.png", help="also .svg or .pdf")


def run(args: argparse.Namespace) -> int:
    """Record, draw, say which files; 1 if any record was bad."""
    from boxfold.s1.inspection.drawing import figure_format, save_figure

    figure_format(args.out)
    check_writable(args.out, args.overwrite)
    name_bad = BadRecords()
    recorded = list(progress(read_recordings(args, name_bad), None, "records"))
    if not recorded:
        raise InputError(f"{args.input}: no record to draw")
    paths = paths_of([each.id for each in recorded], Path(args.out))
    for path in paths:
        check_writable(path, args.overwrite)
    for recording, path in zip(recorded, paths, strict=True):
        figure = _drawn(args.what, recording, name_bad)
        if figure is not None:
            save_figure(figure, path, args.overwrite, args.dpi)
            say(f"wrote {path}")
    return name_bad.exit_code


def _drawn(what: str, recording: "Recording", name_bad: Callable[[str], None]) -> "Figure | None":
    """The drawing, or None and a line if there is nothing to draw."""
    from boxfold.agents.pictures.views import VIEWS

    try:
        return VIEWS[what](recording)
    except InputError as error:
        name_bad(str(error))
        return None


def paths_of(ids: Iterable[str], out: Path) -> list[Path]:
    """A file for each record, beside each other whatever the ids are.

    Parameters
    ----------
    ids : iterable of str
        Letters, digits, dots, dashes and underscores of them enter the names.
    out : Path
        Of a single record it is the path itself.

    Returns
    -------
    list of Path
        All different, also where letters differ in case only.

    Examples
    --------
    >>> [str(path) for path in paths_of(["a", "A", "../b"], Path("x/f.png"))]
    ['x/f.a.png', 'x/f.A-2.png', 'x/f._b.png']
    >>> paths_of(["../b"], Path("f.png"))
    [PosixPath('f.png')]
    """
    names: list[str] = []
    taken: set[str] = set()
    for id_ in ids:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", id_)[:MOST_LETTERS].strip(".-") or "record"
        name, number = plain, 1
        while name.lower() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.lower())
        names.append(name)
    if len(names) == 1:
        return [out]
    return [out.with_name(f"{out.stem}.{name}{out.suffix}") for name in names]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb; see `boxfold.scripts.common.verb_main`."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
