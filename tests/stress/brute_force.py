"""Best sets of stems by trying all of them; what excludes what is spelled out in `box_claims`."""

from collections.abc import Sequence
from itertools import combinations, product

from box_claims import claims, contradict, cross

from boxfold.features.box import Box
from boxfold.features.structure import as_base_pairs
from boxfold.rewards.energy import EnergyModel

Sets = list[tuple[int, ...]]


def sets_of(stems: Sequence[Box], pseudoknots: str) -> Sets:
    """Every set of stems of which no two contradict each other, the empty one first."""
    against = [[contradict(a, b, pseudoknots) for b in stems] for a in stems]
    found: Sets = [()]
    for stem in range(len(stems)):
        found += [(*s, stem) for s in found if not any(against[stem][other] for other in s)]
    return found


def energies(model: EnergyModel, stems: Sequence[Box], sets: Sets) -> dict[tuple[int, ...], float]:
    """Free energy of each set of nested stems, kcal/mol."""
    pairs = [sorted(claims(stem)[0]) for stem in stems]
    return {s: model.free_energy(as_base_pairs([p for k in s for p in pairs[k]])) for s in sets}


def stems_off_first_page(
    stems: Sequence[Box], n_pages: int, sets: Sets
) -> dict[tuple[int, ...], int]:
    """Fewest stems that are not on the first page; sets that need more pages are left out."""
    pairs = [claims(stem)[0] for stem in stems]
    crossing = [[cross(a, b) for b in pairs] for a in pairs]
    found = {}
    for members in sets:
        knotted = [a for a in members if any(crossing[a][b] for b in members)]
        placings = [
            pages
            for pages in product(range(n_pages), repeat=len(knotted))
            if not any(
                crossing[a][b] and pages[k] == pages[m]
                for (k, a), (m, b) in combinations(enumerate(knotted), 2)
            )
        ]
        if placings:
            found[members] = min(sum(page > 0 for page in pages) for pages in placings)
    return found
