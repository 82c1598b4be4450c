"""Trials of a search in a database: the only file that imports Optuna, an optional extra."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boxfold.features.optional import require_package
from boxfold.s1.database import database_errors, sqlite_address

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

OBJECTIVES = ("ends/stem_recall", "score")

_DIVERGED = "diverged"


@dataclass(frozen=True)
class StudyConfig:
    """One search; it may be continued with more trials."""

    random_trials: int = field(
        default=10, metadata={"help": "trials before the sampler learns from earlier ones"}
    )
    whole_trials: int = field(
        default=5, metadata={"help": "whole trials before those below the median are stopped"}
    )
    seed: int = field(default=0, metadata={"help": "of the trials and of each training"})


@dataclass(frozen=True)
class SearchConfig(StudyConfig):
    """A search for settings of S1."""

    objective: str = field(
        default=OBJECTIVES[0], metadata={"help": "validation metric to be raised"}
    )
    trial_examples: int = field(
        default=16800, metadata={"help": "examples that a trial trains on, repeats counted"}
    )


class Study:
    """The trials so far, and which settings come next.

    A sampler of its own for every trial, seeded with its number, makes the same trials whether
    or not the search was interrupted.

    Parameters
    ----------
    path : Path
        SQLite file, made if it isn't there. A trial that was under way when the search was
        killed is forgotten.
    config : StudyConfig
    name : str
        What is searched for; a study of another name is not continued.
    is_minimised : bool
        Whether the objective is to be lowered.

    Raises
    ------
    InputError
        If Optuna is not installed, or the file is no study.
    """

    def __init__(
        self, path: Path, config: StudyConfig, name: str, is_minimised: bool = False
    ) -> None:
        require_package("Optuna", "tune")
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._config, self.is_minimised, self.path = config, is_minimised, path
        with database_errors(path):
            self._storage = optuna.storages.RDBStorage(sqlite_address(path))
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=name,
                direction="minimize" if is_minimised else "maximize",
                pruner=optuna.pruners.MedianPruner(n_startup_trials=config.whole_trials),
                load_if_exists=True,
            )
            for trial in self._study.get_trials(deepcopy=False):
                if not trial.state.is_finished():
                    self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)

    def ended(self) -> list["FrozenTrial"]:
        """Trials that came to an end, in order."""
        found = self._study.get_trials(deepcopy=False)
        return [trial for trial in found if trial.state.name in ("COMPLETE", "PRUNED")]

    def begin(self) -> "Trial":
        """Start the next trial; its settings are still to be asked for."""
        from optuna.samplers import TPESampler

        seed = np.random.SeedSequence([self._config.seed, len(self.ended())]).generate_state(1)
        self._study.sampler = TPESampler(
            seed=int(seed[0]), n_startup_trials=self._config.random_trials, constant_liar=False
        )
        return self._study.ask()

    def end(self, trial: "Trial", value: float | None, diverged: bool = False) -> None:
        """Record the objective of a whole trial, or None of one that was stopped or diverged."""
        from optuna.trial import TrialState

        trial.set_user_attr(_DIVERGED, diverged)
        if value is None:
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._study.tell(trial, value)

    def close(self) -> None:
        """Close the database."""
        self._storage.remove_session()
        self._storage.engine.dispose()


def state(trial: "FrozenTrial") -> str:
    """How a trial ended: whole, stopped (by the pruner) or diverged."""
    if trial.user_attrs.get(_DIVERGED):
        return "diverged"
    return "whole" if trial.state.name == "COMPLETE" else "stopped"
