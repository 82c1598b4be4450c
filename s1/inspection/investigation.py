"""What the reports on S1 are made from: a model, sequences, and what one pass collects."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from boxfold.s1.batches import Example
from boxfold.s1.inspection.calibration import Reliability, add_case
from boxfold.s1.inspection.cases import cases
from boxfold.s1.inspection.missed import MissedBoxes
from boxfold.s1.inspection.ranked_targets import RankedTargets
from boxfold.s1.inspection.voting import VoteStudy
from boxfold.s1.model import S1Model

NEED_EXACT = frozenset({"recall", "missed", "calibration"})
NEED_NO_PASS = frozenset({"receptive"})
"""Reports, by the names of `boxfold.s1.inspection.reports.MAKERS`."""


@dataclass
class Investigation:
    """A model on sequences with known structures.

    Attributes
    ----------
    model : S1Model
    examples : sequence of Example
    mfe_frequency : sequence of float, optional
        Of each example.
    seed : int
    mean_boxes : float
        Report ``complete``: boxes of all kinds per sequence.
    tune : RankedTargets, optional
        Report ``complete`` needs it.
    cost : callable, optional
        Gives the table of `proposal_cost`; report ``receptive`` needs it.
    ranked, missed, votes, reliability
        Filled by `collect`.
    """

    model: S1Model
    examples: Sequence[Example]
    mfe_frequency: Sequence[float] | None = None
    seed: int = 0
    mean_boxes: float = 64.0
    tune: RankedTargets | None = None
    cost: Callable[[], pd.DataFrame] | None = None
    ranked: RankedTargets = field(default_factory=RankedTargets)
    missed: MissedBoxes = field(default_factory=MissedBoxes)
    votes: VoteStudy = field(default_factory=VoteStudy)
    reliability: Reliability = field(default_factory=Reliability)

    def collect(
        self, whats: Collection[str], track: Callable[[Iterable[Any]], Iterable[Any]] = iter
    ) -> None:
        """Run over the sequences once, for all reports of `whats` together.

        Parameters
        ----------
        whats : collection of str
            Names of reports.
        track : callable
            Wraps the iteration, to show progress.
        """
        wanted = set(whats)
        if wanted <= NEED_NO_PASS:
            return
        exact, dense = bool(NEED_EXACT & wanted), "votes" in wanted
        for case in track(cases(self.model, self.examples, self.mfe_frequency, exact, dense)):
            self.ranked.add(case)
            if "missed" in wanted:
                self.missed.add(case)
            if "votes" in wanted:
                self.votes.add(case)
            if "calibration" in wanted:
                add_case(self.reliability, case)
