import random

from boxfold.features import first_lines
from boxfold.features.first_lines import FirstLines


def test_equals_a_dict():
    rng, lines, known = random.Random(0), FirstLines(), {}
    for line in range(1, 6001):
        name = f"r{rng.randrange(4000)}"
        assert lines.seen(name, line) == known.get(name)
        known.setdefault(name, line)
    assert len(known) > 3000  # so the table was doubled twice


def test_digests_that_want_the_same_slot_are_told_apart(monkeypatch):
    class Crowded:
        """A digest with the same low bits for every name."""

        def __init__(self, name, digest_size):
            self.name = name

        def digest(self):
            return self.name[:4].ljust(4, b"\0") + b"\xff\xff\xff\xff"

    monkeypatch.setattr(first_lines, "blake2b", Crowded)
    lines = FirstLines()
    assert [lines.seen(name, line) for line, name in enumerate("abcab", start=1)] == [
        None,
        None,
        None,
        1,
        2,
    ]


def test_a_slot_is_twelve_bytes_and_a_line_that_does_not_fit_is_the_last_one():
    lines = FirstLines()
    lines.seen("late", 2**40)
    assert lines.seen("late", 2**41) == 2**32 - 1
    assert lines._digests.itemsize + lines._lines.itemsize == 12
