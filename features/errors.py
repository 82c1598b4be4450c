"""The one exception for bad input: its text is the single line a user reads."""

_LONGEST = 5000  # characters of a line: twice a path may be quoted


class InputError(ValueError):
    """Input from outside that can't be used.

    The message names, on one line, the place (file, record), what is wrong and what is
    allowed. Command-line verbs print it without a traceback and exit non-zero. It may quote the
    input, so it is made `printable`.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(message))


class DivergedError(InputError):
    """A training is no longer made of numbers; other settings may do."""


def reason_of(error: BaseException) -> str:
    r"""What an error says, on one line; its name if it says nothing.

    Examples
    --------
    >>> reason_of(ValueError("no\n such thing")), reason_of(MemoryError())
    ('no such thing', 'MemoryError')
    """
    return " ".join(str(error).split()) or type(error).__name__


def printable(text: str) -> str:
    r"""Text on one line, for a terminal: line breaks are blanks, control characters are escaped.

    Examples
    --------
    >>> printable("a\nb \x1b[31m c\ud800")
    'a b \\x1b[31m c\\ud800'
    """
    line = " ".join(text.splitlines())
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
