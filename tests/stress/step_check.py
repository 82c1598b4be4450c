"""What an episode of assembly must look like, computed from its picks alone and from scratch."""

from functools import cache

import numpy as np
from box_claims import Pairs, claims, contradict, cross

from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.slots import slots_of
from boxfold.features.box import Box, BoxKind, boxes_from_array
from boxfold.features.structure import as_base_pairs, is_nested
from boxfold.rewards.energy import EnergyModel
from boxfold.rewards.pseudoknot import knotted_energy

_CANONICAL = {"AU", "UA", "GC", "CG", "GU", "UG"}


class Slotted:
    """Boxes of an instance by slot, and which contradict each other."""

    def __init__(self, instance: Instance, config: AssemblyConfig) -> None:
        self.instance, self.config = instance, config
        n = config.n_stem_slots
        stems = dict(enumerate(boxes_from_array(instance.boxes[:n])))
        loops = boxes_from_array(instance.proposals.loops[:n])
        more = {n + k: loop for k, loop in enumerate(loops)} if n < config.max_boxes else {}
        self.boxes: dict[int, Box] = stems | more
        self.slots = slots_of(instance.cut(n).fresh(), config)
        self.excludes = {
            a: {
                b
                for b in self.boxes
                if a == b or contradict(box, self.boxes[b], config.pseudoknots)
            }
            for a, box in self.boxes.items()
        }

    def stems(self, picks: list[int]) -> list[Box]:
        """Picked stems."""
        return [self.boxes[p] for p in picks if self.boxes[p].kind == BoxKind.STEM]

    def may_pick(self, picks: list[int], slot: int) -> bool:
        """Can any integer be picked next?"""
        if slot not in self.boxes or any(slot in self.excludes[pick] for pick in picks):
            return False
        return self._few_pages(self.stems([*picks, slot]))

    def selectable(self, picks: list[int]) -> set[int]:
        """Slots that may be picked next."""
        return {slot for slot in self.boxes if self.may_pick(picks, slot)}

    def is_valid(self, picks: list[int]) -> bool:
        """Are the picked stems a structure in which all picked loops are there?"""
        if len(set(picks)) < len(picks) or not set(picks) <= self.boxes.keys():
            return False
        stems = self.stems(picks)
        pairs = [pair for stem in stems for pair in claims(stem)[0]]
        if not self._is_structure(pairs) or not self._few_pages(stems):
            return False
        paired = {base for pair in pairs for base in pair}
        loops = [claims(self.boxes[p]) for p in picks if self.boxes[p].kind != BoxKind.STEM]
        return all(closing <= set(pairs) and not free & paired for closing, free in loops)

    def _is_structure(self, pairs: list[tuple[int, int]]) -> bool:
        seq = self.instance.seq
        bases = [base for pair in pairs for base in pair]
        if len(set(bases)) < len(bases) or not all(0 <= base < len(seq) for base in bases):
            return False
        return all(seq[i] + seq[j] in _CANONICAL and j - i > 3 for i, j in pairs)

    def _few_pages(self, stems: list[Box]) -> bool:
        """Can the stems be put on the allowed pages so that none crosses another on its page?"""
        if self.config.pseudoknots == "forbid":
            return _pages([claims(stem)[0] for stem in stems], 1)
        return _pages([claims(stem)[0] for stem in stems], self.config.max_knot_order + 1)

    def energy(self, picks: list[int]) -> float:
        """Free energy of the picked stems, kcal/mol."""
        pairs = as_base_pairs(
            [pair for stem in self.stems(picks) for pair in sorted(claims(stem)[0])]
        )
        model = EnergyModel(self.instance.seq)
        return model.free_energy(pairs) if is_nested(pairs) else knotted_energy(model, pairs).total

    def compare(self, batch: BatchAssembly, b: int) -> None:
        """State of a running episode against what its picks say."""
        picks, seen = batch.picks[b], {k: array[b] for k, array in batch.observation.items()}
        left, energy = self.selectable(picks), self.energy(picks)
        assert set(np.flatnonzero(batch.selectable[b]).tolist()) == left
        assert set(np.flatnonzero(seen["picked"]).tolist()) == set(picks)
        shown = left if self.config.mask else set(self.boxes) - set(picks)
        assert set(np.flatnonzero(seen["action_mask"]).tolist()) == shown | {self.config.stop}
        assert abs(batch.energy(b) - energy) < 1e-6
        length = len(self.instance.seq)
        paired = sum(2 * stem.n_rows for stem in self.stems(picks))
        shares = [length / 200, len(picks) / 20, paired / length]
        shares += [min(max(energy / 20, -10), 10), len(left) / max(len(self.boxes), 1)]
        np.testing.assert_allclose(seen["globals"], shares, rtol=1e-5, atol=1e-6)
        for name in ("tokens", "boxes", "loop_energy", "bases", "reactivity"):
            if name in seen:
                np.testing.assert_array_equal(seen[name], getattr(self.slots, name), err_msg=name)


def _pages(stems: list[Pairs], n_pages: int) -> bool:
    """Does some distribution over pages leave no crossing? Tried one stem after the other."""
    crossing = [[_cross_cached(frozenset(a), frozenset(b)) for b in stems] for a in stems]
    if not any(map(any, crossing)):
        return True
    page: list[int] = []

    def place() -> bool:
        at = len(page)
        if at == len(stems):
            return True
        for wanted in range(n_pages):
            if all(page[k] != wanted for k in range(at) if crossing[at][k]):
                page.append(wanted)
                if place():
                    return True
                page.pop()
        return False

    return place()


@cache
def _cross_cached(a: frozenset[tuple[int, int]], b: frozenset[tuple[int, int]]) -> bool:
    return cross(set(a), set(b))
