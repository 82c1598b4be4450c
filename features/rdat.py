"""RDAT, the format of the RNA Mapping Database: what it says of reactivities."""

import re
from collections.abc import Iterator
from pathlib import Path

from boxfold.features.errors import InputError


def rdat_profiles(text: str, path: str | Path) -> Iterator[tuple[str, list[str]]]:
    """Id and values, one per base, of every ``REACTIVITY`` line.

    Parameters
    ----------
    text : str
        The file's content, of any version.
    path : str or Path
        For messages.

    Yields
    ------
    name : str
    values : list of str
        Empty where a base has no position.

    Raises
    ------
    InputError
        Naming file and line: if there is no sequence, or positions and values do not fit.
    """
    head: dict[str, str] = {}
    notes: dict[str, str] = {}
    profiles: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        key, _, rest = line.strip().partition("\t") if "\t" in line else line.partition(" ")
        tag, _, number = key.partition(":")
        if tag == "ANNOTATION_DATA":
            notes[number] = rest
        elif tag in ("REACTIVITY", "AREA_PEAK"):  # the latter until version 0.24
            profiles.append((number, rest.split()))
        elif tag == "SEQPOS":
            head[tag] = rest
        else:
            head.setdefault(tag, rest.strip())
    names: dict[str, int] = {}
    for number, values in profiles:
        place = f"{path}: REACTIVITY:{number}"
        sequence = _note(notes.get(number, ""), "sequence") or head.get("SEQUENCE", "")
        name = _note(notes.get(number, ""), "name") or head.get("NAME", "")
        names[name] = names.get(name, 0) + 1
        label = name if names[name] == 1 else f"{name}/{names[name]}"
        yield label, _placed(values, _positions(head, len(values), place), len(sequence), place)


def _note(annotation: str, key: str) -> str:
    found = re.search(rf"(?:^|\s){key}:(\S+)", annotation)
    return found[1] if found else ""


def _positions(head: dict[str, str], n_values: int, place: str) -> list[int]:
    """Index of each value's base; all bases in order where there is no SEQPOS."""
    if not head.get("SEQPOS", "").strip():
        return list(range(n_values))
    try:
        offset = int(head.get("OFFSET", "0") or 0)
        positions = [int(word.lstrip("ACGUTNacgutn")) for word in head["SEQPOS"].split()]
    except ValueError:
        raise InputError(f"{place}: SEQPOS and OFFSET must hold whole numbers") from None
    return [position - offset - 1 for position in positions]


def _placed(values: list[str], positions: list[int], length: int, place: str) -> list[str]:
    if not length:
        raise InputError(f"{place}: no SEQUENCE")
    if len(values) != len(positions):
        raise InputError(f"{place}: {len(values)} values, SEQPOS has {len(positions)} positions")
    if positions and not 0 <= min(positions) <= max(positions) < length:
        raise InputError(f"{place}: a position outside the sequence of {length} bases")
    placed = [""] * length
    for position, value in zip(positions, values, strict=True):
        placed[position] = value
    return placed
