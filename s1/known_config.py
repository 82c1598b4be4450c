"""What a data set of known structures is made of."""

from dataclasses import dataclass, field

from boxfold.s1.variants import VARIANTS

MAX_VARIANTS = 100
"""Most variants of one kind of a structure."""


@dataclass(frozen=True)
class KnownConfig:
    """Which known structures become training and validation rows."""

    train: tuple[str, ...] = field(
        metadata={"help": "tables of id, sequence, dot_bracket: rows of split 'train'"}
    )
    validation: tuple[str, ...] = field(
        default=(), metadata={"help": "tables: rows of split 'validation'"}
    )
    exclude: tuple[str, ...] = field(
        default=(), metadata={"help": "reporting sets: what is much like one of them is left out"}
    )
    identity: float = field(
        default=0.8, metadata={"help": "at least so identical is much like (1 - edits / length)"}
    )
    without: tuple[str, ...] = field(
        default=(), metadata={"help": "COLUMN=VALUE: such training rows are left out"}
    )
    max_length: int = field(default=600, metadata={"help": "longer sequences are left out"})
    prior: tuple[str, ...] = field(
        default=(), metadata={"help": "keep pair probabilities under these energy parameters"}
    )
    sample: int = field(default=0, metadata={"help": "keep so many training rows, drawn; 0: all"})
    variants: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "KIND=N: N more training rows of each (.25: of every fourth), mutated, flanked "
            "by random bases, or shuffled and folded"
        },
    )
    variants_only: bool = field(
        default=False, metadata={"help": "leave out the structures that the variants are of"}
    )
    seed: int = field(default=0, metadata={"help": "seed of what is drawn"})

    def __post_init__(self) -> None:
        if not 0 < self.identity <= 1:
            raise ValueError(f"identity is {self.identity} (allowed: above 0, at most 1)")
        object.__setattr__(self, "variants", tuple(self.variants))
        self.variant_shares()

    def variant_shares(self) -> dict[str, float]:
        """`variants` as numbers by kind."""
        shares = {}
        for text in self.variants:
            kind, _, number = text.partition("=")
            try:
                shares[kind] = float(number)
            except ValueError:
                shares[kind] = -1.0
            if kind not in VARIANTS or not 0 < shares[kind] <= MAX_VARIANTS:
                raise ValueError(
                    f"variants '{text}' (allowed: KIND=N, {', '.join(VARIANTS)}, at most "
                    f"{MAX_VARIANTS})"
                )
        return shares
