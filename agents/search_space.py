"""What a search for settings of train-agent may change, by algorithm, and what a trial costs."""

import dataclasses
from dataclasses import dataclass, field
from typing import TypeAlias

from boxfold.agents.sb3_config import RLConfig
from boxfold.agents.training_config import CloneConfig, ReinforceConfig, TrainConfig
from boxfold.s1.search_space import Setting, epochs_within
from boxfold.s1.study import StudyConfig

AgentConfig: TypeAlias = CloneConfig | ReinforceConfig | RLConfig

_RL = (
    Setting("learning_rate", 5e-5, 2e-3),
    Setting("ent_coef", 1e-4, 5e-2),
    Setting("vf_coef", 0.1, 1.0),
    Setting("gae_lambda", 0.9, 1.0, step=0.025),
)
SETTINGS = {
    "clone": (
        Setting("learning_rate", 2e-4, 5e-3),
        Setting("batch_instances", 8, 64, step=8),
        Setting("weight_decay", 1e-6, 1e-2),
        Setting("explore", 0.0, 1.0, step=0.125),
    ),
    "reinforce": (
        Setting("learning_rate", 2e-5, 2e-3),
        Setting("batch_instances", 8, 64, step=8),
        Setting("best_weight", 0.0, 1.0, step=0.125),
        Setting("kl_weight", 1e-2, 1.0),
    ),
    "ppo": (
        *_RL,
        Setting("n_epochs", 1, 6, step=1),
        Setting("clip_range", 0.05, 0.3, step=0.05),
    ),
    "a2c": _RL,
}
"""None of them changes what a trial costs much: a budget would be spent on the dear ones."""


@dataclass(frozen=True)
class AgentSearchConfig(StudyConfig):
    """A search for settings of an agent."""

    trial_instances: int = field(
        default=3000,
        metadata={"help": "clone, reinforce: instances a trial trains on, repeats counted"},
    )
    trial_steps: int = field(
        default=32768, metadata={"help": "ppo, a2c: steps of the environment of a trial"}
    )
    validations: int = field(
        default=4, metadata={"help": "ppo, a2c: validations of a trial behind that of its start"}
    )


def within_budget(config: AgentConfig, search: AgentSearchConfig, n_train: int) -> AgentConfig:
    """Config of a training that costs what a trial may.

    Examples
    --------
    >>> short = within_budget(CloneConfig(epochs=3), AgentSearchConfig(trial_instances=90), 100)
    >>> short.epochs, short.epoch_instances
    (3, 30)
    >>> short = within_budget(RLConfig(n_envs=8, n_steps=64), AgentSearchConfig(), 100)
    >>> short.steps, short.chunk_updates
    (32768, 16)
    """
    if isinstance(config, TrainConfig):
        epochs, size = epochs_within(search.trial_instances, config.epochs, n_train)
        return dataclasses.replace(config, epochs=epochs, epoch_instances=size)
    updates = search.trial_steps // (config.n_envs * config.n_steps * search.validations)
    return dataclasses.replace(config, steps=search.trial_steps, chunk_updates=max(updates, 1))
