"""What a run of ``propose`` did, in numbers: boxes offered, pruned, kept, and targets found."""

import numpy as np

from boxfold.features.box import BoxKind
from boxfold.s1.batches import Example
from boxfold.s1.evaluation import BoxRecall
from boxfold.s1.histograms import BoxHistogram
from boxfold.s1.propose import Proposed
from boxfold.s1.pruning import PRUNE_RULES


class ProposalReport:
    """Adds up proposals.

    Attributes
    ----------
    histogram : BoxHistogram
        Boxes as offered, and as they remain after pruning and the limit on their number.
    recall : BoxRecall
        Over the sequences with a known structure.
    """

    def __init__(self) -> None:
        self.histogram = BoxHistogram()
        self.recall = BoxRecall()
        self._pruned = np.zeros((len(PRUNE_RULES), len(BoxKind)), dtype=np.int64)
        self._n_stems: list[int] = []

    def add(self, proposed: Proposed, example: Example | None) -> None:
        """Count one sequence; `example` is its known structure, if there is one."""
        proposals = proposed.proposals
        kept = np.concatenate([proposals.boxes, proposals.loops])
        self.histogram.add(proposed.offered, kept)
        self._pruned += proposed.pruned
        self._n_stems.append(len(proposals.boxes))
        if example is not None:
            self.recall.add(example, proposals)

    def lines(self) -> list[str]:
        """Text for people: a table of boxes by kind, then the counts of examples."""
        labels = [kind.label for kind in BoxKind]
        totals = self.histogram.totals()
        before, after = totals["before"].to_numpy(), totals["after"].to_numpy()
        rows = [("offered", before)]
        rows += [
            (f"- {rule}", -count) for rule, count in zip(PRUNE_RULES, self._pruned, strict=True)
        ]
        rows += [("- over max-boxes", after - before + self._pruned.sum(axis=0)), ("kept", after)]
        lines = [f"{'boxes':<18}" + "".join(f"{label:>15}" for label in labels)]
        lines += [f"{name:<18}" + "".join(f"{n:>15}" for n in counts) for name, counts in rows]
        empty = self._n_stems.count(0)
        mean = np.mean(self._n_stems) if self._n_stems else 0.0
        lines.append(f"{len(self._n_stems)} sequences, {mean:.1f} stems each, {empty} without any")
        return lines + self._recall_lines()

    def _recall_lines(self) -> list[str]:
        n = self.recall.n_examples
        if not n:
            return []
        shares = self.recall.summary()
        recall = ", ".join(f"{kind.label} {shares[kind.label]:.3f}" for kind in BoxKind)
        stems, boxes = self.recall.n_complete
        return [
            f"share of target boxes found: {recall}",
            f"examples with all target stems found: before {n}, after {stems}",
            f"examples with all target boxes found: before {n}, after {boxes}",
        ]
