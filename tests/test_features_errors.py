"""Messages that quote the input stay on their line and do nothing to a terminal."""

import pytest

from boxfold.features.errors import InputError, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü text", "plain ü text"),
        ("two\nlines\r\nand\u2028more", "two lines and more"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("right\u202eto left", "right\\u202eto left"),
        ("\udcff", "\\udcff"),
        ("a\tb", "a\\tb"),
    ],
)
def test_text_is_made_printable(text, shown):
    assert printable(text) == shown
    assert str(InputError(text)) == shown
