"""Search for settings of an agent; every trial is an ordinary run of ``train-agent``."""

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from boxfold.agents.search_space import SETTINGS, AgentConfig, AgentSearchConfig, within_budget
from boxfold.agents.training import AfterValidation, Report
from boxfold.agents.training_config import TrainConfig
from boxfold.agents.validation import score_of
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.search import Heard, OpenRun, Search
from boxfold.s1.study import Study


class Trainer(Protocol):
    """What trains an agent, one that was interrupted as well."""

    @property
    def done(self) -> int:
        """Step of the last validation that is saved."""

    def fit(self, report: Report, after_validation: AfterValidation) -> None:
        """Train to the end."""


class AgentSearch(Search[AgentConfig]):
    """A `Search` of the `SETTINGS` of an algorithm; `score_of` a validation is to be lowered.

    Parameters
    ----------
    config : AgentSearchConfig
    algorithm : str
    base : dataclass
        Config of a training: everything that isn't searched.
    fixed : collection of str
        Names of settings that are left as in `base`.
    n_train : int
        Training instances.
    folder : Path
        Gets ``study.sqlite3`` and the runs.
    open_run : callable
        See `OpenRun`.
    make_trainer : callable
        From config and run to `Trainer`.

    Raises
    ------
    InputError
        If Optuna is missing, or the study can't be read.
    """

    objective = "score"
    unit = "validations"

    def __init__(
        self,
        config: AgentSearchConfig,
        algorithm: str,
        base: AgentConfig,
        fixed: Collection[str],
        n_train: int,
        folder: Path,
        open_run: OpenRun[AgentConfig],
        make_trainer: Callable[[AgentConfig, RunFolder], Trainer],
    ) -> None:
        super().__init__(
            Study(folder / "study.sqlite3", config, algorithm, is_minimised=True),
            [setting for setting in SETTINGS[algorithm] if setting.name not in fixed],
            within_budget(base, config, n_train),
            folder,
        )
        self._open_run, self._make_trainer = open_run, make_trainer

    def with_settings(self, values: dict[str, Any]) -> AgentConfig:
        """`base` with some fields replaced."""
        return dataclasses.replace(self.base, **values)

    def n_validations(self, config: AgentConfig) -> int:
        """One per epoch; before the first and after every chunk of updates."""
        if isinstance(config, TrainConfig):
            return config.epochs
        return 1 + math.ceil(config.steps / (config.n_envs * config.n_steps * config.chunk_updates))

    def trained(self, config: AgentConfig, path: Path, heard: Heard) -> float:
        """See `Search.trained`; the objective is that of the validation whose weights stay."""
        scores: list[float] = []

        def after_validation(metrics: Mapping[str, float]) -> None:
            scores.append(score_of(metrics))
            heard(len(scores), scores[-1])

        run = RunFolder(path)
        if (path / "finished").exists():  # killed before the study heard of it
            replayed(run, math.inf, after_validation)
        else:
            run = self._open_run(path, config)
            trainer = self._make_trainer(config, run)
            replayed(run, trainer.done, after_validation)
            trainer.fit(lambda line: None, after_validation)
        return min(scores)


def replayed(run: RunFolder, last_step: float, after_validation: AfterValidation) -> None:
    """Hand over the validations of a run that were saved before it was killed, in order."""
    frame = run.metrics()
    if "eval/energy_gap" not in frame:
        return
    is_validation = (frame["step"] <= last_step) & frame["eval/energy_gap"].notna()
    for row in frame[is_validation].to_dict("records"):
        after_validation({str(tag): value for tag, value in row.items() if not pd.isna(value)})
