"""What the trainings of agents by epochs can be told."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from boxfold.agents.judge_features import JUDGE_NAMES
from boxfold.agents.network_config import NetworkConfig
from boxfold.envs.config import AssemblyConfig

Teacher = Literal["energy", "known"]


@dataclass(frozen=True)
class TrainConfig:
    """One training by epochs."""

    network: NetworkConfig = field(
        default_factory=NetworkConfig, metadata={"help": "shape of the network"}
    )
    assembly: AssemblyConfig = field(
        default_factory=AssemblyConfig, metadata={"help": "settings of the environment"}
    )
    epochs: int = field(default=12, metadata={"help": "passes over the training instances"})
    epoch_instances: int = field(
        default=0,
        metadata={"help": "drawn for each epoch, which is shorter then; 0 = all instances"},
    )
    minutes: float = field(
        default=0.0, metadata={"help": "CPU minutes after which training ends; 0 = no limit"}
    )
    batch_instances: int = field(default=16, metadata={"help": "instances per optimiser step"})
    learning_rate: float = field(default=1e-3, metadata={"help": "after warm-up; falls to 0"})
    warmup: float = field(default=0.03, metadata={"help": "share of the training that warms up"})
    weight_decay: float = field(default=1e-4, metadata={"help": "AdamW weight decay"})
    gradient_clip: float = field(default=1.0, metadata={"help": "largest gradient norm"})
    seed: int = field(default=0, metadata={"help": "seed of weights, order and states"})

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class CloneConfig(TrainConfig):
    """One training of a `clone` agent."""

    explore: float = field(
        default=0.25,
        metadata={"help": "share of episodes that the policy itself plays, from the 2nd epoch on"},
    )

    teacher: Teacher = field(
        default="energy",
        metadata={
            "help": "what is right: the set of least free energy (energy) or the set that agrees "
            "best with the known structure (known)"
        },
    )

    def __post_init__(self) -> None:
        if not 0 <= self.explore <= 1:
            raise ValueError(f"explore is {self.explore} (a share, from 0 to 1)")
        if self.teacher not in get_args(Teacher):
            raise ValueError(f"teacher is '{self.teacher}' (allowed: energy, known)")
        if self.teacher == "energy" and self.assembly.pseudoknots == "allow":
            raise ValueError(
                "teacher energy: its sets are nested, pseudoknots can't be allow (known: they may)"
            )


@dataclass(frozen=True)
class ReinforceConfig(TrainConfig):
    """One training of a `reinforce` agent."""

    epochs: int = field(default=2, metadata={"help": "passes over the training instances"})
    batch_instances: int = field(default=32, metadata={"help": "instances per optimiser step"})
    learning_rate: float = field(default=2e-4, metadata={"help": "after warm-up; falls to 0"})
    samples: int = field(default=8, metadata={"help": "episodes per instance, at least 2"})
    best_weight: float = field(
        default=0.5, metadata={"help": "share of the best of the samples in the objective, 0 to 1"}
    )
    credit: float = field(
        default=0.5,
        metadata={"help": "discount of later losses, 0 to 1; only with the reward potential"},
    )
    kl_weight: float = field(
        default=0.1,
        metadata={"help": "price of moving away from the start, per nat (no start: no price)"},
    )

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise ValueError(f"samples is {self.samples} (at least 2: one judges the other)")
        if not 0 <= self.best_weight <= 1:
            raise ValueError(f"best_weight is {self.best_weight} (a share, from 0 to 1)")
        if not 0 <= self.credit <= 1:
            raise ValueError(f"credit is {self.credit} (a discount, from 0 to 1)")


@dataclass(frozen=True)
class SupervisedConfig(TrainConfig):
    """One training of the supervised baseline."""

    full_recall_only: bool = field(
        default=False,
        metadata={"help": "train only where every stem of the structure is proposed"},
    )


JUDGE_NETWORK = NetworkConfig(n_token_features=len(JUDGE_NAMES))


@dataclass(frozen=True)
class JudgeConfig(TrainConfig):
    """One training of a judge."""

    network: NetworkConfig = field(default=JUDGE_NETWORK, metadata={"help": "shape of the network"})
    weight_decay: float = field(default=1e-2, metadata={"help": "AdamW weight decay"})
    threshold: float = field(
        default=0.25, metadata={"help": "share of true pairs at which a box is worth nothing"}
    )
    trust: float = field(
        default=0.7, metadata={"help": "weight of the judge's word, the rest is S1's; at most 1"}
    )
    knot_charge: float = field(
        default=0.25,
        metadata={"help": "pairs that a stem outside of the nested part must be worth"},
    )

    def __post_init__(self) -> None:
        if not 0 < self.trust <= 1 or not 0 < self.threshold < 1:
            raise ValueError("trust is above 0 and at most 1, threshold between 0 and 1")
