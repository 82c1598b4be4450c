"""Where each id occurred first, in little memory: what tells the ids of a long file apart."""

from array import array
from hashlib import blake2b

_SMALLEST = 1 << 10
_FULL = 0.7
"""Share of the slots from which on the table is doubled."""


class FirstLines:
    """Line of the first record of each id, 12 bytes a slot instead of 140 for an entry of a dict.

    Ids are known by 64 bits of a digest: among a million, two different ones are taken for the
    same with a probability of 3e-8. Lines beyond 4e9 are told as that.

    Examples
    --------
    >>> lines = FirstLines()
    >>> lines.seen("tRNA", 1), lines.seen("miRNA", 3), lines.seen("tRNA", 5)
    (None, None, 1)
    """

    def __init__(self) -> None:
        self._digests, self._lines = _slots(_SMALLEST)
        self._n_used = 0

    def seen(self, name: str, line: int) -> int | None:
        """The line where an id occurred before; None for a new one, which is remembered.

        Parameters
        ----------
        name : str
        line : int
            From 1.
        """
        digest = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
        slot = self._slot(digest)
        if self._lines[slot]:
            return self._lines[slot]
        self._put(slot, digest, min(line, 0xFFFFFFFF))
        if self._n_used > _FULL * len(self._lines):
            self._double()
        return None

    def _slot(self, digest: int) -> int:
        """Slot of a digest, or the empty one where it belongs."""
        last = len(self._lines) - 1
        slot = digest & last
        while self._lines[slot] and self._digests[slot] != digest:
            slot = (slot + 1) & last
        return slot

    def _put(self, slot: int, digest: int, line: int) -> None:
        self._digests[slot], self._lines[slot] = digest, line
        self._n_used += 1

    def _double(self) -> None:
        old = zip(self._digests, self._lines, strict=True)
        self._digests, self._lines = _slots(2 * len(self._lines))
        self._n_used = 0
        for digest, line in old:
            if line:
                self._put(self._slot(digest), digest, line)


def _slots(n: int) -> tuple["array[int]", "array[int]"]:
    """Empty digests and lines; line 0 marks an empty slot."""
    return array("Q", [0]) * n, array("I", [0]) * n
