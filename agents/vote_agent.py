"""The majority vote: what any method over the structures of several tools has to beat."""

import numpy as np

from boxfold.agents.agent import Assembly, SingleAgent
from boxfold.envs.instance import Instance
from boxfold.features.structure import IntArray, base_pairs_from_pair_table, is_nested

MAJORITY = 0.5


class VoteAgent(SingleAgent):
    """The pairs of all boxes with a score above one half, the best box first.

    On boxes of `boxfold propose --structures` these are just the pairs that more than half of the
    structures have, since what two helices share is a box of its own. No two of them share a base
    then; elsewhere, and where pseudoknots are forbidden, a box that doesn't fit to better ones is
    left out. The structure need not be made of whole boxes, so there are no picks.
    """

    name = "vote"

    def _assemble(self, instance: Instance, rng: np.random.Generator, samples: int) -> Assembly:
        partner: IntArray = np.full(len(instance.seq), -1, dtype=np.int64)
        for index in np.flatnonzero(instance.score > MAJORITY):  # falling score
            added = _with_pairs(partner, instance.stem_pairs[index])
            if added is None:
                continue
            if self.pseudoknots == "allow" or is_nested(base_pairs_from_pair_table(added)):
                partner = added
        return Assembly(None, base_pairs_from_pair_table(partner), 0)


def _with_pairs(partner: IntArray, pairs: IntArray) -> IntArray | None:
    """Pair table with further pairs; None if a base has another partner."""
    i, j = pairs.T
    free = (partner[i] == -1) & (partner[j] == -1)
    if not (free | (partner[i] == j)).all():
        return None
    added = partner.copy()
    added[i], added[j] = j, i
    return added
