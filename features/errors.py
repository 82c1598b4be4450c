"""The one exception for bad input: its text is the single line a user reads."""


class InputError(ValueError):
    """Input from outside that can't be used.

    The message names, on one line, the place (file, record), what is wrong and what is
    allowed. Command-line verbs print it without a traceback and exit non-zero.
    """
