"""What an agent makes small: a combination of rewards in place of the free energy."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from boxfold.rewards.combination import Combination
from boxfold.rewards.plugin import Structure

if TYPE_CHECKING:
    from boxfold.envs.instance import Instance


class Objective:
    """Minus a combination of rewards, as an energy; each set of stems is judged once.

    Parameters
    ----------
    rewards : Combination

    Attributes
    ----------
    calls : int
        Structures judged so far.
    """

    def __init__(self, rewards: Combination) -> None:
        self.rewards, self.calls = rewards, 0
        self._costs: dict[frozenset[int], float] = {}

    def fresh(self) -> "Objective":
        """The same rewards, with nothing judged yet."""
        return Objective(self.rewards)

    def cost(self, instance: "Instance", picks: Iterable[int]) -> float:
        """Minus the reward, times the scale of the instance: with ``energy=1`` the free energy.

        So thresholds and temperatures in kcal/mol mean what they mean for free energies.

        Parameters
        ----------
        instance : Instance
            The same at every call, or one with the same boxes.
        picks : iterable of int
            Stems, in any order.

        Returns
        -------
        float
            kcal/mol.

        Raises
        ------
        RewardError
            See `Combination.parts`.
        """
        key = frozenset(picks)
        if key not in self._costs:
            self.calls += 1
            structure = Structure(instance.base_pairs(key), tuple(sorted(key)))
            self._costs[key] = -self.rewards.total(instance, structure) * instance.scale
        return self._costs[key]
