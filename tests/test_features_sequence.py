import re

import pytest

from boxfold.features.errors import InputError
from boxfold.features.sequence import encode_bases, normalize_sequence


@pytest.mark.parametrize(
    ("text", "seq", "n_unknown"),
    [
        ("ACGU", "ACGU", 0),
        ("acgt", "ACGU", 0),
        (" AC\tGU\r\nTT ", "ACGUUU", 0),
        ("ACGN", "ACGN", 1),
        ("RYSWKMBDHVNX", "N" * 12, 12),
        ("ryswkmbdhvnx", "N" * 12, 12),
    ],
)
def test_letters_become_rna(text: str, seq: str, n_unknown: int) -> None:
    assert normalize_sequence(text) == (seq, n_unknown)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the sequence is empty"),
        (" \n", "the sequence is empty"),
        ("AC-GU", "gap '-' at position 3"),
        ("A.", "gap '.' at position 2"),
        ("ACGJE", "letter 'J' at position 4"),
        ("ACG*", "letter '*' at position 4"),
        ("AC((", "letter '(' at position 3"),
        ("A\0", r"letter '\x00' at position 2"),
        ("ACß", "letter 'ß' at position 3"),  # upper() would make SS of it, two IUPAC codes
        ("ACſ", "letter 'ſ' at position 3"),  # and S of this one
    ],
)
def test_anything_else_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        normalize_sequence(text)
    assert "\n" not in str(caught.value)


def test_codes_are_in_the_order_of_the_alphabet() -> None:
    codes = encode_bases("NUGCA")
    assert codes.dtype == "int8"
    assert codes.tolist() == [4, 3, 2, 1, 0]
    assert encode_bases("").shape == (0,)


@pytest.mark.parametrize("seq", ["ACGT", "acgu", "AC GU", "ACé", "AC€"])
def test_codes_exist_for_normalized_letters_only(seq: str) -> None:
    with pytest.raises(ValueError, match="no letter of a normalized sequence"):
        encode_bases(seq)
