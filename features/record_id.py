"""Names of records: they are printed, drawn and written to tables, so they hold only letters."""

from boxfold.features.errors import InputError
from boxfold.features.limits import MAX_ID


def check_id(name: str) -> None:
    r"""Refuse the id of a record that could do something to a terminal, or is endless.

    Raises
    ------
    InputError
        If it holds a control character (line ends, tabs, escapes, changes of direction) or is
        longer than `boxfold.features.limits.MAX_ID`.

    Examples
    --------
    >>> check_id("sp|P12345| tRNA (1)")
    >>> check_id("a\tb")
    Traceback (most recent call last):
    boxfold.features.errors.InputError: its id holds '\t', a control character
    """
    if len(name) > MAX_ID:
        raise InputError(f"its id has {len(name)} characters, at most {MAX_ID} are allowed")
    for letter in name:
        if not letter.isprintable():
            raise InputError(f"its id holds {letter!r}, a control character")


def without_controls(text: str) -> str:
    """Text with blanks in place of control characters; what `check_id` accepts stays as it is."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
