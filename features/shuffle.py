"""Shuffles that keep every count of two neighbouring letters (Altschul and Erickson, 1985)."""

from itertools import pairwise

import numpy as np


def dinucleotide_shuffle(seq: str, rng: np.random.Generator) -> str:
    """Random sequence with the same dinucleotide counts, first and last letter.

    A sequence is a walk through its letters; every shuffle is another walk that uses the same
    steps (an Eulerian walk). The last step out of each letter must lead, through last steps, to
    the final letter; given such last steps the other steps may come in any order.

    Parameters
    ----------
    seq : str
        Any letters.
    rng : numpy.random.Generator

    Returns
    -------
    str
        Of the same length; each possible walk is equally likely.

    Examples
    --------
    >>> dinucleotide_shuffle("ACACGUAGGUAC", np.random.default_rng(3))
    'AGGUACGUACAC'
    """
    if len(seq) < 4:  # nothing to exchange
        return seq
    successors: dict[str, list[str]] = {letter: [] for letter in seq}
    for letter, following in pairwise(seq):
        successors[letter].append(following)
    last = _last_steps(successors, seq[-1], rng)
    order = {
        letter: _shuffled_before(following, last.get(letter), rng)
        for letter, following in successors.items()
    }
    walk = [seq[0]]
    for _ in range(len(seq) - 1):
        walk.append(order[walk[-1]].pop())
    return "".join(walk)


def _last_steps(
    successors: dict[str, list[str]], final: str, rng: np.random.Generator
) -> dict[str, str]:
    """Last step out of every letter but `final`, drawn until all of them lead there."""
    letters = [letter for letter in successors if letter != final]
    while True:
        last = {a: successors[a][rng.integers(len(successors[a]))] for a in letters}
        if all(_reaches(letter, final, last) for letter in letters):
            return last


def _reaches(letter: str, final: str, last: dict[str, str]) -> bool:
    for _ in range(len(last)):
        letter = last[letter]
        if letter == final:
            return True
    return False


def _shuffled_before(following: list[str], last: str | None, rng: np.random.Generator) -> list[str]:
    """Put steps in random order, to be popped from the end; `last` is popped last."""
    rest = list(following)
    if last is not None:
        rest.remove(last)
    rest = [rest[i] for i in rng.permutation(len(rest))]
    return rest if last is None else [last, *rest]
