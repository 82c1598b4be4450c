"""How much of a training may go into pictures."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from boxfold.s1.run_folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARE = 0.03
"""Of the CPU time of the process."""

FIRST = 2.0
"""CPU seconds that the first pictures are expected to take, imports included."""


class DrawingBudget:
    """Lets a training draw at its end, and before that as long as it costs less than `SHARE`.

    When something is drawn depends on the clock, what is learnt does not.
    """

    def __init__(self) -> None:
        self._spent, self._last = 0.0, FIRST

    def draw(
        self, run: RunFolder, step: int, is_last: bool, make: "Callable[[], Mapping[str, Figure]]"
    ) -> None:
        """Show pictures of a step, if there is time.

        Parameters
        ----------
        run : RunFolder
        step : int
        is_last : bool
            Whether there is no other time.
        make : callable
            Gives the drawings by tag.
        """
        start = time.process_time()
        if not is_last and self._spent + self._last > SHARE * start:
            return
        run.show(step, make())
        self._last = time.process_time() - start
        self._spent += self._last
