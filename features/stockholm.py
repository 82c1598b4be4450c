"""Stockholm files, the alignments of Rfam, Infernal and Easel, with structures in WUSS notation.

One record is written as an alignment of one sequence. Alignments of several sequences are read too:
each sequence then has its own structure (``#=GR SS``), or what its bases have of the consensus
(``#=GC SS_cons``), without the pairs that fall into its gaps.
"""

from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from boxfold.features.errors import InputError
from boxfold.features.line_reading import filled_lines, normalized_line
from boxfold.features.structure import (
    CLOSING,
    OPENING,
    IntArray,
    base_pairs_from_dot_bracket,
    dot_bracket,
)
from boxfold.features.structure_record import (
    StructureRecord,
    described,
    description,
    noted_energy,
)

_N_PAGES = 1 + len(ascii_uppercase)
_TO_WUSS = str.maketrans(
    OPENING[:_N_PAGES] + CLOSING[:_N_PAGES], "<" + ascii_uppercase + ">" + ascii_lowercase
)
_UNPAIRED = str.maketrans(",:_-~", ".....")
_GAPS = "-._~"
STOCKHOLM = "# STOCKHOLM"
"""How every file begins; a version follows."""


def wuss(base_pairs: IntArray, length: int) -> str:
    """Structure in (shorthand) WUSS: ``<>`` nested, ``Aa``, ``Bb`` ... what crosses that.

    In WUSS all brackets are of one page; only letters are pseudoknots, so a dot-bracket with
    ``[]`` would be misread.

    Parameters
    ----------
    base_pairs : ndarray, dtype=int, shape (K, 2)
    length : int

    Raises
    ------
    ValueError
        If the structure needs more than 27 pages.

    Examples
    --------
    >>> wuss(np.array([[0, 7], [1, 6], [4, 10]]), 11)
    '<<..A.>>..a'
    """
    text = dot_bracket(base_pairs, length)
    if set(text) & set(OPENING[_N_PAGES:]):
        raise ValueError(f"structure needs more than {_N_PAGES} pages, the letters of WUSS")
    return text.translate(_TO_WUSS)


def base_pairs_from_wuss(text: str) -> IntArray:
    """Base pairs of full or shorthand WUSS. Inverse of `wuss`.

    Raises
    ------
    InputError
        If brackets do not balance or another character occurs.

    Examples
    --------
    >>> base_pairs_from_wuss("::((<__>,A<-->)),a").tolist()
    [[2, 15], [3, 14], [4, 7], [9, 17], [10, 13]]
    """
    return base_pairs_from_dot_bracket(text.translate(_UNPAIRED))


def to_stockholm(record: StructureRecord) -> str:
    """Alignment of one sequence. Inverse of `from_stockholm`.

    A name that can't begin a line has ``_`` before it there; ``#=GF ID`` has it as it is.

    Examples
    --------
    >>> print(to_stockholm(StructureRecord("tiny", "GGGAAAACCC", np.array([[0, 9], [1, 8]]), -1.5)))
    # STOCKHOLM 1.0
    #=GF ID   tiny
    #=GF CC   energy=-1.50
    tiny          GGGAAAACCC
    #=GR tiny SS  <<......>>
    #=GC SS_cons  <<......>>
    //
    <BLANKLINE>
    """
    is_plain = record.id and not record.id.startswith(("#", "//"))
    name = record.id if is_plain else f"_{record.id}"
    structure = wuss(record.base_pairs, len(record.seq))
    rows = {name: record.seq, f"#=GR {name} SS": structure, "#=GC SS_cons": structure}
    width = max(map(len, rows))
    lines = [f"{STOCKHOLM} 1.0", f"#=GF ID   {record.id}"]
    if notes := (noted_energy(record) + description(record)).strip():
        lines.append(f"#=GF CC   {notes}")
    lines += [f"{label:<{width}}  {row}" for label, row in rows.items()]
    return "\n".join([*lines, "//"]) + "\n"


def from_stockholm(text: str) -> list[StructureRecord]:
    """Records of the sequences of all alignments. Inverse of `to_stockholm`.

    Raises
    ------
    InputError
        If a line is wrong, an alignment has no end, or a sequence no structure.
    """
    records: list[StructureRecord] = []
    alignment: _Alignment | None = None
    for number, line in filled_lines(text):
        if line.startswith(STOCKHOLM):
            if alignment is not None:
                raise InputError(f"line {number}: the alignment above has no end ('//')")
            alignment = _Alignment(number)
        elif alignment is None:
            raise InputError(f"line {number}: '{STOCKHOLM} 1.0' is needed before anything else")
        elif line == "//":
            records += alignment.records()
            alignment = None
        else:
            alignment.add(number, line)
    if alignment is not None:
        raise InputError(f"line {alignment.line}: this alignment has no end ('//')")
    return records


@dataclass
class _Alignment:
    line: int
    id: str = ""
    notes: str = ""
    consensus: str = ""
    rows: dict[str, str] = field(default_factory=dict)
    structures: dict[str, str] = field(default_factory=dict)

    def add(self, number: int, line: str) -> None:
        """Take one line; rows may go on in a later block."""
        words = line.split()
        match words:
            case ["#=GF", "ID", *rest]:
                self.id = " ".join(rest)
            case ["#=GF", "CC", *_]:
                self.notes += " " + " ".join(words[2:])
            case ["#=GC", "SS_cons", row]:
                self.consensus += row
            case ["#=GR", name, "SS", row]:
                self.structures[name] = self.structures.get(name, "") + row
            case _ if line.startswith("#"):
                return
            case [name, row]:
                self.rows[name] = self.rows.get(name, "") + row
            case _:
                raise InputError(f"line {number}: a name and a row of the alignment are needed")

    def records(self) -> list[StructureRecord]:
        """A record for each row."""
        if not self.rows:
            raise InputError(f"line {self.line}: the alignment that begins here has no sequence")
        if self.structures.keys() - self.rows.keys():
            (name, *_) = self.structures.keys() - self.rows.keys()
            raise InputError(f"line {self.line}: '{name}' has a structure, but no sequence")
        return [self._record(name, row) for name, row in self.rows.items()]

    def _record(self, name: str, row: str) -> StructureRecord:
        place = f"line {self.line}: '{name}'"
        structure = self.structures.get(name, self.consensus)
        if not structure:
            raise InputError(f"{place} has no structure (#=GR {name} SS or #=GC SS_cons)")
        if len(structure) != len(row):
            raise InputError(f"{place}: {len(structure)} signs of structure, {len(row)} columns")
        try:
            pairs = base_pairs_from_wuss(structure)
        except InputError as error:
            raise InputError(f"{place}: {error}") from None
        is_base = np.array([letter not in _GAPS for letter in row])
        position = np.cumsum(is_base) - 1
        pairs = position[pairs[is_base[pairs].all(axis=1)]]
        seq = normalized_line(row.translate(str.maketrans("", "", _GAPS)), self.line)
        if name == f"_{self.id}":
            name = self.id
        return described(name, self.notes, seq, pairs)
