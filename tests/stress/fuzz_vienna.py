"""Hostile calls of what reaches ViennaRNA: ``python tests/stress/fuzz_vienna.py N SEED LAST``.

The file LAST holds the call in progress, so whoever waits for this process knows what killed it.
A call may return or raise `ValueError` (and so `InputError`); anything else ends the process.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket
from boxfold.rewards import energy, ensemble, probing, pseudoknot
from boxfold.rewards.energy_settings import EnergySettings
from boxfold.rewards.exact import StemOptimum

Rng = np.random.Generator
_LETTERS = ("ACGU", "ACGUN", "GC", "N", "acgu", "ACGT", "ACGU&", "ACGU.()", "ACGU\0", "ACGÜ€\ud800")
_PARTNER = str.maketrans("ACGU", "UGCA")
_DTYPES = (
    np.int64,
    np.int32,
    np.int16,
    np.int8,
    np.uint8,
    np.uint16,
    np.uint64,
    float,
    object,
    str,
)
_ODD = (-(2**63), -1000, -2, -1, 0, 1, 126, 127, 128, 254, 255, 256, 2**31, 2**62)


def sequence(rng: Rng, longest: int = 120) -> str:
    """Mostly letters of an RNA; some a hairpin, some empty or long, some with other signs."""
    letters = list(_LETTERS[rng.integers(10)] if rng.random() < 0.4 else "ACGU")
    length = int(rng.integers(0, longest if rng.random() < 0.95 else 20 * longest))
    seq = "".join(rng.choice(letters, length))
    return seq + "GAAA" + seq[::-1].translate(_PARTNER) if rng.random() < 0.3 else seq


def pairs(rng: Rng, length: int) -> np.ndarray:
    """Pairs in and out of range, crossing, tight, in either order, of any type and shape."""
    k = int(rng.integers(0, 12))
    array: Any = rng.integers(-2, max(length, 1) + 2, (k, 2))
    if rng.random() < 0.7:
        array = np.sort(array.clip(0, max(length - 1, 0)), axis=1)
    if rng.random() < 0.2 and array.size:
        array.flat[rng.integers(array.size)] = _ODD[rng.integers(len(_ODD))]
    with np.errstate(all="ignore"):
        array = array.astype(
            _DTYPES[rng.integers(len(_DTYPES))] if rng.random() < 0.3 else np.int64
        )
    if array.dtype == float and array.size:
        array.flat[rng.integers(array.size)] = rng.choice([np.nan, np.inf, 0.5])
    if rng.random() < 0.05:
        return array.reshape(-1) if rng.random() < 0.5 else array[:, None]
    return array


def stack(rng: Rng, seq: str) -> np.ndarray:
    """Pairs of a stem somewhere, in a hairpin mostly canonical."""
    i = int(rng.integers(0, max(len(seq) // 2, 1)))
    j = int(rng.integers(i, len(seq) + 2)) if rng.random() < 0.5 else len(seq) - 1 - i
    steps = np.arange(rng.integers(1, 6))
    return np.stack([i + steps, j - steps], axis=1)


def brackets(rng: Rng, seq: str) -> str:
    """Signs of structures: of a hairpin, or any, balanced or not."""
    if rng.random() < 0.5:
        half = len(seq) // 2 - 2
        return "(" * half + "." * (len(seq) - 2 * max(half, 0)) + ")" * half
    signs = list("().[]{}<>Aa&_,:xX \ud800" if rng.random() < 0.3 else "().")
    return "".join(rng.choice(signs, len(seq)))


def boxes(rng: Rng, length: int) -> np.ndarray:
    """Lines of boxes, stems or not."""
    lines = rng.integers(-2, max(length, 1) + 2, (int(rng.integers(0, 6)), 5))
    lines[:, 0] = 0 if rng.random() < 0.8 else rng.integers(-1, 4)
    lines[:, 3] = lines[:, 4] = rng.integers(-1, 5, len(lines))
    return lines


def profile(rng: Rng, length: int) -> np.ndarray:
    """Reactivities, mostly as many as bases."""
    size = length if rng.random() < 0.8 else int(rng.integers(0, length + 5))
    values = rng.normal(0.3, 1, size).astype(np.float32)
    values[rng.random(size) < 0.2] = rng.choice([np.nan, np.inf, -np.inf, -999, 3e38])
    return values


def of_text(seq: str, text: str) -> str:
    """A structure as text, evaluated and written again."""
    found = base_pairs_from_dot_bracket(text)
    model = energy.EnergyModel(seq)
    pseudoknot.knotted_energy(model, found)
    model.free_energy(found)
    return dot_bracket(found, len(text))


def calls(rng: Rng) -> tuple[str, Callable[..., Any], list[Any]]:
    """One call: its name, the function and its arguments."""
    seq = sequence(rng)
    short = sequence(rng, longest=30)[:100]  # what folds takes time by the cube of the length
    n = len(seq)
    model = "EnergyModel."
    of_pairs = ("hairpins", "multi_branches", "exterior_branches", "multiloop_closings")
    number = int(rng.integers(17))
    if number < 4:
        name = of_pairs[number]
        return (
            model + name,
            lambda s, p: getattr(energy.EnergyModel(s), name)(p),
            [seq, pairs(rng, n)],
        )
    temperature = (37.0, -1.0, 0.0, 100.0, float("nan"))[rng.integers(5)]
    parameters = ("turner2004", "andronescu2007", "turner1999", "x")[rng.integers(4)]
    odd = int(rng.choice([-5, -1, 0, 1, 3, 20, 10**9]))
    return [
        ("free_energy", lambda s, p: energy.EnergyModel(s).free_energy(p), [seq, pairs(rng, n)]),
        ("free_energy", lambda s, p: energy.EnergyModel(s).free_energy(p), [seq, stack(rng, seq)]),
        (
            "interiors",
            lambda s, a, b: energy.EnergyModel(s).interiors(a, b),
            [seq, (steps := stack(rng, seq))[:1], steps[-1:]],
        ),
        ("stem_stacks", lambda s, b: energy.EnergyModel(s).stem_stacks(b), [seq, boxes(rng, n)]),
        (
            "StemOptimum",
            lambda s, b: StemOptimum(energy.EnergyModel(s), b).solve(),
            [seq, boxes(rng, n)],
        ),
        (
            "knotted_energy",
            lambda s, p: pseudoknot.knotted_energy(energy.EnergyModel(s), p),
            [seq, pairs(rng, n)],
        ),
        ("brackets", of_text, [seq, brackets(rng, seq)]),
        (
            "mfe",
            lambda s, t, p: energy.mfe(s, EnergySettings(t, p)),
            [short, temperature, parameters],
        ),
        ("sample_structures", energy.sample_structures, [short, min(odd, 20), odd]),
        ("ensemble", ensemble.ensemble, [short, True]),
        ("pair_probabilities", ensemble.pair_probabilities, [short, parameters, odd]),
        (
            "drawn_places",
            energy.drawn_places,
            [pairs(rng, n), n if rng.random() < 0.9 else odd % 999],
        ),
        ("probed", probing.probed_pair_probabilities, [short, profile(rng, len(short))]),
    ][number - 4]


def main(n: str, seed: str, last: str) -> None:
    """Make the calls and say how many of each function were answered."""
    rng = np.random.default_rng(int(seed))
    answered: dict[str, list[int]] = {}
    with open(last, "w", encoding="utf-8", errors="backslashreplace") as file:
        for _ in range(int(n)):
            name, call, arguments = calls(rng)
            file.seek(0)
            file.truncate()
            print(name, *map(repr, arguments), file=file, flush=True)
            count = answered.setdefault(name, [0, 0])
            try:
                call(*arguments)
                count[0] += 1
            except ValueError:
                count[1] += 1
    for name, (good, refused) in sorted(answered.items()):
        print(f"{name}: {good} answered, {refused} refused")


if __name__ == "__main__":
    sys.path.pop(0)  # this folder
    main(*sys.argv[1:])
