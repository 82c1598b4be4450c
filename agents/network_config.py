"""Shape of the assembling network, and what it is given to see."""

from dataclasses import dataclass, field

from boxfold.envs.observation import GLOBAL_NAMES
from boxfold.features.tokens import N_TOKEN_FEATURES

MAX_K = 5
"""Longest words whose counts a network may see: there are 1,024 of them."""


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of an `AssemblyNetwork`."""

    embed_dim: int = field(default=64, metadata={"help": "width of a token"})
    n_heads: int = field(default=4, metadata={"help": "attention heads"})
    n_encoder_layers: int = field(default=2, metadata={"help": "layers run once per sequence"})
    n_decoder_layers: int = field(default=1, metadata={"help": "layers run at each step"})
    feedforward_dim: int = field(default=128, metadata={"help": "width inside a layer"})
    relation_dim: int = field(default=32, metadata={"help": "width of the pair-relation network"})
    pair_dim: int = field(default=16, metadata={"help": "numbers per pair of tokens"})
    loop_energies: bool = field(
        default=True, metadata={"help": "whether the energies of loops between stems are seen"}
    )
    chain_rounds: int = field(
        default=8,
        metadata={
            "help": "longest chain of nested stems whose energy is summed; 0: none is",
            "zero": True,
        },
    )
    chains_beside: int = field(
        default=4,
        metadata={"help": "most chains summed before and behind each stem; 0: none", "zero": True},
    )
    background: bool = field(
        default=False, metadata={"help": "whether boxes attend to the bases of the sequence"}
    )
    box_sequence: bool = field(
        default=False, metadata={"help": "whether a GRU reads the strands of each box"}
    )
    kmers: int = field(
        default=0,
        metadata={
            "help": "length of the words counted around each box, to 5; 0: none",
            "zero": True,
        },
    )
    strand_swap: bool = field(
        default=False,
        metadata={"help": "whether a stem is embedded the same when read from its other strand"},
    )
    reactivity: bool = field(
        default=False, metadata={"help": "whether reactivities of the boxes are seen"}
    )
    n_token_features: int = field(default=N_TOKEN_FEATURES, metadata={"help": "input per box"})
    n_globals: int = field(default=len(GLOBAL_NAMES), metadata={"help": "input per state"})

    @property
    def n_chain_rounds(self) -> int:
        """Rounds of `chain_numbers`: none where energies of loops are not to be seen."""
        return self.chain_rounds if self.loop_energies else 0

    @property
    def needs_bases(self) -> bool:
        """Whether the network reads the sequence itself."""
        return self.background or self.box_sequence or self.kmers > 0

    def __post_init__(self) -> None:
        if self.embed_dim % self.n_heads:
            raise ValueError(
                f"a width of {self.embed_dim} can't be split over {self.n_heads} attention heads"
            )
        if not 0 <= self.kmers <= MAX_K:
            raise ValueError(f"kmers is {self.kmers} (allowed: 0 to {MAX_K})")
