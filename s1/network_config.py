"""The shape of an S1 network."""

from dataclasses import dataclass, field

from boxfold.features.channels import N_CHANNELS
from boxfold.s1.pair_prior import CHANNELS_PER_SET


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of an S1 network."""

    name: str = field(default="half", metadata={"help": "half (ours) or run7 (prior work)"})
    channels: int = field(default=48, metadata={"help": "channels of the trunk"})
    n_blocks: int = field(default=8, metadata={"help": "residual blocks"})
    dilations: tuple[int, ...] = field(default=(1, 2, 4), metadata={"help": "cycled over blocks"})
    competition: int = field(
        default=48,
        metadata={
            "help": "hidden units per base of the competition between pixels; 0: none",
            "zero": True,
        },
    )
    pixel_channels: int = field(default=24, metadata={"help": "trunk outputs per full pixel"})
    hidden: int = field(default=64, metadata={"help": "hidden units of each head"})
    prior: tuple[str, ...] = field(
        default=(),
        metadata={"help": "energy parameters whose pair probabilities are input channels"},
    )
    boxes: bool = field(
        default=True,
        metadata={"help": "the boxes heads: on, location, size; without them no method votes"},
    )
    rescoring: int = field(
        default=0,
        metadata={"help": "channels of the rescorer; 0: none", "zero": True},
    )
    rescoring_layers: int = field(default=4, metadata={"help": "layers of the rescorer"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "dilations", tuple(self.dilations))
        object.__setattr__(self, "prior", tuple(self.prior))
        if self.name not in ("half", "run7"):
            raise ValueError(f"network '{self.name}': known are half, run7")
        if self.name == "run7" and self.prior:
            raise ValueError("network 'run7' sees the bases alone, no pair probabilities")

    @property
    def n_inputs(self) -> int:
        """Channels of the grid."""
        return N_CHANNELS + CHANNELS_PER_SET * len(self.prior)
