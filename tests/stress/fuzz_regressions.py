"""Inputs that readers did not refuse with one line, by the name of the reader."""

_DIGITS = b"9" * 5000  # more than Python makes an integer of

REGRESSIONS = [
    ("ct", _DIGITS + b" x\n"),
    ("structures of any format", _DIGITS + b" x\n"),
    ("structures of any format", b"\r,"),
    ("structures of any format", b"id,dot_bracket," + b"x" * 200_000),
    ("reactivities", b"a\t1e39\n"),
    ("reward files", _DIGITS),
    ("reward files", b"energy: 2001-99-99"),
    ("reward files", b"[" * 5000),
    ("rewards", b"\n"),
    ("genomes", b">chr9\nACGTACGT" + b"\xf0\x90" * 8 + b"\n"),
    ("run folders", b""),
    ("run folders", b"[1]"),
    ("run folders", b"[" * 100_000),
    ("run folders", b'{"slope": 1, "intercept": 1' + b"0" * 400 + b"}"),
]
