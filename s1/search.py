"""Search for settings of a training; every trial is an ordinary run of the verb that trains.

All that a search has seen is in its study, so one that was killed goes on as if it had not been:
the trial under way is drawn again, the same, and its run resumed.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pandas as pd

from boxfold.features.errors import DivergedError
from boxfold.s1.database import database_errors
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.search_space import Setting
from boxfold.s1.study import Study, state

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

ConfigT = TypeVar("ConfigT")

OpenRun = Callable[[Path, ConfigT], RunFolder]
"""Starts or resumes the run of a trial."""

Report = Callable[[str], None]

Heard = Callable[[int, float], None]
"""Gets the number of a validation, from 1, and its objective; ends the trial if that is poor."""


class StoppedError(Exception):
    """The trial is worse than the median of the whole ones at the same validation."""


class Search(ABC, Generic[ConfigT]):
    """Draws settings, trains with them, remembers how good they are.

    Parameters
    ----------
    study : Study
    settings : sequence of Setting
        What is searched.
    base : dataclass
        Config of a training: everything that isn't searched.
    folder : Path
        Gets a folder ``trial_000`` per trial.
    """

    objective: str
    """Name of what is made best, for people."""
    unit: str = "epochs"
    """What a validation follows; a column of `trials`."""

    def __init__(
        self, study: Study, settings: Sequence[Setting], base: ConfigT, folder: Path
    ) -> None:
        self.base, self.folder = base, folder
        self._study, self._settings = study, settings

    @abstractmethod
    def with_settings(self, values: dict[str, Any]) -> ConfigT:
        """`base` with the settings of a trial."""

    @abstractmethod
    def n_validations(self, config: ConfigT) -> int:
        """Validations of a whole trial."""

    @abstractmethod
    def trained(self, config: ConfigT, path: Path, heard: Heard) -> float:
        """Train, or finish what a killed search began, and return the objective.

        `heard` is to be called for every validation, in order, also for those made before a kill.

        Raises
        ------
        DivergedError
            If the training leads nowhere.
        """

    def run(self, n_trials: int, report: Report, after_trial: Callable[[], None]) -> None:
        """Make trials until there are `n_trials`, those of earlier calls counted.

        Parameters
        ----------
        n_trials : int
        report : callable
            Gets lines on the progress.
        after_trial : callable

        Raises
        ------
        InputError
            If a run folder can't be used.
        """
        for number in range(len(self._study.ended()), n_trials):
            with database_errors(self._study.path):
                self._make_trial(number, report)
            after_trial()
            last = self.trials().iloc[-1]
            report(
                f"trial {number}: {last['state']} after {last[self.unit]} {self.unit}, "
                f"{self.objective} {last['value']:.4f}"
            )

    def trials(self) -> pd.DataFrame:
        """Row per trial: ``trial, state, value``, `unit`, then the searched settings.

        The value is the objective of the validation whose weights are kept; of trials that are not
        whole it is that of the last one.
        """
        return pd.DataFrame(self._row(*item) for item in enumerate(self._study.ended()))

    def best(self) -> int | None:
        """Number of the best whole trial, if there is one."""
        frame = self.trials()
        whole = frame["value"][frame["state"] == "whole"]
        if whole.empty:
            return None
        return int(whole.idxmin() if self._study.is_minimised else whole.idxmax())

    def config_of(self, number: int) -> ConfigT:
        """Config of a trial that came to its end."""
        return self.with_settings(self._study.ended()[number].params)

    def run_path(self, number: int) -> Path:
        """Run folder of a trial."""
        return self.folder / f"trial_{number:03d}"

    def close(self) -> None:
        """Close the study."""
        self._study.close()

    def _row(self, number: int, trial: "FrozenTrial") -> dict[str, Any]:
        value = float("nan") if trial.value is None else trial.value
        row = {"trial": number, "state": state(trial), "value": value}
        row[self.unit] = trial.last_step or 0
        return row | {setting.name: trial.params[setting.name] for setting in self._settings}

    def _make_trial(self, number: int, report: Report) -> None:
        trial = self._study.begin()
        values = {setting.name: setting.draw(trial) for setting in self._settings}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        report(f"trial {number}: {shown}")
        config = self.with_settings(values)
        try:
            value = self.trained(config, self.run_path(number), self._listener(trial, config))
        except StoppedError:
            self._study.end(trial, None)
        except DivergedError:
            self._study.end(trial, None, diverged=True)
        else:
            self._study.end(trial, value)

    def _listener(self, trial: "Trial", config: ConfigT) -> Heard:
        last = self.n_validations(config)

        def heard(number: int, value: float) -> None:
            trial.report(value, number)
            if number < last and trial.should_prune():
                raise StoppedError

        return heard
