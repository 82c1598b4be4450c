"""Search for settings of S1; every trial is an ordinary run of ``train-s1``."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from boxfold.features.errors import InputError
from boxfold.s1.batches import Example
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.search import Heard, OpenRun, Search
from boxfold.s1.search_space import SETTINGS, with_settings, within_budget
from boxfold.s1.study import SearchConfig, Study
from boxfold.s1.training import S1Trainer
from boxfold.s1.training_config import TrainS1Config


class S1Search(Search[TrainS1Config]):
    """A `Search` of `SETTINGS`.

    Parameters
    ----------
    config : SearchConfig
    base : TrainS1Config
        Everything that isn't searched.
    fixed : collection of str
        Names of `SETTINGS` that are left as in `base`.
    train, validation : list of Example
    folder : Path
        Gets ``study.sqlite3`` and the runs.
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
        open_run: OpenRun[TrainS1Config],
    ) -> None:
        super().__init__(
            Study(folder / "study.sqlite3", config, "s1"),
            [setting for setting in SETTINGS if setting.name not in fixed],
            within_budget(base, config.trial_examples, max(len(train), 1)),
            folder,
        )
        self.objective = config.objective
        self._metric = f"validation/{config.objective}"
        self._examples, self._open_run = (train, validation), open_run

    def with_settings(self, values: dict[str, Any]) -> TrainS1Config:
        """See `search_space.with_settings`."""
        return with_settings(self.base, values)

    def n_validations(self, config: TrainS1Config) -> int:
        """One per epoch."""
        return config.epochs

    def trained(self, config: TrainS1Config, path: Path, heard: Heard) -> float:
        """See `Search.trained`; the objective is that of the epoch of the highest score."""

        def after_epoch(epoch: int, metrics: dict[str, float]) -> None:
            if math.isnan(metrics[self._metric]):
                raise InputError(f"{path}: no {self._metric} (has any validation row a stem?)")
            heard(epoch, metrics[self._metric])

        def replay(n_epochs: int) -> None:
            for row in run.metrics().to_dict("records")[:n_epochs]:
                after_epoch(row["step"], {self._metric: row[self._metric]})

        run = RunFolder(path)
        if (path / "finished").exists():  # killed before the study heard of it
            replay(config.epochs)
        else:
            run = self._open_run(path, config)
            trainer = S1Trainer(config, *self._examples, run)
            replay(trainer.progress.epoch)
            trainer.fit(lambda line: None, after_epoch)
        rows = run.metrics()
        return float(rows[self._metric][rows["validation/score"].idxmax()])
