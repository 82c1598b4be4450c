"""What a training of S1 can be told."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from boxfold.s1.box_targets import UNMASK_OFFSET
from boxfold.s1.network_config import NetworkConfig


@dataclass(frozen=True)
class TrainS1Config:
    """One S1 training."""

    network: NetworkConfig = field(
        default_factory=NetworkConfig, metadata={"help": "shape of the network"}
    )
    epochs: int = field(default=4, metadata={"help": "epochs, each ends with a validation"})
    epoch_examples: int = field(
        default=4200,
        metadata={"help": "examples per epoch, drawn from an endless shuffle; at most all"},
    )
    batch_pixels: int = field(
        default=6 * 64 * 64,
        metadata={"help": "most pixels of a batch, of all processes: 6 windows of 64 nt"},
    )
    learning_rate: float = field(default=2e-3, metadata={"help": "after warm-up; falls to 0"})
    warmup: float = field(default=0.02, metadata={"help": "share of the training that warms up"})
    weight_decay: float = field(default=1e-4, metadata={"help": "AdamW weight decay"})
    adam_epsilon: float = field(
        default=1e-5,
        metadata={"help": "gradients below it hardly count, so that rounding decides no step"},
    )
    gradient_clip: float = field(default=1.0, metadata={"help": "largest gradient norm"})
    ends_weight: float = field(default=100.0, metadata={"help": "weight of the three ends losses"})
    loops_weight: float = field(default=2.0, metadata={"help": "weight of the four loops losses"})
    boxes_weight: float = field(default=0.2, metadata={"help": "weight of the 17 boxes losses"})
    rescorer_only: bool = field(
        default=False,
        metadata={
            "help": "train only the rescorer, on a trunk and heads that stay; on sequences that "
            "they have not seen, with --init and --rescoring"
        },
    )
    bfloat16: bool = field(
        default=False,
        metadata={
            "help": "convolutions of the training in half precision: 1.5 times faster on a CPU "
            "with avx512_bf16, slower on others; not the same weights to the last digit"
        },
    )
    soft: bool = field(
        default=True, metadata={"help": "soft targets of the ends heads where the data has them"}
    )
    on_dilation: int = field(
        default=UNMASK_OFFSET, metadata={"help": "pixels around a box that train the on-heads"}
    )
    validation_examples: int = field(default=300, metadata={"help": "at most; the first ones"})
    checkpoint_batches: int = field(default=200, metadata={"help": "batches between checkpoints"})
    seed: int = field(default=0, metadata={"help": "seed of weights and order"})

    def __post_init__(self) -> None:
        if self.rescorer_only != bool(self.network.rescoring):
            raise ValueError(
                "--rescorer-only and --rescoring go together: the rescorer is trained by itself, "
                "after the rest of the network"
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return dataclasses.asdict(self)
