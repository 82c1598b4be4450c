"""ViennaRNA asked for itself, without boxfold: ``python tests/stress/vienna_reference.py IN OUT``.

IN has JSON lines of a sequence and structures in brackets; OUT gets, for each, the energies of the
structures, the minimum free energy, and the pair probabilities that are not negligible. All of it
by ViennaRNA's oldest functions, which know no settings but the global ones, as its programs do.
"""

import json
import sys

import RNA

NEGLIGIBLE = 1e-4


def answers(seq: str, structures: list[str]) -> dict:
    """What is said of one sequence."""
    energies = [RNA.energy_of_structure(seq, structure, 0) for structure in structures]
    _, least = RNA.fold(seq)
    RNA.pf_fold(seq)
    positions = range(1, len(seq) + 1)
    pairs = [
        (i - 1, j - 1, RNA.get_pr(i, j)) for i in positions for j in range(i + 4, len(seq) + 1)
    ]
    return {"energies": energies, "mfe": least, "pairs": [p for p in pairs if p[2] > NEGLIGIBLE]}


def main(source: str, out: str) -> None:
    """Answer every line."""
    with open(source) as questions, open(out, "w") as file:
        for line in questions:
            print(json.dumps(answers(*json.loads(line))), file=file)


if __name__ == "__main__":
    main(*sys.argv[1:])
