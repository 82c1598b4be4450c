"""What Stable-Baselines3 training logs beside its own numbers, and where."""

from collections import defaultdict
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter
from tqdm import tqdm

from boxfold.s1.run_folder import RunFolder

EPISODE_TAGS = {
    "energy_gap": "rollout/energy_gap",
    "f1": "rollout/f1",
    "valid": "rollout/validity",
    "is_success": "rollout/success_rate",
}
"""Tags of entries of the last step's info; those named ``reward/...`` keep their name."""


class EpisodeCallback(BaseCallback):
    """Logs means over the episodes that ended in a rollout: outcomes and reward components.

    On a terminal it shows a bar.

    Parameters
    ----------
    n_steps : int
        Steps of the environment to come.
    """

    def __init__(self, n_steps: int) -> None:
        super().__init__()
        self._values: dict[str, list[float]] = defaultdict(list)
        self._bar = tqdm(total=n_steps, desc="steps", disable=None, leave=False)

    def _on_training_end(self) -> None:
        self._bar.close()

    def _on_step(self) -> bool:
        self._bar.update(self.training_env.num_envs)
        for info in self.locals["infos"]:
            if "valid" in info:
                self._collect(info)
        return True

    def _collect(self, info: dict[str, Any]) -> None:
        for name, value in info.items():
            tag = name if name.startswith("reward/") else EPISODE_TAGS.get(name)
            if tag is not None:
                self._values[tag].append(float(value))

    def _on_rollout_end(self) -> None:
        for tag, values in self._values.items():
            self.logger.record(tag, float(np.mean(values)))
        self._values.clear()


class RunWriter(KVWriter):
    """Sends what SB3 logs to a run folder: TensorBoard and metrics.csv.

    Parameters
    ----------
    run : RunFolder
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        """Log the numbers among the values."""
        numbers = {
            key: float(value)
            for key, value in key_values.items()
            if isinstance(value, int | float | np.number)
        }
        self.run.log(step, numbers)

    def close(self) -> None:
        """The run folder closes its own files."""
