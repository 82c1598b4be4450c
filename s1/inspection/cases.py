"""Sequences with known structures, each with all that S1 says of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from boxfold.rewards.ensemble import end_probabilities
from boxfold.s1.batches import Example
from boxfold.s1.ends import FloatArray
from boxfold.s1.inspection.offers import (
    Offered,
    ends_offers,
    exact_offers,
    possible_votes,
    run_offers,
    vote_offers,
)
from boxfold.s1.model import Maps, S1Model
from boxfold.s1.votes import VotedBoxes


@dataclass(frozen=True, eq=False)
class Case:
    """One sequence with its structure and all that S1 says of it.

    Attributes
    ----------
    example : Example
    maps : Maps
    exact : ndarray, dtype=float32, shape (3, L, L), or None
        Of `end_probabilities`.
    mfe_frequency : float
        nan where it is not known.
    """

    example: Example
    maps: Maps
    exact: FloatArray | None = None
    mfe_frequency: float = float("nan")

    @cached_property
    def voted(self) -> VotedBoxes:
        """Possible boxes with votes."""
        return possible_votes(self.maps.voted, self.example.seq)

    @cached_property
    def offered(self) -> dict[str, Offered]:
        """Ranked boxes by method; ``ensemble`` only with exact maps."""
        seq = self.example.seq
        offered = {"ends": ends_offers(self.maps, seq)}
        if self.exact is not None:
            offered["ensemble"] = exact_offers(self.exact, seq)
        return offered | {"runs": run_offers(seq)} | vote_offers(self.voted)


def cases(
    model: S1Model,
    examples: Sequence[Example],
    mfe_frequency: Sequence[float] | None = None,
    exact: bool = False,
    dense: bool = False,
) -> Iterator[Case]:
    """Run a model over sequences.

    Parameters
    ----------
    model : S1Model
    examples : sequence of Example
    mfe_frequency : sequence of float, optional
    exact : bool
        Also compute the exact maps, by ViennaRNA.
    dense : bool
        Keep the logits of the boxes heads.

    Yields
    ------
    Case
        In order of length.
    """
    for index, maps in model.maps([example.seq for example in examples], dense=dense):
        example = examples[index]
        frequency = float("nan") if mfe_frequency is None else float(mfe_frequency[index])
        yield Case(example, maps, end_probabilities(example.seq) if exact else None, frequency)
