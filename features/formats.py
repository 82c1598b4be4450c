"""Structures as text: dot-bracket as RNAfold prints it, ct and bpseq, with pseudoknots.

Each writer has its reader; reading what was written gives the same record, but for the confidence
of single pairs, for which these formats have no place. Readers take several records, one after
another, as such files hold them. Rank and confidence of a structure stand behind the id, where
other programs expect a description that they skip.
"""

import re
from typing import NamedTuple

import numpy as np

from boxfold.features.errors import InputError
from boxfold.features.line_reading import filled_lines, normalized_line
from boxfold.features.structure import (
    IntArray,
    base_pairs_from_dot_bracket,
    base_pairs_from_pair_table,
    dot_bracket,
    pair_table,
)
from boxfold.features.structure_record import (
    StructureRecord,
    described,
    description,
    noted_energy,
)

_NUMBER = r"[-+]?\d{1,9}(?:\.\d+)?"
_DBN_LINE = re.compile(rf"(\S+)(?:\s+\(\s*({_NUMBER})\s*\))?")
_CT_HEADER = re.compile(rf"(\d{{1,9}})(?:\s+(?:ENERGY|dG)\s*=\s*({_NUMBER}))?(?:\s+(.*))?")
_BPSEQ_ENERGY = re.compile(rf"ENERGY\s*=\s*({_NUMBER})")


class _Row(NamedTuple):
    line: int
    position: int
    base: str
    partner: int


def to_dbn(record: StructureRecord) -> str:
    """Three lines: ``>id``, sequence, dot-bracket with the energy. Inverse of `from_dbn`.

    Examples
    --------
    >>> print(to_dbn(StructureRecord("tiny", "GGGAAAACCC", np.array([[0, 9], [1, 8]]), -1.5)))
    >tiny
    GGGAAAACCC
    ((......)) ( -1.50)
    <BLANKLINE>
    """
    energy = "" if record.free_energy is None else f" ({record.free_energy:6.2f})"
    structure = dot_bracket(record.base_pairs, len(record.seq))
    return f">{record.id}{description(record)}\n{record.seq}\n{structure}{energy}\n"


def to_edbn(record: StructureRecord) -> str:
    """Extended dot-bracket: the energy stands behind the id. `from_dbn` is the inverse of this too.

    VARNA takes the energy behind a structure, as RNAfold prints it, for one more pair.

    Examples
    --------
    >>> print(to_edbn(StructureRecord("tiny", "GGGAAAACCC", np.array([[0, 9], [1, 8]]), -1.5)))
    >tiny energy=-1.50
    GGGAAAACCC
    ((......))
    <BLANKLINE>
    """
    header = f">{record.id}{noted_energy(record)}{description(record)}"
    return f"{header}\n{record.seq}\n{dot_bracket(record.base_pairs, len(record.seq))}\n"


def from_dbn(text: str) -> list[StructureRecord]:
    """Records of three lines each. Inverse of `to_dbn` and of `to_edbn`.

    Raises
    ------
    InputError
        If a record has not its three lines, or sequence and structure do not fit together.
    """
    lines = filled_lines(text)
    return [_record_of_three(lines[start : start + 3]) for start in range(0, len(lines), 3)]


def to_ct(record: StructureRecord) -> str:
    """Connect table of mfold and RNAstructure. Inverse of `from_ct`.

    Examples
    --------
    >>> print(to_ct(StructureRecord("tiny", "GAAAC", np.array([[0, 4]]), 3.2)).splitlines()[1])
        1 G    0    2    5    1
    """
    length = len(record.seq)
    energy = "" if record.free_energy is None else f" ENERGY = {record.free_energy:.2f}"
    lines = [f"{length:5d}{energy} {record.id}{description(record)}"]
    partners = pair_table(record.base_pairs, length) + 1
    for index, (base, partner) in enumerate(zip(record.seq, partners, strict=True), start=1):
        following = index + 1 if index < length else 0
        lines.append(f"{index:5d} {base} {index - 1:4d} {following:4d} {partner:4d} {index:4d}")
    return "\n".join(lines) + "\n"


def from_ct(text: str) -> list[StructureRecord]:
    """Records of a connect table; the energy may be called ``dG``. Inverse of `to_ct`.

    Raises
    ------
    InputError
        If a header, a row or a partner is wrong.
    """
    lines = iter(filled_lines(text))
    records = []
    for number, header in lines:
        match = _CT_HEADER.fullmatch(header)
        if match is None:
            raise InputError(f"line {number}: the length is needed at the start of the header")
        rows = [_row(line, 5) for _, line in zip(range(int(match[1])), lines, strict=False)]
        if len(rows) != int(match[1]):
            raise InputError(f"line {number}: {match[1]} rows are announced, {len(rows)} follow")
        records.append(_record(match[3] or "", rows, _energy(match[2]), number))
    return records


def to_bpseq(record: StructureRecord) -> str:
    """Rows of position, base and partner (0 if unpaired). Inverse of `from_bpseq`.

    Name and energy stand in comments, since the format has no place for them.

    Examples
    --------
    >>> to_bpseq(StructureRecord("tiny", "GAAAC", np.array([[0, 4]]))).splitlines()[:2]
    ['# tiny', '1 G 5']
    """
    lines = [f"# {record.id}{description(record)}"]
    if record.free_energy is not None:
        lines.append(f"# ENERGY = {record.free_energy:.2f}")
    partners = pair_table(record.base_pairs, len(record.seq)) + 1
    for index, (base, partner) in enumerate(zip(record.seq, partners, strict=True), start=1):
        lines.append(f"{index} {base} {partner}")
    return "\n".join(lines) + "\n"


def from_bpseq(text: str) -> list[StructureRecord]:
    """Records of bpseq rows, each under its comments. Inverse of `to_bpseq`.

    Raises
    ------
    InputError
        If a row or a partner is wrong.
    """
    records = []
    comments: list[str] = []
    rows: list[_Row] = []
    for number, line in [*filled_lines(text), (0, "#")]:
        if not line.startswith("#"):
            rows.append(_row((number, line), 3))
            continue
        if rows:
            records.append(_record_under(comments, rows))
            comments, rows = [], []
        comments.append(line.lstrip("# "))
    return records


def _record_of_three(lines: list[tuple[int, str]]) -> StructureRecord:
    number, header = lines[0]
    if len(lines) < 3 or not header.startswith(">"):
        raise InputError(f"line {number}: three lines are needed: >id, sequence, structure")
    seq = normalized_line(lines[1][1], lines[1][0])
    number, structure = lines[2]
    match = _DBN_LINE.fullmatch(structure)
    if match is None:
        raise InputError(f"line {number}: no dot-bracket, with or without '( energy)' behind it")
    pairs = _pairs_of_dot_bracket(match[1], len(seq), number)
    return described(_first_word(header[1:]), header, seq, pairs, _energy(match[2]))


def _record_under(comments: list[str], rows: list[_Row]) -> StructureRecord:
    energies = [match[1] for match in map(_BPSEQ_ENERGY.fullmatch, comments) if match]
    names = [text for text in comments if text and not _BPSEQ_ENERGY.fullmatch(text)]
    energy = _energy(energies[0]) if energies else None
    return _record(names[0] if names else "", rows, energy, rows[0].line)


def _record(header: str, rows: list[_Row], free_energy: float | None, line: int) -> StructureRecord:
    """Record of rows, with everything checked."""
    for position, row in enumerate(rows, start=1):
        if row.position != position:
            raise InputError(f"line {row.line}: position {row.position}, {position} is needed")
        if not 0 <= row.partner <= len(rows) or row.partner == position:
            raise InputError(
                f"line {row.line}: partner {row.partner} (allowed: 0 to {len(rows)}, not itself)"
            )
        if row.partner and rows[row.partner - 1].partner != position:
            raise InputError(f"line {row.line}: partner {row.partner} pairs with another position")
    seq = normalized_line("".join(row.base for row in rows), line)
    table = np.array([row.partner - 1 for row in rows], dtype=np.int64)
    return described(
        _first_word(header), header, seq, base_pairs_from_pair_table(table), free_energy
    )


def _row(numbered_line: tuple[int, str], n_columns: int) -> _Row:
    """Row of bpseq (3 columns) or ct (at least 5)."""
    number, line = numbered_line
    words = line.split()
    try:
        if len(words) < n_columns or len(words[1]) != 1:
            raise ValueError
        return _Row(number, int(words[0]), words[1], int(words[2 if n_columns == 3 else 4]))
    except ValueError:
        columns = "position, base, partner" if n_columns == 3 else "the columns of a ct row"
        raise InputError(f"line {number}: {columns} are needed") from None


def _pairs_of_dot_bracket(text: str, length: int, line: int) -> IntArray:
    if len(text) != length:
        raise InputError(f"line {line}: {len(text)} brackets and dots for {length} bases")
    try:
        return base_pairs_from_dot_bracket(text)
    except InputError as error:
        raise InputError(f"line {line}: {error}") from None


def _first_word(text: str) -> str:
    return text.split()[0] if text.split() else ""


def _energy(text: str | None) -> float | None:
    return None if text is None else float(text)
