"""Settings of training by reinforcement, and the values that go with each algorithm."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from boxfold.agents.network_config import NetworkConfig
from boxfold.envs.config import AssemblyConfig

Algorithm = Literal["ppo", "a2c"]


@dataclass(frozen=True)
class RLConfig:
    """One training by reinforcement; `preset` has the values that go with an algorithm.

    Raises
    ------
    ValueError
        If minibatches do not divide a rollout.
    """

    algorithm: Algorithm = field(default="ppo", metadata={"help": "ppo or a2c"})
    warm_start: bool = field(
        default=False, metadata={"help": "whether the network starts from another run"}
    )
    network: NetworkConfig = field(
        default_factory=NetworkConfig, metadata={"help": "shape of the network"}
    )
    assembly: AssemblyConfig = field(
        default_factory=AssemblyConfig, metadata={"help": "settings of the environment"}
    )
    steps: int = field(default=200_000, metadata={"help": "steps of the environment"})
    minutes: float = field(
        default=0.0, metadata={"help": "CPU minutes after which training ends; 0 = no limit"}
    )
    n_envs: int = field(default=64, metadata={"help": "episodes played at once"})
    n_steps: int = field(default=32, metadata={"help": "steps of each between two updates"})
    chunk_updates: int = field(
        default=8, metadata={"help": "updates between validations, each with a checkpoint"}
    )
    learning_rate: float = field(default=3e-4, metadata={"help": "at the start; falls to 0"})
    ent_coef: float = field(default=0.01, metadata={"help": "weight of the entropy bonus"})
    vf_coef: float = field(default=0.5, metadata={"help": "weight of the value loss"})
    gae_lambda: float = field(default=0.95, metadata={"help": "generalised advantage estimate"})
    gradient_clip: float = field(default=0.5, metadata={"help": "largest gradient norm"})
    n_epochs: int = field(default=3, metadata={"help": "ppo: passes over each rollout"})
    batch_size: int = field(default=512, metadata={"help": "ppo: steps per optimiser step"})
    clip_range: float = field(default=0.2, metadata={"help": "ppo: largest change of a ratio"})
    target_kl: float = field(
        default=0.05, metadata={"help": "ppo: ends the passes over a rollout beyond this change"}
    )
    critic_terms: bool = field(
        default=False,
        metadata={"help": "whether the critic also sees the loop terms of what is picked"},
    )
    seed: int = field(default=0, metadata={"help": "seed of everything"})

    def __post_init__(self) -> None:
        rollout = self.n_envs * self.n_steps
        if self.algorithm == "ppo" and (self.batch_size < 2 or rollout % self.batch_size):
            raise ValueError(
                f"batch size {self.batch_size} does not divide {self.n_envs} environments x "
                f"{self.n_steps} steps = {rollout}"
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return dataclasses.asdict(self)


def preset(algorithm: Algorithm, warm_start: bool) -> RLConfig:
    """Values that go with an algorithm, from scratch or careful with what a start has learnt."""
    values: dict[str, Any] = {"algorithm": algorithm, "warm_start": warm_start}
    if algorithm == "a2c":
        values |= {"n_steps": 8, "chunk_updates": 32}
    if warm_start:
        values |= {"learning_rate": 1e-4, "ent_coef": 0.003, "clip_range": 0.1, "target_kl": 0.02}
    return RLConfig(**values)
