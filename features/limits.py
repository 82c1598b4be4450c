"""How large what is read may be: a hostile or broken file ends in a line, not in a full memory.

Far above what the readers are for. What costs more than linear time has flags of its own, such as
``--max-length``.
"""

MAX_ID = 1000
"""Characters of the id of a record."""

MAX_LINE = 1 << 20
"""Bytes of a header line, and of a line of text other than a sequence."""

MAX_RECORD = 50_000_000
"""Letters of one sequence in FASTA; genomes are read in another way."""

MAX_LETTERS = 4_000_000_000
"""Letters of all transcripts that a data set is made from; the human ones have half a billion."""

MAX_TEXT = 1 << 29
"""Bytes of a table or another text that is read at once, unpacked."""

MAX_SETTINGS = 1 << 20
"""Bytes of a file of settings (YAML, JSON)."""

MAX_GENOME = 1 << 36
"""Bytes of a genome or annotation that is unpacked to a temporary file; plain ones have none."""

MAX_ROWS = 20_000_000
"""Rows of a parquet table."""

MAX_TABLE = 1 << 33
"""Bytes of a parquet table, unpacked, as it says itself."""


def in_words(n_bytes: int) -> str:
    """A limit in MB or GB.

    Examples
    --------
    >>> in_words(MAX_TEXT), in_words(MAX_TABLE)
    ('512 MB', '8 GB')
    """
    return f"{n_bytes >> 30} GB" if n_bytes >= 1 << 30 else f"{n_bytes >> 20} MB"
