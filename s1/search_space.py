"""What a search for settings may change, and within which bounds; that of S1."""

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boxfold.s1.network_config import NetworkConfig
from boxfold.s1.training_config import TrainS1Config

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Setting:
    """What is searched: a field of a config of training, or of its network, and its range.

    Without `step` the logarithm is drawn; with a fraction as `step`, a multiple of it.
    """

    name: str
    low: float
    high: float
    step: float | None = None

    def draw(self, trial: "optuna.Trial") -> float:
        """Value of a trial."""
        if self.step is None:
            return trial.suggest_float(self.name, self.low, self.high, log=True)
        if isinstance(self.step, float):
            return trial.suggest_float(self.name, self.low, self.high, step=self.step)
        return trial.suggest_int(self.name, int(self.low), int(self.high), step=int(self.step))


SETTINGS = (
    Setting("learning_rate", 3e-4, 1e-2),
    Setting("batch_pixels", 2 * 64 * 64, 32 * 64 * 64, step=2 * 64 * 64),
    Setting("channels", 24, 64, step=8),
    Setting("n_blocks", 4, 12, step=1),
    Setting("competition", 0, 96, step=24),
    Setting("ends_weight", 10, 1000),
    Setting("pixel_channels", 8, 32, step=8),
    Setting("hidden", 32, 128, step=16),
)


def with_settings(config: TrainS1Config, values: dict[str, Any]) -> TrainS1Config:
    """Config with some fields of it or of its network replaced.

    Examples
    --------
    >>> changed = with_settings(TrainS1Config(), {"channels": 24, "ends_weight": 10.0})
    >>> changed.network.channels, changed.ends_weight
    (24, 10.0)
    """
    shape = {item.name for item in dataclasses.fields(NetworkConfig)}
    network = {name: value for name, value in values.items() if name in shape}
    others = {name: value for name, value in values.items() if name not in shape}
    return dataclasses.replace(
        config, network=dataclasses.replace(config.network, **network), **others
    )


def epochs_within(budget: int, epochs: int, n_examples: int) -> tuple[int, int]:
    """Epochs and the examples of each; more epochs if there are few examples.

    Examples
    --------
    >>> epochs_within(1000, 4, n_examples=200), epochs_within(1000, 4, n_examples=900)
    ((5, 200), (4, 250))
    """
    epochs = max(epochs, math.ceil(budget / n_examples))
    return epochs, max(budget // epochs, 1)


def within_budget(config: TrainS1Config, budget: int, n_examples: int) -> TrainS1Config:
    """Config whose epochs share a budget of examples; see `epochs_within`.

    Examples
    --------
    >>> config = within_budget(TrainS1Config(epochs=4), 1000, n_examples=200)
    >>> config.epochs, config.epoch_examples
    (5, 200)
    """
    epochs, size = epochs_within(budget, config.epochs, n_examples)
    return dataclasses.replace(config, epochs=epochs, epoch_examples=size)
