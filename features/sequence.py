"""RNA sequences: one alphabet for everything, ``ACGU`` and ``N`` for an unknown base."""

import numpy as np
from numpy.typing import NDArray

from boxfold.features.errors import InputError

BASES = "ACGU"
"""Known bases, in the order of their codes. ``N`` has the code 4 and never pairs."""

UNKNOWN = "N"

_AMBIGUOUS = "NRYSWKMBDHVX"  # IUPAC codes of more than one base
_GAPS = "-._~"
_RNA_OF_UPPER = {
    **{base: base for base in BASES},
    "T": "U",
    **{code: UNKNOWN for code in _AMBIGUOUS},
}
_RNA_OF_LOWER = {letter.lower(): rna for letter, rna in _RNA_OF_UPPER.items()}
# Not str.upper(), which makes Latin letters out of others.
_TO_RNA = str.maketrans(_RNA_OF_UPPER | _RNA_OF_LOWER)
_CODE_OF_BYTE = np.full(256, -1, dtype=np.int8)
_CODE_OF_BYTE[[ord(base) for base in BASES + UNKNOWN]] = range(len(BASES) + 1)


def normalize_sequence(text: str) -> tuple[str, int]:
    """Bring a nucleotide sequence to upper-case ``ACGUN``.

    White space is dropped, ``T`` becomes ``U``, and each IUPAC code of more than one base
    (``R``, ``Y``, ...) becomes ``N``.

    Parameters
    ----------
    text : str

    Returns
    -------
    seq : str
        Letters ``ACGUN`` only, at least one.
    n_unknown : int
        Number of ``N`` in `seq`.

    Raises
    ------
    InputError
        If the sequence is empty, has gaps or has any other letter.

    Examples
    --------
    >>> normalize_sequence("gattaca RY")
    ('GAUUACANN', 2)
    """
    seq = "".join(text.split()).translate(_TO_RNA)
    if not seq:
        raise InputError("the sequence is empty")
    _check_letters(seq)
    return seq, seq.count(UNKNOWN)


def unknown_bases(seq: str) -> str:
    """Words for a warning about the ``N`` of a normalised sequence; empty if it has none.

    Examples
    --------
    >>> unknown_bases("ACGUN")
    '1 of 5 bases are unknown (N) and never pair'
    """
    n_unknown = seq.count(UNKNOWN)
    return f"{n_unknown} of {len(seq)} bases are unknown (N) and never pair" if n_unknown else ""


def encode_bases(seq: str) -> NDArray[np.int8]:
    """Codes of the bases: A 0, C 1, G 2, U 3, N 4.

    Parameters
    ----------
    seq : str
        Letters ``ACGUN``, as `normalize_sequence` returns them.

    Returns
    -------
    ndarray, dtype=int8, shape (L,)

    Raises
    ------
    ValueError
        If another letter occurs.

    Examples
    --------
    >>> encode_bases("ACGUN").tolist()
    [0, 1, 2, 3, 4]
    """
    codes = _CODE_OF_BYTE[np.frombuffer(seq.encode("latin-1", "replace"), dtype=np.uint8)]
    if np.any(codes < 0):
        letter = seq[int(np.argmax(codes < 0))]
        raise ValueError(f"'{letter}' is no letter of a normalized sequence (ACGUN)")
    return codes


def _check_letters(seq: str) -> None:
    wrong = set(seq) - set(BASES + UNKNOWN)
    if not wrong:
        return
    position = min(map(seq.index, wrong))
    letter = seq[position]
    if letter in _GAPS:
        raise InputError(
            f"gap '{letter}' at position {position + 1}: remove the gaps of aligned sequences"
        )
    shown = letter if letter.isprintable() else repr(letter)[1:-1]
    raise InputError(
        f"letter '{shown}' at position {position + 1} "
        "(allowed: A C G U T and the IUPAC codes of unknown bases)"
    )
