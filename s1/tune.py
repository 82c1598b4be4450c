"""Search for settings of S1; every trial is an ordinary run of ``train-s1``.

All that the search has seen is in its study, so one that was killed goes on as if it had not been:
the trial under way is drawn again, the same, and its run resumed.
"""

import math
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from boxfold.features.errors import InputError
from boxfold.s1.batches import Example
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.search_space import SETTINGS, with_settings, within_budget
from boxfold.s1.study import SearchConfig, Study, state
from boxfold.s1.training import DivergedError, S1Trainer
from boxfold.s1.training_config import TrainS1Config

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

OpenRun = Callable[[Path, TrainS1Config], RunFolder]
"""Starts or resumes the run of a trial."""

Report = Callable[[str], None]


class StoppedError(Exception):
    """The trial is worse than the median of the whole ones at the same epoch."""


class S1Search:
    """Draws settings, trains with them, remembers how good they are.

    Parameters
    ----------
    config : SearchConfig
    base : TrainS1Config
        Everything that isn't searched.
    fixed : collection of str
        Names of `SETTINGS` that are left as in `base`.
    train, validation : list of Example
    folder : Path
        Gets ``study.sqlite3`` and a folder ``trial_000`` per trial.
    open_run : callable
        See `OpenRun`.

    Raises
    ------
    InputError
        If Optuna is missing, or the study can't be read.
    """

    def __init__(
        self,
        config: SearchConfig,
        base: TrainS1Config,
        fixed: Collection[str],
        train: list[Example],
        validation: list[Example],
        folder: Path,
        open_run: OpenRun,
    ) -> None:
        self.config, self.folder = config, folder
        self.base = within_budget(base, config.trial_examples, max(len(train), 1))
        self._settings = [setting for setting in SETTINGS if setting.name not in fixed]
        self._metric = f"validation/{config.objective}"
        self._examples, self._open_run = (train, validation), open_run
        self._study = Study(folder / "study.sqlite3", config)

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
            self._make_trial(number, report)
            after_trial()
            last = self.trials().iloc[-1]
            report(
                f"trial {number}: {last['state']} after {last['epochs']} epochs, "
                f"{self.config.objective} {last['value']:.4f}"
            )

    def trials(self) -> pd.DataFrame:
        """Row per trial: ``trial, state, value, epochs``, then the searched settings.

        The value is the objective of the epoch whose weights are kept, that of the highest
        score; of trials that are not whole it is the last epoch's.
        """
        return pd.DataFrame(self._row(*item) for item in enumerate(self._study.ended()))

    def _row(self, number: int, trial: "FrozenTrial") -> dict[str, Any]:
        last = trial.last_step or 0
        value = float("nan") if trial.value is None else trial.value
        row = {"trial": number, "state": state(trial), "value": value, "epochs": last}
        return row | {setting.name: trial.params[setting.name] for setting in self._settings}

    def best(self) -> int | None:
        """Number of the best whole trial, if there is one."""
        frame = self.trials()
        whole = frame["value"][frame["state"] == "whole"]
        return None if whole.empty else int(whole.idxmax())

    def config_of(self, number: int) -> TrainS1Config:
        """Config of a trial that came to its end."""
        return with_settings(self.base, self._study.ended()[number].params)

    def run_path(self, number: int) -> Path:
        """Run folder of a trial."""
        return self.folder / f"trial_{number:03d}"

    def close(self) -> None:
        """Close the study."""
        self._study.close()

    def _make_trial(self, number: int, report: Report) -> None:
        trial = self._study.begin()
        values = {setting.name: setting.draw(trial) for setting in self._settings}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        report(f"trial {number}: {shown}")
        try:
            value = self._trained(trial, with_settings(self.base, values), self.run_path(number))
        except StoppedError:
            self._study.end(trial, None)
        except DivergedError:
            self._study.end(trial, None, diverged=True)
        else:
            self._study.end(trial, value)

    def _trained(self, trial: "Trial", config: TrainS1Config, path: Path) -> float:
        """Train, or finish what a killed search began, and return the objective."""

        def after_epoch(epoch: int, metrics: dict[str, float]) -> None:
            if math.isnan(metrics[self._metric]):
                raise InputError(f"{path}: no {self._metric} (has any validation row a stem?)")
            trial.report(metrics[self._metric], epoch)
            if epoch < config.epochs and trial.should_prune():
                raise StoppedError

        run = RunFolder(path)
        if (path / "finished").exists():  # killed before the study heard of it
            self._replay(run, config.epochs, after_epoch)
        else:
            run = self._open_run(path, config)
            trainer = S1Trainer(config, *self._examples, run)
            self._replay(run, trainer.progress.epoch, after_epoch)
            trainer.fit(lambda line: None, after_epoch)
        rows = run.metrics()
        return float(rows[self._metric][rows["validation/score"].idxmax()])

    def _replay(
        self, run: RunFolder, n_epochs: int, after_epoch: Callable[[int, dict[str, float]], None]
    ) -> None:
        """Tell the study of epochs that were done before the search was killed."""
        for row in run.metrics().to_dict("records")[:n_epochs]:
            after_epoch(row["step"], {self._metric: row[self._metric]})
