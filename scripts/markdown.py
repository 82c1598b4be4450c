"""Tables in Markdown, for what verbs print."""

import numbers
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def markdown_table(frame: "pd.DataFrame", digits: int = 3) -> str:
    """A table as Markdown.

    Parameters
    ----------
    frame : DataFrame
        The index is left out.
    digits : int
        Decimals of fractional numbers; whole ones have none.

    Returns
    -------
    str
        Missing values are ``-``.

    Examples
    --------
    >>> import pandas as pd
    >>> print(markdown_table(pd.DataFrame({"kind": ["stem"], "boxes": [3], "share": [0.25]})))
    | kind | boxes | share |
    |---|---|---|
    | stem | 3 | 0.250 |
    """
    lines = [list(map(str, frame.columns)), ["---"] * len(frame.columns)]
    for row in frame.itertuples(index=False, name=None):
        lines.append([_cell(value, digits) for value in row])
    joined = [" | ".join(line) for line in lines]
    return "\n".join(f"|{line.replace(' ', '')}|" if k == 1 else f"| {line} |"
                     for k, line in enumerate(joined))  # fmt: skip


def _cell(value: object, digits: int) -> str:
    if value is None or value != value:
        return "-"
    if isinstance(value, numbers.Integral) or not isinstance(value, numbers.Real):
        return str(value)
    return f"{value:.{digits}f}"
