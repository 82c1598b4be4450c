"""Texts in CSV files: no spreadsheet takes one for a formula, and reading gives it back.

Spreadsheets compute cells that begin with ``= + - @`` or a tab, whoever wrote them. As is usual,
such a text gets an apostrophe before it; one that has apostrophes there already gets one more.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED = re.compile(r"'+[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def safe_cell(text: str) -> str:
    """Text as it is written to a cell; numbers stay numbers. Inverse of `plain_cell`.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("'=1"), safe_cell("-1.5"), safe_cell("tRNA")
    ("'=1+1", "''=1", '-1.5', 'tRNA')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def plain_cell(text: str) -> str:
    """Text that a cell stands for. Inverse of `safe_cell`."""
    return text[1:] if _QUOTED.match(text) else text
